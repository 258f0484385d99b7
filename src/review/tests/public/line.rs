//! The status page, and what a page learns of its line.

use std::sync::Arc;

use serde_json::json;

use super::{TestPublic, demo, line};
use crate::call::Language;
use crate::config::{IceServer, Line};
use crate::ingress::webrtc::IceServers;

#[tokio::test]
async fn the_status_page_says_whether_calls_are_taken_and_not_why() {
    let public = TestPublic::start().await;
    let open = public.get("/status").await;
    assert_eq!((open.status, open.text().as_str()), (200, "The hotline is taking calls.\n"));
    public.health.set("store", Err("disk of /srv is full".into()));
    for path in ["/", "/status", "/lines/default"] {
        assert!(!public.get(path).await.text().contains("/srv"), "{path}");
    }
    assert!(public.get("/").await.text().contains("cannot take calls"));
    assert_eq!(public.get("/status").await.status, 503);
    public.health.drain();
    assert!(public.get("/").await.text().contains("closing down"));
}

#[tokio::test]
async fn the_status_page_leads_to_the_page_of_each_line_while_calls_are_taken() {
    let public = TestPublic::start().await;
    assert!(public.get("/").await.text().contains("<a href=\"/call/default\">Call now</a>"));
    public.health.drain();
    assert!(!public.get("/").await.text().contains("href=\"/call/"));

    let two = TestPublic::with(|parts| parts.lines = Arc::new(|| vec![line("water"), line("a/b \"<i>&水")])).await;
    let text = two.get("/").await.text();
    assert!(text.contains("<a href=\"/call/water\">Call now: water</a>"), "{text}");
    let odd = "/call/a%2Fb%20%22%3Ci%3E%26%E6%B0%B4";
    assert!(text.contains(&format!("<a href=\"{odd}\">Call now: a/b \"&lt;i&gt;&amp;水</a>")), "{text}");
    assert_eq!(two.get(odd).await.status, 200, "the link leads there");

    let without_door = TestPublic::with(|parts| parts.whip = None).await;
    let without_page = TestPublic::with_files(|_| {}, |_| None).await;
    for public in [without_door, without_page] {
        let text = public.get("/").await.text();
        assert!(text.contains("taking calls") && !text.contains("href=\"/call/"), "{text}");
    }
}

#[tokio::test]
async fn a_page_learns_what_it_must_say_and_ask_before_the_call() {
    let stun =
        IceServer { urls: vec!["stun:stun.example:3478".into()], username: None, credential: None, secret_file: None };
    let public = TestPublic::with(|parts| {
        parts.ice_servers = IceServers::load(&[stun]).unwrap();
        parts.token_required = true;
        parts.lines = Arc::new(|| {
            let languages = vec![Language::En, Language::Zh, Language::Yue];
            vec![Line { languages, emergency_number: "999".into(), ..line("city") }]
        });
    })
    .await;
    let expected = json!({
        "line": "city",
        "open": true,
        "closed_because": null,
        "languages": ["en", "zh", "yue"],
        "emergency_number": "999",
        "notice": {
            "en": "This call is recorded. A machine writes it down and people read it. In danger, hang up and call 999.",
            "zh-Hans": "通话会录音，机器记录，人工查看。遇险请挂断拨打999。",
            "zh-Hant": "通話會錄音，機器記錄，人工查看。遇險請掛斷撥打999。",
        },
        "demo": null,
        "ice_servers": [{"urls": ["stun:stun.example:3478"]}],
        "token_required": true,
        "limits": {"name": 80, "number": 32},
    });
    assert_eq!(public.get("/lines/city").await.json(), expected);
    assert_eq!(public.get("/lines/default").await.status, 404);
}

#[tokio::test]
async fn a_line_that_takes_no_call_says_why_in_one_word() {
    let public = TestPublic::start().await;
    let closed = async |public: &TestPublic| {
        let said = public.get("/lines/default").await.json();
        assert_eq!(said["open"], said["closed_because"].is_null(), "{said}");
        said["closed_because"].clone()
    };
    let calls = [public.admission.admit().unwrap(), public.admission.admit().unwrap()];
    assert_eq!(closed(&public).await, "busy");
    drop(calls);
    assert_eq!(closed(&public).await, json!(null));
    public.health.set("disk", Err("full".into()));
    assert_eq!(closed(&public).await, "unavailable");
    public.health.drain();
    assert_eq!(closed(&public).await, "draining");
    let without_door = TestPublic::with(|parts| parts.whip = None).await;
    assert_eq!(closed(&without_door).await, "unavailable");
}

#[tokio::test]
async fn with_the_demo_model_the_bundled_callers_can_be_heard_and_nothing_else() {
    let public = TestPublic::with(|parts| parts.demo = demo()).await;
    let said = public.get("/lines/default").await.json();
    assert_eq!(
        (&said["demo"]["model"], &said["demo"]["command"]),
        (&json!("heardline-nano"), &json!("set speech.model"))
    );
    let samples = said["demo"]["samples"].as_array().unwrap();
    let names: Vec<&str> = samples.iter().map(|sample| sample["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["en-gas", "en-heating", "en-streetlight", "zh-heating", "zh-water"]);
    for sample in samples {
        let answer = public.get(sample["url"].as_str().unwrap()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("audio/wav")), "{sample}");
        assert!(answer.body.starts_with(b"RIFF"), "{sample}");
        let seconds = (answer.body.len() - 44) as f64 / 16_000.0;
        assert!((sample["seconds"].as_f64().unwrap() - seconds).abs() < 0.11, "{sample}: {seconds} s");
        assert_eq!(sample["name"].as_str().unwrap().get(..2), sample["language"].as_str(), "{sample}");
    }
    assert!(samples[1]["text"].as_str().unwrap().starts_with("Hello, is this the city hotline? I would like"));
    assert_eq!(samples[4]["text"], "你好，三号楼二单元停水了，已经三天了，我的电话是八三四五一二零六，谢谢。");

    for other in ["silence.wav", "zh02_espeak_phone_8k.wav", "en-gas.json", "en-gas", "..%2Frefs.tsv", "%2e%2e%2fx.wav"]
    {
        assert_eq!(public.get(&format!("/samples/{other}")).await.status, 404, "{other}");
    }
    let quiet = TestPublic::start().await;
    assert_eq!(quiet.get("/samples/en-gas.wav").await.status, 404);
}

#[tokio::test]
async fn a_sample_is_sent_in_the_parts_a_player_asks_for() {
    let public = TestPublic::with(|parts| parts.demo = demo()).await;
    let whole = public.get("/samples/zh-water.wav").await.body;
    let ask = async |range: &str| public.ask("GET", "/samples/zh-water.wav", &[range]).await;
    let part = ask("Range: bytes=4-43").await;
    assert_eq!((part.status, part.body.as_slice()), (206, &whole[4..44]));
    assert_eq!(part.header("content-range"), Some(format!("bytes 4-43/{}", whole.len()).as_str()));
    assert_eq!(ask("Range: bytes=99999999-").await.status, 416);
    assert_eq!(ask("Range: bytes=0-,0-").await.body, whole);
    let head = public.ask("HEAD", "/samples/zh-water.wav", &["Range: bytes=4-43"]).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some(whole.len().to_string().as_str())));
}
