//! A caller who stops is asked for what is missing, and a number they said is read back: what they hear, and what the
//! draft says then.

mod common;

use std::path::PathBuf;

use heardline::call::{CallEvent, Codec};
use heardline::config::{Config, Engine};
use heardline::ingress::sip::caller::{CallPlan, CallReport, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use common::gateway::TestGateway;
use common::sound::{RATE, likeness, read_wav};
use common::speech_server::{Speech, SpeechServer};
use common::{DEADLINE, LOOPBACK, bundled};

/// Between what the caller says: longer than the notice or any question with the pause before it.
const GAP_S: usize = 11;
/// Over a number that is read back.
const READ_BACK_S: usize = 20;

fn prompt(language: &str, name: &str) -> Vec<i16> {
    let path: PathBuf = bundled(&format!("src/media/prompts/{language}/{name}.wav"));
    read_wav(&path).0
}

/// What the caller says, each with the seconds of silence after it, and the keys pressed at the end.
struct Script {
    language: &'static str,
    says: &'static [(&'static str, usize)],
    keys: Option<&'static str>,
}

/// One call, as the caller heard it, and its delivered draft. The words are the script's, whatever the voice says.
async fn call(script: Script, tweak: impl FnOnce(&mut Config)) -> (CallReport, Value) {
    let first = script.says.first().expect("something is said").0;
    let server = SpeechServer::start(Speech::Words(first)).await;
    let mut gateway = TestGateway::start_with(None, |config| {
        config.speech.engine = Engine::OpenAi;
        config.speech.openai.url = server.url();
        config.speech.openai.fall_back = false;
        config.speech.partials = false;
        config.call.follow_up_after_s = 1;
        config.call.silence_ask_s = 600;
        config.lines[0].languages.rotate_left(usize::from(script.language == "zh"));
        config.lines[0].languages.truncate(1);
        tweak(config);
    })
    .await;
    let voice = prompt(script.language, "warning");
    let mut pcm = Vec::new();
    for (_, silence_s) in script.says {
        pcm.extend(&voice);
        pcm.resize(pcm.len() + silence_s * usize::try_from(RATE).unwrap(), 0);
    }
    let plan = CallPlan {
        target: format!("sip:hotline@127.0.0.1:{}", gateway.udp_port()),
        from_user: "somebody".into(),
        sound: Sound::new(&pcm, Codec::Pcmu),
        dtmf: script.keys.map(str::to_owned),
        hang_up: HangUp::AfterAudio { linger_ms: 1_000 },
        record: true,
    };
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let calling = tokio::spawn(async move { caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap() });
    for (seq, (next, _)) in (0..).zip(script.says.iter().skip(1)) {
        let heard = |event: &CallEvent| match event {
            CallEvent::Final { utterance, .. } if utterance.seq == seq => Some(()),
            _ => None,
        };
        gateway.event("a segment is recognised", heard).await;
        server.says(Speech::Words(next));
    }
    let report = calling.await.unwrap();
    let id = gateway.settled(1, DEADLINE).await[0].id;
    let (body, complete) = gateway.gateway.store().draft(id).await.unwrap().unwrap();
    assert!(complete);
    gateway.shutdown().await;
    (report, serde_json::from_str(&body).unwrap())
}

/// Whether this was said to the caller: the same sound, or one that is nothing like it.
fn was_said(report: &CallReport, language: &str, name: &str) -> bool {
    let likeness = likeness(&report.heard, &prompt(language, name));
    println!("{language} {name}: {likeness:.3}");
    likeness > 0.97
}

fn spoken(draft: &Value) -> &Value {
    let phones = draft["caller"]["phones"].as_array().unwrap();
    phones.iter().find(|phone| phone["origin"] == "spoken").unwrap_or_else(|| panic!("no spoken number in {phones:?}"))
}

fn assert_confirmed(draft: &Value, number: &str) {
    let phone = spoken(draft);
    assert_eq!(phone["number"], number, "{phone}");
    assert_eq!(
        (&phone["read_back_confirmed"], &phone["source"]),
        (&true.into(), &"caller_confirmed".into()),
        "{phone}"
    );
    assert_eq!((&phone["needs_review"], &phone["preferred"]), (&false.into(), &true.into()), "{phone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_english_place_and_number_are_asked_for_and_key_one_confirms_the_number() {
    let script = Script {
        language: "en",
        says: &[
            ("The street light is broken and it is very dark at night.", GAP_S),
            ("It is at 12 Maple Street.", GAP_S),
            ("My number is two one two five five five oh one three four.", READ_BACK_S),
        ],
        keys: Some("1"),
    };
    let (report, draft) = call(script, |_| ()).await;
    for name in ["ask_place", "ask_number", "read_back_before", "read_back_after"] {
        assert!(was_said(&report, "en", name), "{name}");
    }
    assert_confirmed(&draft, "2125550134");
    let place = &draft["issues"][0]["location"]["address_text"]["value"];
    assert!(place.as_str().is_some_and(|place| place.contains("Maple")), "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_mandarin_a_number_is_read_back_and_a_spoken_yes_confirms_it() {
    let script = Script {
        language: "zh",
        says: &[
            ("我们家停水了已经三天了", GAP_S),
            ("在和平路二十三号", GAP_S),
            ("我的手机号是一五四零零一六八八二三", READ_BACK_S),
            ("对", 2),
        ],
        keys: None,
    };
    let (report, draft) = call(script, |_| ()).await;
    for name in ["ask_place", "ask_number", "read_back_before", "read_back_after"] {
        assert!(was_said(&report, "zh", name), "{name}");
    }
    assert_confirmed(&draft, "15400168823");
    let answer = spoken(&draft)["evidence"].as_array().unwrap().last().unwrap();
    assert_eq!(answer["text"], "对");
    let description = draft["issues"][0]["description"]["value"].as_str().unwrap();
    assert!(description.contains("停水") && !description.contains('对'), "{description}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_switch_off_and_in_an_emergency_nothing_is_asked() {
    let says = |text: &'static str| Script {
        language: "en",
        says: match text {
            "light" => &[("The street light is broken and it is very dark at night.", GAP_S)],
            _ => &[("I can smell gas in the basement.", GAP_S)],
        },
        keys: None,
    };
    let off = call(says("light"), |config| config.call.follow_up = false);
    let danger = call(says("fire"), |_| ());
    let on = call(says("light"), |_| ());
    let ((off, _), (danger, draft), (on, _)) = tokio::join!(off, danger, on);
    assert_eq!(draft["emergency"]["flag"]["value"], true);
    assert!(was_said(&off, "en", "notice") && was_said(&on, "en", "ask_place"), "else there would be nothing to hear");
    assert!(!was_said(&off, "en", "ask_place") && !was_said(&danger, "en", "ask_place"));
}
