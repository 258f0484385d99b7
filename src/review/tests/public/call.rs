//! The snapshot of the own call.

use serde_json::json;

use super::TestPublic;
use crate::call::{EndCause, SegmentOutcome};
use crate::store::{Erasable as _, Store as _};

const CALL: [&str; 4] = [
    "The heating is not working since Monday.",
    "I live at forty two Maple Street, apartment twelve.",
    "My name is Anna Walker.",
    "My phone number is five five five, zero one three four.",
];

#[tokio::test]
async fn the_caller_sees_what_was_understood_and_nothing_of_how() {
    let public = TestPublic::start().await;
    let mut call = public.call().await;
    let read = async |call: &super::TestCall| public.ask("GET", &call.path(), &[&call.authorization()]).await.json();
    let nothing = json!({"category": null, "place": null, "name": null, "number": null, "summary": null,
                         "emergency": false, "needs_listening": false});
    let first = read(&call).await;
    let expected = json!({"state": "live", "end_cause": null, "reference": call.reference.as_str(),
        "started_at": "1970-01-01T00:00:01Z", "answered_at": "1970-01-01T00:00:02Z", "duration_ms": null,
        "captions": [], "partial": null, "complete": false, "fields": nothing});
    assert_eq!(first, expected);

    for text in CALL {
        public.hear(&mut call, text).await;
    }
    public.hang_up(&call).await;
    public.complete(&call).await;
    let last = read(&call).await;
    assert_eq!((&last["state"], &last["end_cause"]), (&json!("done"), &json!("caller_hangup")));
    assert_eq!((&last["duration_ms"], &last["complete"]), (&json!(7_000), &json!(true)));
    let caption =
        json!({"seq": 1, "start_ms": 2_000, "end_ms": 3_900, "text": CALL[1], "language": "en", "heard": true});
    assert_eq!((&last["captions"][1], last["captions"].as_array().unwrap().len()), (&caption, 4));
    let fields = &last["fields"];
    let name = json!({"en": "Heating supply", "zh-Hans": "供暖供热", "zh-Hant": "供暖供熱"});
    assert_eq!(fields["category"], json!({"code": "utility.heating", "name": name}));
    assert_eq!((&fields["place"], &fields["name"]), (&json!("42 Maple Street, apartment 12"), &json!("Anna Walker")));
    assert_eq!((&fields["number"], &fields["emergency"]), (&json!("5550134"), &json!(false)));
    assert!(fields["summary"].as_str().unwrap().contains("heating"), "{fields}");

    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&last), keys(fields)), (keys(&first), keys(&nothing)), "no other member");
    for hidden in ["secret-model", "4711", "5550199", "evidence", "confidence", "intake", &call.id.to_string()] {
        assert!(!last.to_string().contains(hidden), "{hidden}: {last}");
    }
}

#[tokio::test]
async fn speech_that_nobody_could_recognise_is_shown_as_such_and_silence_is_not() {
    let public = TestPublic::start().await;
    let call = public.call().await;
    for (seq, outcome) in [(0, SegmentOutcome::NoSpeech), (1, SegmentOutcome::Unrecognised)] {
        let heard = crate::call::Utterance { outcome, language: None, ..super::utterance(seq, "") };
        public.store.append_utterance(call.id, heard).await.unwrap();
    }
    let said = public.ask("GET", &call.path(), &[&call.authorization()]).await.json();
    let unheard = json!({"seq": 1, "start_ms": 2_000, "end_ms": 3_900, "text": "", "language": null, "heard": false});
    assert_eq!(said["captions"], json!([unheard]));
}

#[tokio::test]
async fn only_the_bearer_of_a_call_opens_it() {
    let public = TestPublic::start().await;
    let (mine, other) = (public.call().await, public.call().await);
    let wrong = [
        String::new(),
        "Authorization: Bearer".into(),
        "Authorization: Bearer ".into(),
        format!("Authorization: Basic {}", mine.bearer.reveal()),
        format!("Authorization: Bearer {}", mine.session.as_str()),
        format!("Authorization: Bearer {}x", mine.bearer.reveal()),
        other.authorization(),
    ];
    for path in [mine.path(), format!("{}/events", mine.path())] {
        for line in &wrong {
            let headers: Vec<&str> = Some(line.as_str()).into_iter().filter(|line| !line.is_empty()).collect();
            let refused = public.ask("GET", &path, &headers).await;
            assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")), "{path} {line}");
            assert!(!refused.text().contains(mine.reference.as_str()));
        }
        let elsewhere = path.replace("/default/", "/other/");
        assert_eq!(public.ask("GET", &elsewhere, &[&mine.authorization()]).await.status, 404, "{elsewhere}");
    }
    let lower = mine.authorization().replace("Bearer", "bearer");
    assert_eq!(public.ask("GET", &mine.path(), &[&lower]).await.status, 200);
}

#[tokio::test]
async fn a_call_that_was_forgotten_or_erased_cannot_be_read() {
    let public = TestPublic::start().await;
    let mut erased = public.call().await;
    public.hear(&mut erased, CALL[2]).await;
    public.hang_up(&erased).await;
    public.complete(&erased).await;
    public.store.begin_erasure(&[erased.id], 20_000).await.unwrap();
    let answer = public.ask("GET", &erased.path(), &[&erased.authorization()]).await;
    assert_eq!(answer.status, 410);
    assert!(!answer.text().contains("Anna"), "{}", answer.text());

    let forgotten = public.call().await;
    public.sessions.close(&forgotten.session);
    assert_eq!(public.ask("GET", &forgotten.path(), &[&forgotten.authorization()]).await.status, 404);
}

#[tokio::test]
async fn a_call_that_was_never_answered_says_so() {
    let public = TestPublic::start().await;
    let call = public.ring().await;
    public.store.refuse_call(call.id, EndCause::Cancelled, 3_000).await.unwrap();
    let said = public.ask("GET", &call.path(), &[&call.authorization()]).await.json();
    assert_eq!((&said["state"], &said["end_cause"]), (&json!("refused"), &json!("cancelled")));
    assert_eq!((&said["answered_at"], &said["complete"]), (&json!(null), &json!(false)));
}
