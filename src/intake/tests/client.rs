//! What one attempt makes of what an endpoint does.

use std::time::Duration;

use axum::http::StatusCode;

use super::endpoint::{FakeEndpoint, Say};
use crate::config::secret::WebhookSecret;
use crate::intake::client::{Answer, Client, Patience};
use crate::intake::problem::Problem;
use crate::intake::schedule::{Conflict, Fault, Kind, Outcome};
use crate::intake::sign;

const NOW_MS: i64 = 1_800_000_000_000;
const PATIENT: Patience = Patience { connect: Duration::from_secs(10), whole: Duration::from_secs(20) };
const IMPATIENT: Patience = Patience { connect: Duration::from_millis(300), whole: Duration::from_millis(300) };

async fn post(url: reqwest::Url, patience: Patience) -> Answer {
    let signed = sign::headers("msg_1", NOW_MS / 1000, "{}", &WebhookSecret::generate()).unwrap();
    Client::new(url, patience).post("\"draft:1\"", &signed, "{}".to_owned(), NOW_MS).await
}

async fn answer_to(say: Say) -> Answer {
    let endpoint = FakeEndpoint::start(vec![], say).await;
    let answer = post(endpoint.url.clone(), PATIENT).await;
    assert_eq!(endpoint.got().len(), 1, "one attempt is one request");
    answer
}

fn conflict(name: &str) -> Say {
    Say::Problem(Problem::new(StatusCode::CONFLICT, name, "seen"))
}

#[tokio::test]
async fn the_table_of_answers_holds_over_http() {
    let moved = FakeEndpoint::start(vec![], Say::Status(200)).await;
    for (say, kind) in [
        (Say::Status(200), Kind::Accepted),
        (Say::Status(201), Kind::Accepted),
        (Say::Status(202), Kind::Accepted),
        (Say::Status(204), Kind::Accepted),
        (Say::Junk(200), Kind::Accepted),
        (Say::Endless(200), Kind::Accepted),
        (Say::Redirect(moved.url.to_string()), Kind::Refused),
        (Say::Status(400), Kind::Refused),
        (Say::Status(401), Kind::Refused),
        (Say::Status(404), Kind::Refused),
        (Say::Status(413), Kind::Refused),
        (Say::Status(422), Kind::Refused),
        (Say::Junk(400), Kind::Refused),
        (Say::Junk(409), Kind::Refused),
        (conflict("other"), Kind::Refused),
        (conflict("duplicate"), Kind::Accepted),
        (conflict("in-progress"), Kind::Later),
        (Say::Status(408), Kind::Later),
        (Say::Status(425), Kind::Later),
        (Say::Status(410), Kind::Gone),
        (Say::RetryAfter(429, "7"), Kind::Down),
        (Say::Status(500), Kind::Down),
        (Say::Status(502), Kind::Down),
        (Say::RetryAfter(503, "7"), Kind::Down),
        (Say::Status(504), Kind::Down),
    ] {
        let answer = answer_to(say).await;
        assert_eq!(answer.outcome.kind(), kind, "{answer:?}");
    }
    assert!(moved.got().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn retry_after_is_read_and_the_problem_is_kept_for_the_operator() {
    let answer = answer_to(Say::RetryAfter(503, "7")).await;
    assert_eq!(
        answer.outcome,
        Outcome::Answer { status: 503, retry_after_ms: Some(7_000), conflict: Conflict::Unsaid }
    );
    let refused = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "category", "category is unknown");
    let refused = Problem { title: "Not\nthis".into(), ..refused };
    let answer = answer_to(Say::Problem(refused)).await;
    assert_eq!(answer.note.as_deref(), Some("422: Not this: category is unknown"));
}

#[tokio::test]
async fn of_an_endless_answer_only_the_beginning_is_read() {
    let endpoint = FakeEndpoint::start(vec![], Say::Endless(500)).await;
    let answer = post(endpoint.url.clone(), PATIENT).await;
    assert_eq!(answer.outcome.status(), Some(500));
    // What the kernel's buffers swallowed is beyond us; a gigabyte is not.
    assert!(endpoint.endless_bytes() < 64 * 1024 * 1024, "{} bytes", endpoint.endless_bytes());
}

#[tokio::test]
async fn no_answer_is_a_fault_that_names_its_kind_and_no_url() {
    let silent = FakeEndpoint::start(vec![], Say::Silence).await;
    let mut url = silent.url.clone();
    url.set_query(Some("token=s3cret"));
    let answer = post(url, IMPATIENT).await;
    assert_eq!(answer.outcome, Outcome::Fault(Fault::Timeout));
    assert!(!answer.note.unwrap().contains("s3cret"));

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut url: reqwest::Url = format!("http://{}/", free.local_addr().unwrap()).parse().unwrap();
    drop(free);
    url.set_query(Some("token=s3cret"));
    let answer = post(url, PATIENT).await;
    assert_eq!(answer.outcome, Outcome::Fault(Fault::Connect));
    let note = answer.note.unwrap();
    assert!(note.contains("refused") && !note.contains("s3cret"), "{note}");

    let answer = post("http://no-such-host.invalid/".parse().unwrap(), PATIENT).await;
    assert_eq!(answer.outcome, Outcome::Fault(Fault::Connect));
}

#[tokio::test]
async fn a_connection_that_breaks_or_speaks_no_http_is_a_fault() {
    use tokio::io::AsyncWriteExt as _;
    for said in [&b""[..], b"SSH-2.0-OpenSSH_9.9\r\n"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(said).await.unwrap();
        });
        let answer = post(url, PATIENT).await;
        assert_eq!(answer.outcome, Outcome::Fault(Fault::Broken), "{answer:?}");
        server.await.unwrap();
    }
}
