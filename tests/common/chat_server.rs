//! A server with OpenAI's chat endpoint that answers as its script says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::LOOPBACK;

#[derive(Clone, Debug)]
pub enum Chat {
    /// The model writes this.
    Says(String),
    /// Another status, with what the server says about it.
    Status(u16, &'static str),
    /// Takes the request and never answers.
    Hang,
    /// More than anyone would read.
    Huge,
}

/// What it answers to a request, by its number from 0 and its body.
type Script = Arc<dyn Fn(usize, &Value) -> Chat + Send + Sync>;
type Seen = Arc<Mutex<Vec<(Option<String>, Value)>>>;

pub struct ChatServer {
    pub address: SocketAddr,
    seen: Seen,
    server: JoinHandle<()>,
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl ChatServer {
    pub async fn start(script: impl Fn(usize, &Value) -> Chat + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("a port for the chat server");
        let address = listener.local_addr().expect("its address");
        let seen = Seen::default();
        let script: Script = Arc::new(script);
        let router = Router::new().route("/v1/chat/completions", post(chat)).with_state((script, seen.clone()));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the chat server serves");
        });
        Self { address, seen, server }
    }

    /// The `[llm]` table that names it, and `more` keys.
    pub fn table(&self, more: &str) -> String {
        format!("[llm]\nurl = \"http://{}/v1\"\nmodel = \"scripted\"\n{more}\n", self.address)
    }

    /// Requests so far: the `Authorization` header and the body.
    pub fn seen(&self) -> Vec<(Option<String>, Value)> {
        self.seen.lock().unwrap().clone()
    }
}

async fn chat(
    State((script, seen)): State<(Script, Seen)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, String) {
    let number = {
        let mut seen = seen.lock().unwrap();
        let key = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        seen.push((key, body.clone()));
        seen.len() - 1
    };
    let completion = |content: &str| {
        json!({"id": "c1", "object": "chat.completion", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}},
        ]})
    };
    match script(number, &body) {
        Chat::Says(content) => (StatusCode::OK, completion(&content).to_string()),
        Chat::Status(status, says) => {
            (StatusCode::from_u16(status).unwrap(), json!({"error": {"message": says}}).to_string())
        }
        Chat::Hang => std::future::pending().await,
        Chat::Huge => (StatusCode::OK, completion(&"word ".repeat(1 << 20)).to_string()),
    }
}
