//! Two languages in one call, and Chinese in the script of the line: in the words as they are stored and in the draft
//! (acceptance 5 of the issue on speech).

mod common;

use std::time::Duration;

use heardline::call::{CallState, Codec, Language, Script};
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use common::gateway::TestGateway;
use common::sound::read_wav;
use common::words::{reference, word_error_rate};
use common::{LOOPBACK, bundled};

#[tokio::test(flavor = "multi_thread")]
async fn english_then_mandarin_in_one_call_is_written_in_both_and_in_the_lines_script() {
    let mut gateway = TestGateway::start_with(None, |config| {
        config.lines[0].script = Some(Script::Traditional);
    })
    .await;
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let mut pcm = read_wav(&bundled("audio-samples/en-gas.wav")).0;
    pcm.extend(read_wav(&bundled("audio-samples/zh-water.wav")).0);
    let plan = CallPlan {
        target: format!("sip:hotline@127.0.0.1:{}", gateway.udp_port()),
        from_user: "both".into(),
        sound: Sound::new(&pcm, Codec::Pcma),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 0 },
        record: false,
    };
    caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap();
    let calls = gateway.settled(1, Duration::from_secs(120)).await;
    assert_eq!(calls[0].state, CallState::Done);
    let store = gateway.gateway.store();
    let utterances = store.utterances(calls[0].id).await.unwrap();
    let said = |language: Language| -> String {
        let texts = utterances.iter().filter(|u| u.language == Some(language)).map(|u| u.text.as_str());
        texts.collect::<Vec<_>>().join(" ")
    };
    let (english, chinese) = (said(Language::En), said(Language::Zh));
    println!("{english}\n{chinese}");
    assert!(word_error_rate(&reference("en-gas"), &english) <= 0.1, "{english}");
    let traditional = "你好。三號樓二單元停水了。已經三天了。我的電話是八三四五一二零六。謝謝。";
    assert!(word_error_rate(traditional, &chinese) <= 0.1, "{chinese}");
    let (body, _) = store.draft(calls[0].id).await.unwrap().unwrap();
    let draft: Value = serde_json::from_str(&body).unwrap();
    let segments = draft["transcript"]["segments"].as_array().unwrap();
    let whole: String = segments.iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert!(whole.contains("三號樓二單元停水了") && !whole.contains('楼'), "{whole}");
    let languages = &draft["language"];
    let all = format!("{} {}", languages["primary"]["value"], languages["mixed_with"]);
    assert!(all.contains("\"en\"") && all.contains("cmn-Hant"), "{languages}");
    gateway.shutdown().await;
}
