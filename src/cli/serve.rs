//! `heardline serve`: take calls until told to stop.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, load_config};
use crate::gateway::{DEMO_MODEL_NOTICE, Draining, Gateway, Parts};
use crate::ops::clock::Clock;
use crate::ops::notify;

#[derive(Args)]
pub(super) struct Serve {
    /// Configuration file; without it heardline.toml in this folder, else the defaults
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Either way of being told to end.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let mut stop = Stop::listen().map_err(Failure::new)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(Failure::new)?;
        let gateway = Gateway::start(config, Parts::default()).await?;
        for listen in gateway.sip_addresses() {
            say(&format!("calls   sip:{}  ({})", listen.address(), listen.transport()));
        }
        for page in gateway.caller_pages() {
            say(&format!("calls   {page}  (web)"));
        }
        say(&format!("desk    {}/", gateway.desk_url()));
        say(&format!("status  http://{}/", gateway.public_address()));
        if gateway.demo_model() {
            say(&format!("note    {DEMO_MODEL_NOTICE}"));
        }
        notify::tell(notify::READY);
        loop {
            tokio::select! {
                () = stop.told() => break,
                _ = hangup.recv() => self.reload(&gateway),
            }
        }
        notify::tell(notify::STOPPING);
        tell("ending: new calls hear busy; a second signal ends at once");
        tokio::select! {
            () = gateway.drain(|waits| tell(&words(waits))) => Ok(()),
            () = stop.told() => Err(Failure::new("ended at once; unfinished calls are carried on at the next start")),
        }
    }

    /// Says in one line what came of it. A mistake changes nothing.
    fn reload(&self, gateway: &Gateway) {
        notify::tell(&notify::reloading(Clock::system().monotonic_us()));
        let outcome = load_config(self.config.as_deref()).map_err(Into::into).and_then(|fresh| gateway.reload(&fresh));
        tell(&match outcome {
            Ok(changes) => {
                let list = |keys: &[String]| if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
                let (live, restart) = (list(&changes.live), list(&changes.needs_restart));
                format!("reloaded, with prompts and certificates; changed: {live}; needs a restart: {restart}")
            }
            Err(error) => format!("not reloaded, everything stays as it was: {error}"),
        });
        notify::tell(notify::READY);
    }
}

fn words(waits: Draining) -> String {
    match waits {
        Draining::Calls { on_the_line, at_most } => {
            format!("draining: {on_the_line} calls on the line, at most {} s", at_most.as_secs())
        }
        Draining::Goodbye { on_the_line } => format!("draining: {on_the_line} calls are being told goodbye"),
        Draining::Drafts { calls } => format!("draining: {calls} calls are being written down and delivered"),
    }
}

/// For the operator who watches: one line on stderr, whatever the log level is.
fn tell(line: &str) {
    let _nobody_reads = writeln!(std::io::stderr(), "heardline: {line}");
}

/// Whoever started us may have closed stdout; calls are taken all the same.
fn say(line: &str) {
    let _nobody_reads = writeln!(std::io::stdout(), "{line}");
}
