//! One segment to a transcription server, ended as soon as nobody waits for it any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::answer::Answer;
use super::{OpenAiSettings, body};
use crate::config::limits;
use crate::ops::api::{Api, Named, Trouble};

/// How often the abort flag is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub const SERVER: Named =
    Named { table: "speech.openai", path: "/audio/transcriptions", kind: "a transcription server" };

pub struct Client(Api);

impl Client {
    pub fn new(settings: &OpenAiSettings) -> Self {
        let OpenAiSettings { url, key, timeout, .. } = settings;
        Self(Api::new(url, SERVER, key.as_ref(), *timeout, limits::MAX_ENGINE_ANSWER))
    }

    /// Posts one segment and reads what came of it; gives up soon after `abort` becomes true.
    pub async fn ask(&self, fields: &[(&str, String)], wav: &[u8], abort: &AtomicBool) -> Result<Answer, Trouble> {
        let aborted = async {
            while !abort.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let (kind, body) = body::form(fields, wav);
        tokio::select! {
            answer = self.0.post(&kind, body) => Answer::read(&answer?).map_err(Trouble::Junk),
            () = aborted => Err(Trouble::Aborted),
        }
    }
}
