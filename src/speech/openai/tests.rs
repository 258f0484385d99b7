//! The recogniser against a server that does as it is told.

use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::*;
use crate::call::{Alignment, CallId, MediaSpan, MediaTime, SpokenHere, Word};
use crate::config::limits;
use crate::speech::Cut;

enum Reply {
    Say(u16, &'static str),
    Hang,
}

struct Stub {
    url: Url,
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    _runtime: Runtime,
}

impl Stub {
    fn asked(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// A server whose answer to a request depends on the body.
fn stub(reply: impl Fn(&str) -> Reply + Clone + Send + Sync + 'static) -> Stub {
    let runtime = Runtime::new().unwrap();
    let seen: Arc<Mutex<Vec<(HeaderMap, String)>>> = Arc::default();
    let notes = seen.clone();
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        let text = String::from_utf8_lossy(&body).into_owned();
        let reply = reply(&text);
        notes.lock().unwrap().push((headers, text));
        match reply {
            Reply::Say(status, body) => (StatusCode::from_u16(status).unwrap(), body),
            Reply::Hang => std::future::pending().await,
        }
    };
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new().route("/v1/audio/transcriptions", post(answer));
    runtime.spawn(async move { axum::serve(listener, router).await });
    Stub { url, seen, _runtime: runtime }
}

fn settings(url: &Url) -> OpenAiSettings {
    OpenAiSettings { url: url.clone(), model: "whisper-1".into(), key: None, timeout: Duration::from_secs(30) }
}

fn recognizer(url: &Url, local: Option<Arc<dyn Recognizer>>) -> OpenAiRecognizer {
    OpenAiRecognizer::new(settings(url), local, Clock::system()).unwrap()
}

fn segment(languages: &[Language]) -> SpeechSegment {
    let span = MediaSpan::new(MediaTime(10_000), MediaTime(12_000));
    let cut = Cut { span, pcm: vec![1_000; 16_000], voiced: vec![span] };
    let spoken = SpokenHere { languages: languages.to_vec(), hot_words: vec!["Maple Street".into()], script: None };
    SpeechSegment::new(CallId::new(), 0, cut, 8_000, spoken)
}

fn ask(recognizer: &OpenAiRecognizer, languages: &[Language]) -> Result<Hypothesis, RecognizerError> {
    recognizer.worker().unwrap().recognise(&segment(languages), &Arc::default())
}

/// The local model: always one word.
struct Local(ModelInfo, Arc<AtomicUsize>);

impl Recognizer for Local {
    fn model(&self) -> &ModelInfo {
        &self.0
    }
    fn worker(&self) -> Result<Box<dyn RecognizerWorker>, RecognizerError> {
        Ok(Box::new(LocalWorker(self.1.clone())))
    }
}

struct LocalWorker(Arc<AtomicUsize>);

impl RecognizerWorker for LocalWorker {
    fn recognise(&mut self, segment: &SpeechSegment, _: &Arc<AtomicBool>) -> Result<Hypothesis, RecognizerError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Hypothesis {
            text: "local".into(),
            words: vec![Word::new("local", segment.span, 0.5)],
            ..Hypothesis::default()
        })
    }
}

const WORDS: &str = r#"{"language":"english","text":"Hello.","words":[{"word":"Hello","start":0.5,"end":1.0}]}"#;

#[test]
fn the_server_is_asked_for_word_times_in_the_lines_one_language_with_its_hot_words_and_the_key() {
    let stub = stub(|_| Reply::Say(200, WORDS));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, "sk-canary").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let settings = OpenAiSettings { key: Some(ApiKey::load(&file).unwrap()), ..settings(&stub.url) };
    assert!(!format!("{settings:?}").contains("canary"));
    let recognizer = OpenAiRecognizer::new(settings, None, Clock::system()).unwrap();
    let heard = ask(&recognizer, &[Language::En]).unwrap();
    assert_eq!((heard.text.as_str(), heard.alignment, heard.model.clone()), ("Hello.", Alignment::Word, None));
    assert_eq!(heard.words[0].span, MediaSpan::new(MediaTime(10_500), MediaTime(11_000)));
    ask(&recognizer, &[Language::En, Language::Zh]).unwrap();
    ask(&recognizer, &[Language::Yue]).unwrap();

    let seen = stub.seen.lock().unwrap();
    let (headers, body) = &seen[0];
    assert_eq!(headers["authorization"], "Bearer sk-canary");
    let field = |body: &str, name: &str| {
        let part = body.split("Content-Disposition").find(|part| part.contains(&format!("name=\"{name}\"")))?;
        Some(part.split("\r\n\r\n").nth(1)?.split("\r\n").next()?.to_owned())
    };
    for (name, value) in [
        ("model", "whisper-1"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "word"),
        ("temperature", "0"),
        ("language", "en"),
        ("prompt", "Maple Street"),
    ] {
        assert_eq!(field(body, name).as_deref(), Some(value), "{name}");
    }
    assert!(body.contains("RIFF") && body.contains("filename=\"segment.wav\""));
    assert_eq!(field(&seen[1].1, "language"), None, "it is told no choice of two");
    assert_eq!(field(&seen[2].1, "language").as_deref(), Some("zh"), "this model knows no Cantonese");
}

#[test]
fn a_name_that_is_heard_only_where_it_was_told_is_marked() {
    let stub = stub(|body| match body.contains("name=\"prompt\"") {
        true => Reply::Say(200, r#"{"text":"on Maple Street"}"#),
        false => Reply::Say(200, r#"{"text":"on Marble Street"}"#),
    });
    let heard = ask(&recognizer(&stub.url, None), &[Language::En]).unwrap();
    let marked: Vec<_> = heard.words.iter().map(|word| (word.text.as_str(), word.prompted)).collect();
    assert_eq!(marked, [("on", false), ("Maple", true), ("Street", false)]);
    assert_eq!(stub.asked(), 2);
}

#[test]
fn a_server_without_word_times_is_asked_without_them_from_then_on() {
    let stub = stub(|body| match body.contains("verbose_json") {
        true => Reply::Say(400, r#"{"error":{"message":"response_format 'verbose_json' is not compatible"}}"#),
        false => Reply::Say(200, r#"{"text":"Hello there."}"#),
    });
    let recognizer = recognizer(&stub.url, None);
    for _ in 0..2 {
        let heard = ask(&recognizer, &[Language::En]).unwrap();
        assert_eq!((heard.text.as_str(), heard.alignment), ("Hello there.", Alignment::Segment));
        assert!(heard.words.iter().all(|w| w.span == segment(&[]).span));
    }
    assert_eq!(stub.asked(), 3);
}

#[test]
fn one_refused_request_does_not_take_the_word_times_of_those_after_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let stub = stub(move |body| match body.contains("verbose_json") {
        true if count.fetch_add(1, Ordering::SeqCst) == 1 => Reply::Say(400, "{}"),
        true => Reply::Say(200, WORDS),
        false => Reply::Say(200, r#"{"text":"Hello."}"#),
    });
    let recognizer = recognizer(&stub.url, None);
    let alignments: Vec<Alignment> = (0..3).map(|_| ask(&recognizer, &[Language::En]).unwrap().alignment).collect();
    assert_eq!(alignments, [Alignment::Word, Alignment::Segment, Alignment::Word]);
}

#[test]
fn what_failed_is_told_apart_in_kind_and_in_words() {
    let cases: [(u16, &'static str, bool, &str); 8] = [
        (500, "", true, "answered 500; the server is overloaded or broken"),
        (429, "", true, "answered 429; the server is overloaded or broken"),
        (
            401,
            r#"{"error":{"message":"key sk-canary is wrong"}}"#,
            true,
            "does not accept the key of speech.openai.key_file",
        ),
        (404, "", true, "answered 404; it has no /audio/transcriptions under speech.openai.url, or no model"),
        (413, r#"{"detail":"too\nlarge"}"#, false, "answered 413: too large"),
        (302, "", false, "answered 302"),
        (200, "<html>canary</html>", false, "answered 200 with junk: expected a transcription as JSON"),
        (
            200,
            r#"{"words":7}"#,
            false,
            "answered 200 with junk: expected a transcription as JSON, found JSON of another shape",
        ),
    ];
    for (status, body, passes, says) in cases {
        let stub = stub(move |_| Reply::Say(status, body));
        let error = ask(&recognizer(&stub.url, None), &[]).unwrap_err();
        assert_eq!(matches!(error, RecognizerError::Unreachable(_)), passes, "{status}: {error}");
        let said = error.to_string();
        assert!(said.contains(says) && !said.contains("canary") && !said.contains('\n'), "{status}: {said}");
    }
}

#[test]
fn a_dead_server_is_left_alone_and_the_local_model_is_named_for_its_words() {
    let stub = stub(|_| Reply::Say(503, ""));
    let alone = recognizer(&stub.url, None);
    assert!(alone.reachable());
    for _ in 0..5 {
        assert!(matches!(ask(&alone, &[]), Err(RecognizerError::Unreachable(_))));
    }
    assert_eq!(stub.asked(), 2, "after two failures it rests");
    assert!(!alone.reachable());

    let times = Arc::new(AtomicUsize::new(0));
    let helped = recognizer(&stub.url, Some(Arc::new(Local(ModelInfo::unknown("small"), times.clone()))));
    for _ in 0..5 {
        let heard = ask(&helped, &[]).unwrap();
        assert_eq!((heard.text.as_str(), heard.model.as_deref()), ("local", Some("small")));
    }
    assert_eq!((stub.asked(), times.load(Ordering::Relaxed)), (4, 5));
    assert!(helped.reachable());
}

#[test]
fn a_closed_port_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = ask(&recognizer(&format!("http://{free}/v1").parse().unwrap(), None), &[]).unwrap_err();
    assert!(matches!(error, RecognizerError::Unreachable(_)));
    assert!(error.to_string().contains("no connection") && error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_server_that_hangs_is_given_up_at_its_timeout_and_at_once_when_nobody_waits() {
    let stub = stub(|_| Reply::Hang);
    let hasty = OpenAiSettings { timeout: Duration::from_secs(1), ..settings(&stub.url) };
    let error = ask(&OpenAiRecognizer::new(hasty, None, Clock::system()).unwrap(), &[]).unwrap_err();
    assert!(error.to_string().contains("no answer within 1 s (speech.openai.timeout_s)"), "{error}");

    let patient = OpenAiSettings { timeout: Duration::from_secs(3_600), ..settings(&stub.url) };
    let recognizer = OpenAiRecognizer::new(patient, None, Clock::system()).unwrap();
    let abort: Arc<AtomicBool> = Arc::default();
    let flag = abort.clone();
    let asked = stub.asked();
    let seen = stub.seen.clone();
    let other = std::thread::spawn(move || {
        while seen.lock().unwrap().len() == asked {
            std::thread::sleep(Duration::from_millis(5));
        }
        flag.store(true, Ordering::Relaxed);
    });
    let result = recognizer.worker().unwrap().recognise(&segment(&[]), &abort);
    other.join().unwrap();
    assert!(matches!(result, Err(RecognizerError::Aborted)), "{result:?}");
    assert!(recognizer.reachable(), "that nobody waited is not the server's fault");
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let huge: &'static str = Box::leak("x".repeat(limits::MAX_ENGINE_ANSWER + 1).into_boxed_str());
    let stub = stub(move |_| Reply::Say(200, huge));
    let said = ask(&recognizer(&stub.url, None), &[]).unwrap_err().to_string();
    assert!(said.contains("more than the 1048576 bytes expected at most"), "{said}");
}

#[test]
fn no_sound_asks_nobody() {
    let stub = stub(|_| Reply::Say(200, WORDS));
    let recognizer = recognizer(&stub.url, None);
    let mut nothing = segment(&[]);
    nothing.pcm.clear();
    let heard = recognizer.worker().unwrap().recognise(&nothing, &Arc::default()).unwrap();
    assert!(heard.words.is_empty() && stub.asked() == 0);
    nothing.pcm = vec![7];
    assert_eq!(recognizer.worker().unwrap().recognise(&nothing, &Arc::default()).unwrap().text, "Hello.");
}
