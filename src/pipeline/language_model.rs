//! The server of a language model, asked about one call at a time: within its time, in its turn, and left alone for a
//! while when it fails. Whatever it does, the rules' draft goes out.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::secret::ApiKey;
use crate::config::{ConfigError, Llm, limits};
use crate::draft::llm::{Answer, Bounds, Exchange, Form, GaveUp, Question, Reply, Step};
use crate::ops::api::{Api, Named, Trouble};
use crate::ops::breaker::{Breaker, Complaints};
use crate::ops::clock::Clock;

const SERVER: Named = Named { table: "llm", path: "/chat/completions", kind: "a server with a chat endpoint" };

pub struct LanguageModel {
    api: Api,
    model: String,
    /// Host and port, for the log.
    host: String,
    within: Duration,
    pub bounds: Bounds,
    turns: Semaphore,
    clock: Clock,
    state: Mutex<State>,
}

/// What earlier calls taught about the server.
#[derive(Default)]
struct State {
    breaker: Breaker,
    complaints: Complaints,
    /// The strictest form that it took; a looser one that one odd call needed does not change it.
    took: Option<Form>,
}

impl LanguageModel {
    /// `None`: the configuration names none.
    ///
    /// # Errors
    /// The key file cannot be used.
    pub fn of(llm: &Llm, clock: Clock) -> Result<Option<Self>, ConfigError> {
        let Some(url) = &llm.url else { return Ok(None) };
        let base: reqwest::Url = url.parse().map_err(|_| ConfigError::Value {
            path: PathBuf::from("configuration"),
            key: "llm.url".into(),
            value: url.clone(),
            expected: "a URL".into(),
        })?;
        let key = llm.key_file.as_deref().map(ApiKey::load).transpose()?;
        let within = Duration::from_secs(llm.timeout_s);
        Ok(Some(Self {
            api: Api::new(&base, SERVER, key.as_ref(), within, limits::MAX_LLM_ANSWER),
            model: llm.model.clone(),
            host: base.authority().to_owned(),
            within,
            bounds: Bounds { turns: llm.max_turns, chars: llm.max_chars },
            turns: Semaphore::new(limits::LLM_AT_ONCE),
            clock,
            state: Mutex::default(),
        }))
    }

    /// The answer, unless there is none to be had in time; why not stands in log and metrics. Dropping it ends it.
    pub async fn ask(&self, question: &Question) -> Option<Answer> {
        let asked = self.asked(question).await;
        let outcome = asked.as_ref().map_or_else(Trouble::kind, |_| "ok");
        metrics::counter!("heardline_llm_requests_total", "outcome" => outcome).increment(1);
        self.learn(&asked);
        asked.ok()
    }

    async fn asked(&self, question: &Question) -> Result<Answer, Trouble> {
        if !self.state().breaker.allows(self.clock.instant()) {
            return Err(Trouble::Resting);
        }
        let mut begun = false;
        let asking = async {
            // Nobody closes it.
            let _turn = self.turns.acquire().await.map_err(|_| Trouble::Aborted)?;
            begun = true;
            self.exchange(question).await
        };
        let in_time = tokio::time::timeout(self.within, asking).await;
        // That its turn did not come is no fault of the server's.
        in_time.unwrap_or(Err(if begun { Trouble::Timeout(self.within) } else { Trouble::Aborted }))
    }

    async fn exchange(&self, question: &Question) -> Result<Answer, Trouble> {
        let first = self.state().took.unwrap_or(Form::Schema);
        let mut exchange = Exchange::new(question, &self.model, first);
        let mut body = exchange.start();
        let mut refusal = Trouble::Aborted;
        loop {
            let reply = match self.api.post("application/json", body.to_string().into_bytes()).await {
                Ok(answer) => Reply::Body(answer),
                Err(refused @ Trouble::Refused(400 | 415 | 422, _)) => {
                    refusal = refused;
                    Reply::Refused
                }
                Err(trouble) => return Err(trouble),
            };
            let step = exchange.handle(reply);
            if let Some(form) = exchange.taken() {
                let took = &mut self.state().took;
                *took = Some(took.map_or(form, |known| known.min(form)));
            }
            match step {
                Step::Ask(next) => body = next,
                Step::Answer(answer) => return Ok(*answer),
                Step::GaveUp(GaveUp::Refused) => return Err(refusal),
                Step::GaveUp(GaveUp::Invalid(why)) => return Err(Trouble::Junk(why)),
            }
        }
    }

    fn learn(&self, asked: &Result<Answer, Trouble>) {
        let now = self.clock.instant();
        let mut state = self.state();
        let Err(trouble) = asked else {
            if state.breaker.answered() {
                tracing::info!(host = self.host, "the language model answers again");
            }
            return;
        };
        match trouble {
            Trouble::Resting => return,
            Trouble::Aborted => {}
            trouble if trouble.is_down() => state.breaker.failed(now, trouble.rest()),
            _ => {
                state.breaker.answered();
            }
        }
        if let Some(unsaid) = state.complaints.about(trouble.kind(), now) {
            let reason = trouble.told(SERVER);
            tracing::warn!(host = self.host, reason, unsaid, "the language model failed; drafts are the rules' alone");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
