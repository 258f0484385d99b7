//! A real HTTP endpoint on loopback that answers as it is told and remembers what it got.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::store::DEADLINE;
use crate::intake::problem::Problem;

/// One answer.
#[derive(Clone)]
pub(super) enum Say {
    Status(u16),
    RetryAfter(u16, &'static str),
    Redirect(String),
    Problem(Problem),
    Junk(u16),
    /// Headers at once, a body of one gigabyte.
    Endless(u16),
    /// Never anything.
    Silence,
    /// 200 once the gate is opened.
    Gate(Arc<Notify>),
}

#[derive(Clone)]
pub(super) struct Got {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

#[derive(Default)]
struct Memory {
    script: Mutex<VecDeque<Say>>,
    otherwise: Mutex<Option<Say>>,
    got: Mutex<Vec<Got>>,
    arrived: Notify,
    now: AtomicUsize,
    peak: AtomicUsize,
    endless_bytes: Arc<AtomicU64>,
}

pub(super) struct FakeEndpoint {
    memory: Arc<Memory>,
    pub(super) url: reqwest::Url,
    _server: AbortOnDropHandle<()>,
}

impl FakeEndpoint {
    /// Answers with `script` in turn, then with `otherwise` for ever.
    pub(super) async fn start(script: Vec<Say>, otherwise: Say) -> Self {
        let memory = Arc::new(Memory::default());
        *memory.script.lock().unwrap() = script.into();
        *memory.otherwise.lock().unwrap() = Some(otherwise);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/drafts", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&memory));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { memory, url, _server: AbortOnDropHandle::new(server) }
    }

    pub(super) fn say(&self, otherwise: Say) {
        *self.memory.otherwise.lock().unwrap() = Some(otherwise);
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.memory.got.lock().unwrap().clone()
    }

    /// Waits until that many requests came.
    pub(super) async fn until_got(&self, requests: usize) {
        let wait = async {
            while self.got().len() < requests {
                self.memory.arrived.notified().await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.expect("the request never came");
    }

    /// Most requests at once so far.
    pub(super) fn peak(&self) -> usize {
        self.memory.peak.load(Ordering::SeqCst)
    }

    /// Bytes taken from endless bodies, socket buffers included.
    pub(super) fn endless_bytes(&self) -> u64 {
        self.memory.endless_bytes.load(Ordering::SeqCst)
    }
}

async fn answer(State(memory): State<Arc<Memory>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = memory.now.fetch_add(1, Ordering::SeqCst) + 1;
    memory.peak.fetch_max(now, Ordering::SeqCst);
    memory.got.lock().unwrap().push(Got { headers, body });
    memory.arrived.notify_one();
    let say = memory.script.lock().unwrap().pop_front();
    let say = say.unwrap_or_else(|| memory.otherwise.lock().unwrap().clone().unwrap());
    let response = respond(say, &memory).await;
    memory.now.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn respond(say: Say, memory: &Memory) -> Response {
    let status = |code| StatusCode::from_u16(code).unwrap();
    match say {
        Say::Status(code) => status(code).into_response(),
        Say::RetryAfter(code, value) => (status(code), [(header::RETRY_AFTER, value)]).into_response(),
        Say::Redirect(to) => (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response(),
        Say::Problem(problem) => problem.into_response(),
        Say::Junk(code) => (status(code), &b"\xff\x00<html>{{{"[..]).into_response(),
        Say::Endless(code) => {
            let count = Arc::clone(&memory.endless_bytes);
            let chunk = Bytes::from(vec![b' '; 16 * 1024]);
            let chunks = futures_util::stream::iter(0..64 * 1024).map(move |_| {
                count.fetch_add(chunk.len() as u64, Ordering::SeqCst);
                Ok::<_, std::io::Error>(chunk.clone())
            });
            (status(code), Body::from_stream(chunks)).into_response()
        }
        Say::Silence => std::future::pending().await,
        Say::Gate(gate) => {
            gate.notified().await;
            StatusCode::OK.into_response()
        }
    }
}
