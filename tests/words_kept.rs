//! No word is lost at hang-up, and none wanders into another call (acceptance 4 and 7).

mod common;

use std::time::Duration;

use heardline::call::{CallState, Codec};
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use common::gateway::TestGateway;
use common::sound::{RATE, read_wav};
use common::words::word_error_rate;
use common::{LOOPBACK, bundled};

fn sentences(sample: &str) -> Vec<(String, u64, u64)> {
    let text = std::fs::read_to_string(bundled(&format!("audio-samples/{sample}.json"))).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let sentence = |s: &Value| {
        (s["text"].as_str().unwrap().to_owned(), s["start_ms"].as_u64().unwrap(), s["end_ms"].as_u64().unwrap())
    };
    json["sentences"].as_array().unwrap().iter().map(sentence).collect()
}

/// Says the first `millis` of a sample and hangs up on the spot.
async fn say(port: u16, sample: &str, millis: u64, user: &str) {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let mut pcm = read_wav(&bundled(&format!("audio-samples/{sample}.wav"))).0;
    pcm.truncate(usize::try_from(millis * u64::from(RATE) / 1000).unwrap());
    let plan = CallPlan {
        target: format!("sip:hotline@127.0.0.1:{port}"),
        from_user: user.into(),
        sound: Sound::new(&pcm, Codec::Pcma),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 0 },
        record: false,
    };
    caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap();
}

fn kept(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_in_mid_word_keeps_every_word_before_the_cut() {
    let mut gateway = TestGateway::start_with(None, |_| {}).await;
    let port = gateway.udp_port();
    let sample = "en-streetlight";
    let (text, start, end) = sentences(sample).swap_remove(1);
    // "The street light is broken on the corner of Market Road …": cut inside the sentence's last third.
    let cut = start + (end - start) * 5 / 6;
    say(port, sample, cut, "cut").await;
    let calls = gateway.settled(1, Duration::from_secs(90)).await;
    let utterances = gateway.gateway.store().utterances(calls[0].id).await.unwrap();
    let heard = kept(&utterances.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" "));
    // Words are spread evenly enough for the first two thirds of the sentence to be whole before the cut.
    let reference = kept(&text);
    let sure: Vec<String> = reference[..reference.len() * 2 / 3].to_vec();
    println!("cut at {cut} ms; must hold {sure:?}; heard {heard:?}");
    let mut rest = heard.iter();
    for word in &sure {
        assert!(rest.any(|h| h == word), "{word:?} of {sure:?} is not in {heard:?}");
    }
    assert!(heard.starts_with(&["good".into(), "morning".into()]));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_once_share_no_word() {
    let mut gateway = TestGateway::start_with(None, |_| {}).await;
    let port = gateway.udp_port();
    let whole = u64::MAX / u64::from(RATE);
    tokio::join!(say(port, "en-gas", whole, "english"), say(port, "zh-water", whole, "mandarin"));
    let calls = gateway.settled(2, Duration::from_secs(90)).await;
    for call in calls {
        assert_eq!(call.state, CallState::Done);
        let utterances = gateway.gateway.store().utterances(call.id).await.unwrap();
        let heard = utterances.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ");
        let from = call.party.claimed.unwrap().uri;
        let sample = if from.contains("english") { "en-gas" } else { "zh-water" };
        let reference = sentences(sample).into_iter().map(|(text, ..)| text).collect::<Vec<_>>().join(" ");
        let error = word_error_rate(&reference, &heard);
        println!("{sample}: {error:.3} {heard}");
        assert!(error <= 0.08, "{sample}: {heard}");
    }
    gateway.shutdown().await;
}
