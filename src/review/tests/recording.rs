use std::os::unix::fs::symlink;

use super::TestDesk;
use crate::call::{CallId, CallState};
use crate::draft::testing::call;
use crate::store::RecordingRow;

/// A header whose sizes are zero, as in the first second of a call, and 100 samples.
fn live_wav() -> Vec<u8> {
    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data\0\0\0\0");
    assert_eq!(wav.len(), 44);
    wav.extend((0..100_i16).flat_map(i16::to_le_bytes));
    wav
}

async fn with_recording(bytes: &[u8]) -> (TestDesk, CallId, String) {
    let desk = TestDesk::start().await;
    let id = desk.add_call(CallState::Live);
    std::fs::write(desk.dir.path().join(format!("{id}.wav")), bytes).unwrap();
    let path = format!("/api/calls/{id}/recording");
    (desk, id, path)
}

#[tokio::test]
async fn a_live_recording_is_served_with_a_header_that_fits_its_data() {
    let mut half_written = live_wav();
    half_written.push(7);
    let (desk, _, path) = with_recording(&half_written).await;
    let whole = desk.get(&path).await;
    assert_eq!((whole.status, whole.body.len()), (200, 244), "half a sample is not served");
    assert_eq!(whole.header("content-type"), Some("audio/wav"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-length"), Some("244"));
    assert_eq!(whole.header("etag"), None, "a growing file is another one each time");
    assert_eq!(whole.body[4..8], 236_u32.to_le_bytes());
    assert_eq!(whole.body[40..44], 200_u32.to_le_bytes());
    assert_eq!(whole.body[44..], live_wav()[44..]);
}

#[tokio::test]
async fn each_range_gets_exactly_its_bytes() {
    let (desk, _, path) = with_recording(&live_wav()).await;
    let whole = desk.get(&path).await.body;
    for (range, status, bytes, content_range) in [
        ("bytes=0-", 206, &whole[..], Some("bytes 0-243/244")),
        ("bytes=0-0", 206, &whole[..1], Some("bytes 0-0/244")),
        ("bytes=40-49", 206, &whole[40..50], Some("bytes 40-49/244")),
        ("bytes=100-109", 206, &whole[100..110], Some("bytes 100-109/244")),
        ("bytes=44-", 206, &whole[44..], Some("bytes 44-243/244")),
        ("bytes=-10", 206, &whole[234..], Some("bytes 234-243/244")),
        ("bytes=200-9999", 206, &whole[200..], Some("bytes 200-243/244")),
        ("bytes=0-,0-,0-", 200, &whole[..], None),
        ("bytes=5-4", 200, &whole[..], None),
        ("lines=1-2", 200, &whole[..], None),
    ] {
        let answer = desk.ask("GET", &path, &[&format!("Range: {range}")], b"").await;
        assert_eq!(answer.status, status, "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        assert_eq!(answer.body, bytes, "{range}");
    }
    for range in ["bytes=244-", "bytes=99999999999999999999999-", "bytes=-0"] {
        let answer = desk.ask("GET", &path, &[&format!("Range: {range}")], b"").await;
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), Some("bytes */244"));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn head_tells_the_length_and_sends_nothing() {
    let (desk, _, path) = with_recording(&live_wav()).await;
    let answer = desk.ask("HEAD", &path, &["Range: bytes=0-9"], b"").await;
    assert_eq!((answer.status, answer.header("content-length"), answer.body.len()), (200, Some("244"), 0));
}

#[tokio::test]
async fn a_range_for_another_version_gets_the_whole_recording() {
    let (desk, _, path) = with_recording(&live_wav()).await;
    let sha256 = "ab".repeat(32);
    desk.store.calls.lock().unwrap()[0].recording =
        Some(RecordingRow { sha256: sha256.clone(), duration_ms: 12, rate: 8_000 });
    let tag = format!("If-Range: \"{sha256}\"");
    assert_eq!(desk.ask("GET", &path, &["Range: bytes=0-9", &tag], b"").await.status, 206);
    assert_eq!(desk.ask("GET", &path, &["Range: bytes=0-9", "If-Range: \"old\""], b"").await.status, 200);
}

#[tokio::test]
async fn the_redacted_copy_is_silent_where_a_secret_was_said_and_else_the_recording() {
    let mut wav = live_wav();
    wav.truncate(44);
    wav.extend(std::iter::repeat_n([7, 1], 8_000 * 8).flatten());
    let (desk, id, path) = with_recording(&wav).await;
    let spoken = call(&["hello it is about my card", "4111 1111 1111 1111"]);
    desk.store.utterances.lock().unwrap().extend(spoken.into_iter().map(|utterance| (id, utterance)));
    let copy = format!("{path}?redacted=true");
    let early = desk.get(&copy).await;
    assert_eq!((early.status, early.header("content-type")), (409, Some("application/problem+json")));

    desk.store.calls.lock().unwrap()[0].state = CallState::Done;
    let (whole, redacted) = (desk.get(&path).await.body, desk.get(&copy).await);
    assert_eq!((redacted.status, redacted.body.len()), (200, whole.len()));
    assert_eq!(redacted.header("etag"), None, "words may be filled in later");
    assert!(redacted.header("content-disposition").unwrap().ends_with("-redacted.wav\""));
    let byte = |ms: usize| 44 + ms * 16;
    assert_eq!(redacted.body[..byte(3_900)], whole[..byte(3_900)], "header and the words before");
    assert_eq!(redacted.body[byte(4_000)..byte(7_000)], vec![0; 3_000 * 16], "the number");
    assert_eq!(redacted.body[byte(7_100)..], whole[byte(7_100)..], "what comes after");
    let range = format!("Range: bytes={}-{}", byte(3_850), byte(4_050) - 1);
    let part = desk.ask("GET", &copy, &[&range], b"").await;
    assert_eq!((part.status, &part.body[..]), (206, &redacted.body[byte(3_850)..byte(4_050)]));
}

#[tokio::test]
async fn what_is_no_recording_of_a_known_call_is_not_served() {
    let (desk, id, path) = with_recording(&live_wav()).await;
    let file = desk.dir.path().join(format!("{id}.wav"));
    let secret = desk.dir.path().join("secret");
    std::fs::write(&secret, live_wav()).unwrap();

    let stranger = CallId::new();
    std::fs::write(desk.dir.path().join(format!("{stranger}.wav")), live_wav()).unwrap();
    assert_eq!(desk.get(&format!("/api/calls/{stranger}/recording")).await.status, 404, "no such call in the store");

    std::fs::remove_file(&file).unwrap();
    assert_eq!(desk.get(&path).await.status, 404, "no file yet");
    symlink(&secret, &file).unwrap();
    assert_eq!(desk.get(&path).await.status, 500, "a link is not followed");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(desk.get(&path).await.status, 500, "a folder");
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, b"RIFF").unwrap();
    assert_eq!(desk.get(&path).await.status, 404, "less than a header");
    std::fs::write(&file, [0; 100]).unwrap();
    assert_eq!(desk.get(&path).await.status, 500, "not a WAV");
}

#[tokio::test]
async fn no_path_leaves_the_folder_of_recordings() {
    let (desk, id, _) = with_recording(&live_wav()).await;
    std::fs::write(desk.dir.path().join("canary"), "canary-7391").unwrap();
    let upper = id.to_string().to_uppercase();
    let steps =
        ["../", "..%2f", "%2e%2e%2f", "%2e%2e/", "%252e%252e%252f", "..%5c", "..\\", "....//", "%c0%ae%c0%ae/", "/"];
    let targets = ["canary", "canary%00.wav", "canary%00", "etc/passwd", "./canary", "canary%0d%0a"];
    let mut payloads: Vec<String> = Vec::new();
    for step in steps {
        for depth in 1..=4 {
            payloads.extend(targets.map(|target| format!("{}{target}", step.repeat(depth))));
        }
    }
    payloads.extend([
        upper.clone(),
        format!("{{{id}}}"),
        format!("{id}%00"),
        format!("{id}%2f..%2fcanary"),
        format!("{id}.wav"),
        format!("%20{id}"),
        id.to_string().replace('-', ""),
        format!("urn:uuid:{id}"),
        "%ff%fe".into(),
        "a".repeat(4_000),
    ]);
    assert!(payloads.len() >= 200, "{}", payloads.len());
    for payload in payloads {
        let answer = desk.get(&format!("/api/calls/{payload}/recording")).await;
        assert!((400..500).contains(&answer.status), "{payload}: {}", answer.status);
        let text = String::from_utf8_lossy(&answer.body);
        assert!(!text.contains("canary-7391") && !text.contains("root:"), "{payload}");
    }
}
