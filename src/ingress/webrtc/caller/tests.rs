//! What a person who calls is told when no call comes about. Calls that do are in `tests/web_calls.rs`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::call::Codec;

fn plan() -> WebPlan {
    WebPlan {
        bearer: None,
        info: None,
        sound: Sound::new(&[0; 1_600], Codec::Opus),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 0 },
        record: false,
        fault: None,
    }
}

/// A server that says this to one request, and what it was asked.
async fn says(answer: String) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/whip/default", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        // The SDP's last line is the fingerprint's or a candidate's; nothing else follows `a=end-of-candidates`.
        while !String::from_utf8_lossy(&request).contains("a=end-of-candidates") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0, "the request broke off");
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request).into_owned()
    });
    (url, asked)
}

async fn error(url: &str, plan: WebPlan) -> String {
    let caller = WhipCaller::new(url, None, Clock::system()).unwrap();
    caller.call(plan, CancellationToken::new(), |_| {}).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_refusal_is_told_with_its_reason_and_when_to_try_again() {
    let problem =
        r#"{"type":"urn:heardline:problem:busy","title":"Too Many Requests","detail":"this address calls too often"}"#;
    let head = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length:";
    let (url, asked) = says(format!("{head} {}\r\n\r\n{problem}", problem.len())).await;
    let info = CallInfo { name: Some("Ann".into()), ..CallInfo::default() };
    let told = error(&url, WebPlan { bearer: Some("jwt".into()), info: Some(info), ..plan() }).await;
    let wanted = "refused with 429 Too Many Requests: this address calls too often; try again in 5 s";
    assert_eq!(told, format!("{url}: {wanted}"));
    let asked = asked.await.unwrap().to_lowercase();
    assert!(asked.contains("content-type: application/sdp\r\n"), "{asked}");
    assert!(asked.contains("authorization: bearer jwt\r\n"), "{asked}");
    // {"name":"Ann"}
    assert!(asked.contains(&"heardline-call-info: eyJuYW1lIjoiQW5uIn0\r\n".to_lowercase()), "{asked}");
    assert!(asked.contains("a=rtpmap:111 opus/48000/2\r\n"), "{asked}");
    assert!(asked.contains("a=rtpmap:110 telephone-event/48000\r\n"), "{asked}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_and_nothing_hangs() {
    let sdp = "v=0";
    let created = format!(
        "HTTP/1.1 201 Created\r\nLocation: /whip/default/x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let (url, _) = says(created).await;
    let told = error(&url, plan()).await;
    assert!(told.starts_with(&format!("{url}: answered, but ")), "{told}");
    let (url, _) = says("HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".into()).await;
    assert!(error(&url, plan()).await.contains("no Location"));
}

#[tokio::test]
async fn what_cannot_be_called_is_told_before_anything_is_sent() {
    for url in ["sip:311@127.0.0.1", "http://", "ftp://host/whip/default", "whip/default"] {
        let told = WhipCaller::new(url, None, Clock::system()).map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("not the address of a line"), "{told}");
    }
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let told = error(&format!("http://{free}/whip/default"), plan()).await;
    assert!(told.contains("no answer: "), "{told}");
    let told = error("http://127.0.0.1:9/whip/default", WebPlan { dtmf: Some("1x".into()), ..plan() }).await;
    assert!(told.contains("'x' is not a telephone key"), "{told}");
}
