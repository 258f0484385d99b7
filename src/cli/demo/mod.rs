//! `heardline demo`: the main job before your eyes: a bundled sample through a real SIP call over loopback.

mod visitor;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{Failure, show};
use crate::call::{CallEvent, CallId, Codec, DeliveryKind};
use crate::config::{Config, SipListen, find_bundled};
use crate::gateway::{DEMO_MODEL_NOTICE, Gateway, Parts};
use crate::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use crate::media::wav;
use crate::ops::clock::Clock;

#[derive(Args)]
pub(super) struct Demo {
    /// End when the endpoint has accepted the draft, exit code 0; else non-zero with the reason
    #[arg(long)]
    once: bool,
    /// en-heating, en-streetlight, en-gas, zh-heating, zh-water or a WAV file of yours
    #[arg(long, default_value = "en-heating")]
    sample: String,
    /// With --once: print the delivered draft as JSON, and nothing else, on stdout
    #[arg(long, requires = "once")]
    json: bool,
}

/// Beyond the sample's own length; recognition takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(60);

impl Demo {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let sample = self.find_sample()?;
        let folder = TemporaryFolder::make()?;
        let mut config = Config::standard();
        let free_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        config.data.dir = folder.0.clone();
        config.desk.listen = free_port;
        config.public.listen = free_port;
        config.sip.listen = vec![SipListen::Udp(free_port)];
        let gateway = Gateway::start(config, Parts::default()).await?;
        let outcome = tokio::select! {
            outcome = self.show_call(&gateway, &sample) => outcome,
            () = told_to_end() => Err(Failure::new("ended before the draft was delivered")),
        };
        if let (Ok(()), false) = (&outcome, self.once) {
            let password = visitor::account(&gateway).await?;
            self.say(&format!("\nThe desk, where drafts are heard and decided: {}/", gateway.desk_url()));
            self.say(&format!("  log in as  {}  password  {password}", visitor::NAME));
            self.say(
                "  More callers are on the line; their drafts wait there. G opens the next one, ? shows all keys.\n",
            );
            if let Some(listen) = gateway.sip_addresses().first() {
                // As this one was started: `make demo` puts nothing on the PATH.
                let program = std::env::args().next().unwrap_or_else(|| "heardline".to_owned());
                self.say(&format!("Call again:  {program} call sip:hotline@{} {}", listen.address(), sample.display()));
            }
            if let Some(page) = gateway.caller_pages().first() {
                self.say(&format!("Call from the browser, or let a sample caller speak: {page}"));
            }
            self.say("Ctrl-C ends the demo and removes its data.");
            tokio::select! {
                () = told_to_end() => {}
                () = self.more_calls(&gateway) => {}
            }
        }
        gateway.shutdown().await;
        outcome
    }

    /// Does not end.
    async fn more_calls(&self, gateway: &Gateway) {
        if let Some(listen) = gateway.sip_addresses().first() {
            visitor::call(listen.address()).await;
        }
        std::future::pending().await
    }

    async fn show_call(&self, gateway: &Gateway, sample: &Path) -> Result<(), Failure> {
        let pcm = wav::read_at(sample, 8_000).map_err(Failure::new)?.pcm;
        let seconds = pcm.len() / 8_000;
        let target = gateway
            .sip_addresses()
            .first()
            .map(|listen| listen.address())
            .ok_or_else(|| Failure::new("no SIP listener"))?;
        self.say(&format!("Dialling sip:hotline@{target}; a caller speaks {} ({seconds} s).", sample.display()));
        if gateway.demo_model() {
            self.say(DEMO_MODEL_NOTICE);
        }
        self.say("");

        let events = gateway.events();
        let caller = Caller::start(target.ip(), Clock::system()).await.map_err(Failure::new)?;
        let plan = CallPlan {
            target: format!("sip:hotline@{target}"),
            from_user: "+12025550123".into(),
            sound: Sound::new(&pcm, Codec::Pcmu),
            dtmf: None,
            hang_up: HangUp::AfterAudio { linger_ms: 500 },
            record: false,
        };
        let calling = caller.call(plan, CancellationToken::new(), |_| ());
        let patience = PATIENCE + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let watching = tokio::time::timeout(patience, self.watch(gateway, events));
        let (called, watched) = tokio::join!(calling, watching);
        called.map_err(|e| Failure::new(format!("the call failed: {e}")))?;
        let call =
            watched.map_err(|_| Failure::new(format!("no draft was accepted within {} s", patience.as_secs())))??;
        if self.json {
            let received = gateway.store().received(100).await.map_err(Failure::new)?;
            let body = received.into_iter().map(|(_, body)| body).find(|body| body.contains(&call.to_string()));
            println!("{}", body.ok_or_else(|| Failure::new("the endpoint accepted a draft but does not hold it"))?);
        }
        Ok(())
    }

    /// Prints events as they come, until the endpoint has accepted the draft.
    async fn watch(&self, gateway: &Gateway, mut events: broadcast::Receiver<CallEvent>) -> Result<CallId, Failure> {
        loop {
            match events.recv().await {
                Ok(CallEvent::State { state, cause, .. }) => {
                    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
                    self.say(&format!("* {state}{cause}"));
                }
                Ok(CallEvent::Partial { hypothesis, .. }) => self.guess(&hypothesis.text),
                Ok(CallEvent::Final { utterance, .. }) => self.say(&show::utterance(&utterance)),
                Ok(CallEvent::Draft { complete: true, draft, .. }) => {
                    self.say(&format!("\nThe draft, with the seconds that support it:\n{}", show::draft(&draft)));
                }
                Ok(CallEvent::Delivery { kind: DeliveryKind::Emergency, state, .. }) => {
                    self.say(&format!("  the event of the emergency: {state}"));
                }
                Ok(CallEvent::Delivery { call, state, .. }) if state == "delivered" => {
                    self.say("Delivered: the endpoint accepted the draft.");
                    return Ok(call);
                }
                Ok(CallEvent::Erased { call }) => return Err(Failure::new(format!("call {call} was erased"))),
                Ok(CallEvent::Delivery { call, state, .. }) => {
                    let deliveries = gateway.store().deliveries(call).await.map_err(Failure::new)?;
                    let why = deliveries.into_iter().find_map(|d| d.last_error).unwrap_or_default();
                    if state == "dead" {
                        return Err(Failure::new(format!("the endpoint refused the draft: {why}")));
                    }
                    self.say(&format!("Delivery {state}: {why}"));
                }
                Ok(CallEvent::Emergency { danger, .. }) => {
                    self.say(&format!("  emergency ({}): \u{201c}{}\u{201d}", danger.service.as_str(), danger.quote));
                }
                Ok(
                    CallEvent::Draft { .. }
                    | CallEvent::Dtmf { .. }
                    | CallEvent::Answered { .. }
                    | CallEvent::Review { .. }
                    | CallEvent::Transfer { .. },
                ) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => self.say(&format!("({missed} lines not shown)")),
                Err(broadcast::error::RecvError::Closed) => return Err(Failure::new("the gateway ended")),
            }
        }
    }

    /// People read stdout; with --json it belongs to the program that reads it.
    fn say(&self, line: &str) {
        if self.json {
            eprintln!("{line}");
        } else {
            let _nobody_reads = writeln!(std::io::stdout(), "{}{line}", Self::start_of_line());
        }
    }

    fn start_of_line() -> &'static str {
        if std::io::stdout().is_terminal() { "\r\x1b[K" } else { "" }
    }

    /// What is understood so far of the sentence being spoken, overwritten by the next line.
    fn guess(&self, text: &str) {
        // Only a terminal can take a line back.
        if !self.json && std::io::stdout().is_terminal() {
            let tail: String = text.chars().rev().take(90).collect::<Vec<_>>().into_iter().rev().collect();
            print!("{}   …            {tail}", Self::start_of_line());
            let _no_terminal = std::io::stdout().flush();
        }
    }

    fn find_sample(&self) -> Result<PathBuf, Failure> {
        let own = PathBuf::from(&self.sample);
        if own.extension().is_some_and(|extension| extension == "wav") && own.exists() {
            return Ok(own);
        }
        let bundled = PathBuf::from("audio-samples").join(format!("{}.wav", self.sample));
        find_bundled(&bundled).ok_or_else(|| {
            Failure::new(format!(
                "no sample {:?}: name one of audio-samples/ (en-heating, zh-water …) or a WAV file",
                self.sample
            ))
        })
    }
}

/// Ctrl-C, or SIGTERM: either way the demo's data is removed.
async fn told_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Removed with everything in it when the demo ends.
pub(super) struct TemporaryFolder(pub(super) PathBuf);

impl TemporaryFolder {
    pub(super) fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("heardline-demo-{}", CallId::new()));
        std::fs::create_dir(&path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("heardline: {} not removed: {error}", self.0.display());
        }
    }
}
