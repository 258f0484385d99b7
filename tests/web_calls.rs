//! Calls by WHIP, ICE and DTLS-SRTP from a browser made of software: the same journey, record and draft as by
//! telephone, whatever the browser or its network does.

mod common;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heardline::call::{CallState, Codec, EndCause, Origin};
use heardline::config::TokenAlgorithm;
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp};
use heardline::ingress::webrtc::caller::{CallInfo, CallerError, Fault, WebPlan, WhipCaller};
use heardline::ops::clock::Clock;
use heardline::store::CallRow;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use common::browser::{call, from, heard, is_web, number_of, sample, saying, suffering};
use common::gateway::TestGateway;
use common::recognizer::Deaf;
use common::words::{error_rate, reference};
use common::{DEADLINE, LOOPBACK, bundled};

/// The bundled model understands its samples from their files without an error; the line may cost this much.
const MOST_ERRORS: f64 = 0.08;

async fn draft(gateway: &TestGateway, call: &CallRow) -> Value {
    let (body, complete) = gateway.gateway.store().draft(call.id).await.expect("the store answers").expect("a draft");
    assert!(complete);
    serde_json::from_str(&body).expect("JSON")
}

/// Sample and what must stand in its draft.
fn expected(sample: &str) -> Value {
    let text = std::fs::read_to_string(bundled(&format!("audio-samples/{sample}.expected.json"))).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

fn by_number<'a>(calls: &'a [CallRow], number: &str) -> &'a CallRow {
    calls.iter().find(|call| number_of(call) == number).expect("its call")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_says_becomes_words_and_the_draft_it_should_in_every_codec() {
    let mut gateway = TestGateway::start_with(None, |config| config.speech.partials = false).await;
    let codecs = [("4155550101", Codec::Opus), ("4155550102", Codec::Pcmu), ("4155550103", Codec::G722)];
    let plans = codecs.map(|(number, codec)| from(number, saying(sample("en-heating", codec))));
    let [one, two, three] = plans;
    let listening = WebPlan { record: true, ..one };
    let (one, two, three) = tokio::join!(call(&gateway, listening), call(&gateway, two), call(&gateway, three));
    assert!(one.call.heard.iter().any(|s| s.unsigned_abs() > 1_000), "the browser heard no notice");
    assert!([&one, &two, &three].iter().all(|report| !report.call.ended_by_peer && report.token.is_some()));

    let calls = gateway.settled(3, 2 * DEADLINE).await;
    let expected = expected("en-heating");
    for (number, codec) in codecs {
        let call = by_number(&calls, number);
        assert_eq!((call.state, call.cause), (CallState::Done, Some(EndCause::CallerHangup)), "{codec:?}");
        assert!(is_web(call));
        let quality = call.line_quality.as_ref().expect("the line was measured");
        assert_eq!(quality.codec, Some(codec));
        assert_eq!(call.coverage.expect("a ledger").lost_ms, 0, "{codec:?}: {quality:?}");
        let text = heard(&gateway, call.id).await;
        let (errors, _) = error_rate("en-heating", &text);
        println!("{codec:?}: word error rate {errors:.3}: {text}");
        assert!(errors <= MOST_ERRORS, "{codec:?}: {errors:.3}: {text}");
        let draft = draft(&gateway, call).await;
        assert_eq!(draft["issues"][0]["category"]["value"], expected["category"]["value"], "{codec:?}");
        assert_eq!(draft["issues"][0]["location"]["address_text"]["value"], expected["address"]["value"], "{codec:?}");
        let spoken = draft["caller"]["phones"].as_array().expect("phones").iter().find(|p| p["origin"] == "spoken");
        assert_eq!(spoken.expect("the number was heard")["number"], expected["number"]["value"], "{codec:?}");
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_the_call_and_more_can_be_added_to_it() {
    let mut gateway = TestGateway::start().await;
    for (codec, keys) in [(Codec::Opus, "5#"), (Codec::Pcmu, "#")] {
        let plan = WebPlan {
            dtmf: Some(keys.into()),
            hang_up: HangUp::WhenPeerDoes,
            ..saying(heardline::ingress::caller::Sound::new(&[0; 8_000], codec))
        };
        let report = call(&gateway, plan).await;
        assert!(report.call.ended_by_peer, "{codec:?}: the gateway hangs up");
    }
    let calls = gateway.settled(2, DEADLINE).await;
    let mut keys: Vec<_> = calls.iter().map(|call| (call.cause, call.dtmf.as_str())).collect();
    keys.sort_by_key(|(_, keys)| keys.len());
    assert_eq!(keys, [(Some(EndCause::DtmfEnd), "#"), (Some(EndCause::DtmfEnd), "5#")]);

    let silence = || saying(heardline::ingress::caller::Sound::new(&[0; 8_000], Codec::Opus));
    let first = call(&gateway, silence()).await;
    let before = gateway.settled(3, DEADLINE).await;
    let first_id = before[0].id;
    let info = CallInfo { related: first.token, ..CallInfo::default() };
    call(&gateway, WebPlan { info: Some(info), ..silence() }).await;
    let calls = gateway.settled(4, DEADLINE).await;
    assert_eq!(calls[0].follows, Some(first_id), "the newest call adds to the one before");
    assert_eq!(calls[1].follows, None);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_dies_in_mid_sentence_leaves_a_draft_with_everything_it_said() {
    let mut gateway = TestGateway::start_with(None, |config| {
        config.call.media_lost_s = 3;
        config.speech.partials = false;
    })
    .await;
    // The third sentence ends at 10.98 s; the fourth has begun at 11.8 s.
    let after = Duration::from_millis(12_800);
    let report = call(&gateway, suffering(Fault::Die { after }, saying(sample("en-heating", Codec::Opus)))).await;
    assert!(!report.call.ended_by_peer);
    let calls = gateway.settled(1, 2 * DEADLINE).await;
    assert_eq!((calls[0].state, calls[0].cause), (CallState::Done, Some(EndCause::MediaLost)));
    let text = heard(&gateway, calls[0].id).await;
    let said = common::words::word_error_rate(
        "Hello, is this the city hotline? I would like to report a heating problem in my apartment. \
         The heating is not working since Monday.",
        text.split("There").next().expect("text"),
    );
    assert!(said <= MOST_ERRORS, "{said:.3}: {text}");
    let draft = draft(&gateway, &calls[0]).await;
    assert_eq!(draft["issues"][0]["category"]["value"], "utility.heating");
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_may_go_away_for_five_seconds_and_the_same_call_goes_on() {
    let mut gateway = TestGateway::start_with(None, |config| config.speech.partials = false).await;
    // Between two sentences and well into the next ones: 11.3 to 16.3 s.
    let (after, lasts) = (Duration::from_millis(11_300), Duration::from_secs(5));
    let outage = Fault::Outage { after, lasts };
    let report = call(&gateway, suffering(outage, saying(sample("en-heating", Codec::Opus)))).await;
    assert!(!report.call.ended_by_peer, "the call outlives the outage");
    let calls = gateway.settled(1, 2 * DEADLINE).await;
    assert_eq!((calls[0].state, calls[0].cause), (CallState::Done, Some(EndCause::CallerHangup)));
    let lost_ms = calls[0].coverage.expect("a ledger").lost_ms;
    assert!(lost_ms >= 4_000, "{lost_ms} ms are declared lost, about 5,000 were");
    let text = heard(&gateway, calls[0].id).await;
    for part in ["not working since monday", "my phone number is", "as soon as possible"] {
        assert!(text.to_lowercase().contains(part), "{part:?}: {text}");
    }
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_checks_by_itself_is_reached_over_ipv6_as_well() {
    let six = std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST);
    let mut gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| {
        config.public.listen = (six, 0).into();
        config.webrtc.ice_lite = false;
    })
    .await;
    let report = call(&gateway, saying(sample("en-gas", Codec::Opus))).await;
    let calls = gateway.settled(1, DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::CallerHangup), "{report:?}");
    let quality = calls[0].line_quality.as_ref().expect("measured");
    assert!(quality.packets_received > 600 && quality.packets_sent > 600, "{quality:?}");
    assert!(matches!(&calls[0].origin, Origin::WebRtc { source, .. } if *source == six));
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gives_up_before_the_connection_stands_takes_nothing_with_it() {
    let mut gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| {
        config.webrtc.calls_per_address = 1;
    })
    .await;
    let silence = || saying(heardline::ingress::caller::Sound::new(&[0; 8_000], Codec::Opus));
    let report = call(&gateway, suffering(Fault::Abandon, silence())).await;
    assert_eq!((report.call.packets_sent, report.connect_ms), (0, 0));
    let calls = gateway.settled(1, 2 * DEADLINE).await;
    assert_eq!(calls[0].cause, Some(EndCause::NoMedia));
    // Its place is free again.
    let next = call(&gateway, silence()).await;
    assert!(next.call.packets_received > 0);
    gateway.settled(2, DEADLINE).await;
    gateway.shutdown().await;
}

async fn by_telephone(port: u16, name: &str, number: &str) {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.expect("a phone");
    let plan = CallPlan {
        target: format!("sip:hotline@127.0.0.1:{port}"),
        from_user: number.to_owned(),
        sound: sample(name, Codec::Pcma),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 500 },
        record: false,
    };
    caller.call(plan, CancellationToken::new(), |_| ()).await.expect("a call");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_by_telephone_and_from_browsers_share_no_word() {
    let mut gateway = TestGateway::start_with(None, |config| config.speech.partials = false).await;
    let port = gateway.udp_port();
    let web = |name, number, codec| call(&gateway, from(number, saying(sample(name, codec))));
    tokio::join!(
        web("en-gas", "4155550111", Codec::Opus),
        by_telephone(port, "zh-water", "4155550112"),
        web("zh-heating", "4155550113", Codec::Pcma),
        by_telephone(port, "en-streetlight", "4155550114"),
    );
    let calls = gateway.settled(4, 3 * DEADLINE).await;
    for (name, number, from_browser) in [
        ("en-gas", "4155550111", true),
        ("zh-water", "4155550112", false),
        ("zh-heating", "4155550113", true),
        ("en-streetlight", "4155550114", false),
    ] {
        let call = by_number(&calls, number);
        assert_eq!(is_web(call), from_browser, "{name}");
        let text = heard(&gateway, call.id).await;
        let (errors, _) = error_rate(name, &text);
        println!("{name}: {errors:.3} {text}");
        assert!(errors <= MOST_ERRORS, "{name}: {errors:.3}\n{}\n{text}", reference(name));
        let chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert_eq!(chinese, name.starts_with("zh"), "{name}: {text}");
    }
    gateway.shutdown().await;
}

/// A token of HS256 (RFC 7519), valid for a minute.
fn signed(secret: &str) -> String {
    let expires = Clock::system().unix_ms() / 1_000 + 60;
    let claims =
        serde_json::json!({"aud": "heardline", "exp": expires, "name": "Anna Walker", "phone_number": "+12025550134"});
    let parts =
        [r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signed = parts.join(".");
    let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_identities_are_signed_nobody_calls_without_and_the_draft_says_who_is_proved() {
    let folder = tempfile::TempDir::new().unwrap();
    let (file, secret) = (folder.path().join("secret"), "0123456789abcdef0123456789abcdef");
    std::fs::write(&file, secret).unwrap();
    let mut gateway = TestGateway::start_with(Some(Arc::new(Deaf::new())), |config| {
        config.webrtc.token_key = Some(file);
        config.webrtc.token_algorithm = TokenAlgorithm::HS256;
        config.webrtc.token_required = true;
    })
    .await;
    let url = format!("http://{}/whip/default", gateway.gateway.public_address());
    let caller = WhipCaller::new(&url, None, Clock::system()).unwrap();
    for bearer in [None, Some(signed("another secret of thirty-two bytes"))] {
        let plan = WebPlan { bearer, ..saying(sample("en-gas", Codec::Opus)) };
        let refused = caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap_err();
        assert!(matches!(refused, CallerError::Refused { status: 401, .. }), "{refused}");
    }
    let info = CallInfo { number: Some("+12025550199".into()), ..CallInfo::default() };
    let plan = WebPlan { bearer: Some(signed(secret)), info: Some(info), ..saying(sample("en-gas", Codec::Opus)) };
    let _report = call(&gateway, plan).await;
    let calls = gateway.settled(1, DEADLINE).await;
    let draft = draft(&gateway, &calls[0]).await;
    let phones = draft["caller"]["phones"].as_array().unwrap();
    let of = |origin: &str| phones.iter().find(|phone| phone["origin"] == origin).map(|phone| phone["e164"].clone());
    assert_eq!(of("token"), Some("+12025550134".into()), "{phones:?}");
    assert_eq!(of("web_form"), Some("+12025550199".into()), "{phones:?}");
    assert_eq!(draft["caller"]["name"]["value"], "Anna Walker");
    gateway.shutdown().await;
}
