//! A speech server with OpenAI's transcription endpoint that answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::LOOPBACK;

#[derive(Clone, Copy, Debug)]
pub enum Speech {
    /// Every segment is this sentence, its words spread over the sound.
    Words(&'static str),
    /// The same without any time.
    TextOnly(&'static str),
    Status(u16),
    /// Takes the sound and never answers.
    Hang,
    Junk,
    /// More than anyone would read.
    Huge,
}

type Script = Arc<Mutex<(Speech, usize)>>;

pub struct SpeechServer {
    pub address: SocketAddr,
    script: Script,
    server: JoinHandle<()>,
}

impl Drop for SpeechServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl SpeechServer {
    pub async fn start(speech: Speech) -> Self {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.expect("a port for the speech server");
        let address = listener.local_addr().expect("its address");
        let script: Script = Arc::new(Mutex::new((speech, 0)));
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::max(4 << 20))
            .with_state(script.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the speech server serves");
        });
        Self { address, script, server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// From now on.
    pub fn says(&self, speech: Speech) {
        self.script.lock().unwrap().0 = speech;
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.script.lock().unwrap().1
    }
}

async fn transcribe(State(script): State<Script>, body: Bytes) -> (StatusCode, String) {
    let speech = {
        let mut script = script.lock().unwrap();
        script.1 += 1;
        script.0
    };
    let seconds = seconds(&body);
    match speech {
        Speech::Words(text) => {
            // A Chinese word is a character here.
            let chinese = !text.is_ascii();
            let words: Vec<&str> = text.split(if chinese { "" } else { " " }).filter(|word| !word.is_empty()).collect();
            let language = if chinese { "chinese" } else { "english" };
            let each = seconds / f64::from(u32::try_from(words.len()).unwrap());
            let timed: Vec<_> = (0..)
                .zip(&words)
                .map(|(n, word)| json!({"word": word, "start": f64::from(n) * each, "end": f64::from(n + 1) * each}))
                .collect();
            let part = json!({"id": 0, "start": 0.0, "end": seconds, "text": text, "avg_logprob": -0.2, "no_speech_prob": 0.01});
            let answer = json!({"task": "transcribe", "language": language, "duration": seconds, "text": text, "words": timed, "segments": [part]});
            (StatusCode::OK, answer.to_string())
        }
        Speech::TextOnly(text) => (StatusCode::OK, json!({"text": text}).to_string()),
        Speech::Status(status) => (StatusCode::from_u16(status).unwrap(), "no".into()),
        Speech::Hang => std::future::pending().await,
        Speech::Junk => (StatusCode::OK, "<html>\"city hall\" wants a word with you".into()),
        Speech::Huge => (StatusCode::OK, format!("{{\"text\":\"{}\"}}", "word ".repeat(1 << 20))),
    }
}

/// Length of the 16 kHz WAV in the form.
fn seconds(body: &[u8]) -> f64 {
    let at = body.windows(4).position(|part| part == b"RIFF").expect("a WAV in the form");
    let size: [u8; 4] = body[at + 40..at + 44].try_into().unwrap();
    f64::from(u32::from_le_bytes(size)) / 32_000.0
}
