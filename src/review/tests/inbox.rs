use std::time::Duration;

use standardwebhooks::Webhook;

use super::TestDesk;
use crate::call::DraftId;
use crate::config::limits;
use crate::config::secret::WebhookSecret;

struct Post {
    key: Option<String>,
    body: Vec<u8>,
    /// What is signed, when it is not the body.
    signed: Option<Vec<u8>>,
    secret: WebhookSecret,
    kind: &'static str,
    age_s: i64,
}

impl Post {
    fn new(desk: &TestDesk, draft: DraftId, title: &str) -> Self {
        let body = serde_json::json!({"draft_id": draft.to_string(), "summary": {"title": {"value": title}}});
        Self {
            key: Some(format!("\"{draft}:1\"")),
            body: body.to_string().into_bytes(),
            signed: None,
            secret: desk.secret.clone(),
            kind: "application/json",
            age_s: 0,
        }
    }

    async fn send(&self, desk: &TestDesk) -> super::Answer {
        let at = desk.clock.unix_ms() / 1000 - self.age_s;
        let signed = self.signed.as_ref().unwrap_or(&self.body);
        let signature = Webhook::new(self.secret.expose()).unwrap().sign("msg_1", at, signed).unwrap();
        let mut lines = vec![
            "webhook-id: msg_1".to_owned(),
            format!("webhook-timestamp: {at}"),
            format!("webhook-signature: v1,AAAA {signature}"),
            format!("Content-Type: {}", self.kind),
        ];
        lines.extend(self.key.iter().map(|key| format!("Idempotency-Key: {key}")));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        desk.ask("POST", "/intake/drafts", &lines, &self.body).await
    }
}

#[tokio::test]
async fn a_draft_is_kept_once_however_often_it_comes() {
    let desk = TestDesk::start().await;
    let draft = DraftId::new();
    let post = Post::new(&desk, draft, "No heating");
    let first = post.send(&desk).await;
    assert_eq!(first.status, 201, "{first:?}");
    let place = first.header("location").unwrap().to_owned();
    assert_eq!(desk.get(&place).await.body, post.body, "Location leads to the draft as it came");
    let again = post.send(&desk).await;
    assert_eq!((again.status, again.json()["status"].as_str()), (200, Some("duplicate")));
    let changed = Post::new(&desk, draft, "Another title").send(&desk).await;
    assert_eq!(changed.status, 422);
    assert_eq!(changed.json()["type"], "urn:heardline:problem:conflict");
    assert_eq!(desk.store.received.lock().unwrap().len(), 1);
    assert_eq!(desk.get("/intake/drafts").await.json()["drafts"][0]["draft"]["draft_id"], draft.to_string());
}

#[tokio::test]
async fn only_a_fresh_signature_of_these_bytes_is_believed() {
    let desk = TestDesk::start().await;
    let good = || Post::new(&desk, DraftId::new(), "x");
    let tampered = Post { signed: Some(b"{}".to_vec()), ..good() };
    let stranger = Post { secret: WebhookSecret::generate(), ..good() };
    let old = Post { age_s: 400, ..good() };
    let early = Post { age_s: -400, ..good() };
    for (what, post) in [("tampered", tampered), ("stranger", stranger), ("old", old), ("early", early)] {
        let answer = post.send(&desk).await;
        assert_eq!(answer.status, 401, "{what}");
        assert_eq!(answer.json()["type"], "urn:heardline:problem:signature");
    }
    let unsigned = desk.ask("POST", "/intake/drafts", &["Content-Type: application/json"], b"{}").await;
    assert_eq!(unsigned.status, 401);
    assert!(desk.store.received.lock().unwrap().is_empty());

    desk.clock.step(Duration::from_secs(3_600));
    assert_eq!(good().send(&desk).await.status, 201, "time is the gateway's clock");
}

#[tokio::test]
async fn what_is_not_a_draft_is_refused_with_the_reason() {
    let desk = TestDesk::start().await;
    let id = DraftId::new();
    let good = || Post::new(&desk, id, "x");
    let with_body = |body: &[u8]| Post { body: body.to_vec(), ..good() };
    let deep = format!("{{\"draft_id\":\"{id}\",\"x\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let twice = format!("{{\"draft_id\":\"{id}\",\"draft_id\":\"{id}\"}}");
    for (what, post, status) in [
        ("no key", Post { key: None, ..good() }, 400),
        ("empty key", Post { key: Some("\"\"".into()), ..good() }, 400),
        ("another draft's key", Post { key: Some(format!("\"{}:1\"", DraftId::new())), ..good() }, 422),
        ("not JSON by type", Post { kind: "text/plain", ..good() }, 415),
        ("not JSON", with_body(b"hello"), 422),
        ("an array", with_body(format!("[\"{id}\"]").as_bytes()), 422),
        ("no id", with_body(b"{}"), 422),
        ("an id that is a path", with_body(b"{\"draft_id\":\"../../x\"}"), 422),
        ("two ids", with_body(twice.as_bytes()), 422),
    ] {
        let answer = post.send(&desk).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.json());
    }
    assert!(desk.store.received.lock().unwrap().is_empty());
    let answer = with_body(deep.as_bytes()).send(&desk).await;
    assert!(matches!(answer.status, 201 | 422), "a deep document costs nothing: {}", answer.status);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_whether_announced_or_not() {
    let desk = TestDesk::start().await;
    let announced = format!("Content-Length: {}", limits::MAX_INTAKE_BODY + 1);
    assert_eq!(desk.ask("POST", "/intake/drafts", &[&announced], b"").await.status, 413);
    let chunk = vec![b' '; 64 * 1024];
    let mut body = Vec::new();
    for _ in 0..=limits::MAX_INTAKE_BODY / chunk.len() {
        body.extend(format!("{:x}\r\n", chunk.len()).bytes());
        body.extend(&chunk);
        body.extend(b"\r\n");
    }
    let host = format!("Host: {}", desk.address);
    let mut stream =
        super::connect(desk.address, "POST", "/intake/drafts", &[&host, "Transfer-Encoding: chunked"], b"").await;
    let (mut read, mut write) = stream.split();
    let send = async {
        use tokio::io::AsyncWriteExt as _;
        let _ = write.write_all(&body).await;
    };
    let answer = async {
        use tokio::io::AsyncReadExt as _;
        let mut first = [0; 12];
        read.read_exact(&mut first).await.unwrap();
        String::from_utf8_lossy(&first).into_owned()
    };
    let ((), first) = tokio::join!(send, answer);
    assert_eq!(first, "HTTP/1.1 413");
}

#[tokio::test]
async fn of_too_many_drafts_at_once_the_last_is_told_to_come_again() {
    use tokio::io::AsyncReadExt as _;
    let desk = TestDesk::start().await;
    let host = format!("Host: {}", desk.address);
    // The last of them shows that those before it are being read: the server asks each for its body.
    let wanted = [host.as_str(), "Content-Length: 100", "Expect: 100-continue"];
    let mut reading = Vec::new();
    for _ in 0..limits::MAX_INTAKE_PARALLEL {
        let mut stream = super::connect(desk.address, "POST", "/intake/drafts", &wanted, b"").await;
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 100");
        reading.push(stream);
    }
    let post = Post::new(&desk, DraftId::new(), "x");
    let refused = post.send(&desk).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some(limits::RETRY_AFTER_S.to_string().as_str()));
    let mut last = reading.pop().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut last, &[b' '; 100]).await.unwrap();
    last.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(post.send(&desk).await.status, 201);
}
