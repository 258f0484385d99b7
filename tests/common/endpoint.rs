//! An intake endpoint that keeps what it is sent and fails when it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{DEADLINE, LOOPBACK};

/// One POST as it came.
#[derive(Clone, Debug)]
pub struct Post {
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What we answered; `None`: nothing at all.
    pub status: Option<u16>,
}

/// How the next POST is treated.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    Status(u16),
    /// Takes the request and never answers.
    Hang,
}

#[derive(Default)]
struct Script {
    /// Used up first, one a POST; then every POST gets `always`.
    once: VecDeque<Reply>,
    always: Option<Reply>,
    posts: Vec<Post>,
}

/// Answers 202 until scripted otherwise.
pub struct ScriptedEndpoint {
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
    changed: watch::Receiver<usize>,
    server: JoinHandle<()>,
}

impl Drop for ScriptedEndpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Shared = (Arc<Mutex<Script>>, watch::Sender<usize>);

impl ScriptedEndpoint {
    pub async fn start() -> Self {
        Self::start_on((LOOPBACK, 0).into()).await
    }

    /// On an address that was in use before: an endpoint that comes back.
    pub async fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port for the endpoint");
        let address = listener.local_addr().expect("its address");
        let script: Arc<Mutex<Script>> = Arc::default();
        let (change, changed) = watch::channel(0);
        let router = Router::new().route("/drafts", post(take)).with_state((script.clone(), change));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the endpoint serves");
        });
        Self { address, script, changed, server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/drafts", self.address)
    }

    /// The next POSTs get these, in order.
    pub fn next(&self, replies: &[Reply]) {
        self.script.lock().unwrap().once.extend(replies);
    }

    /// Every POST after the ones of `next` gets this.
    pub fn always(&self, reply: Reply) {
        self.script.lock().unwrap().always = Some(reply);
    }

    pub fn posts(&self) -> Vec<Post> {
        self.script.lock().unwrap().posts.clone()
    }

    /// Waits until `count` POSTs have come.
    pub async fn wait_for(&mut self, count: usize) -> Vec<Post> {
        let waited = tokio::time::timeout(DEADLINE, self.changed.wait_for(|seen| *seen >= count)).await.is_ok();
        assert!(waited, "{} of {count} deliveries within {DEADLINE:?}", self.posts().len());
        self.posts()
    }
}

async fn take(State((script, change)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let reply = {
        let mut script = script.lock().unwrap();
        let always = script.always.unwrap_or(Reply::Status(202));
        let reply = script.once.pop_front().unwrap_or(always);
        let status = match reply {
            Reply::Status(status) => Some(status),
            Reply::Hang => None,
        };
        script.posts.push(Post { headers, body, status });
        change.send_replace(script.posts.len());
        reply
    };
    match reply {
        Reply::Status(status) => StatusCode::from_u16(status).expect("a status"),
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            StatusCode::GATEWAY_TIMEOUT
        }
    }
}
