//! `heardline serve`: take calls until told to stop.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, load_config};
use crate::gateway::{DEMO_MODEL_NOTICE, Gateway, Parts};

#[derive(Args)]
pub(super) struct Serve {
    /// Configuration file; without it heardline.toml in this folder, else the defaults
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        let gateway = Gateway::start(config, Parts::default()).await?;
        for listen in gateway.sip_addresses() {
            say(&format!("calls   sip:{}  ({})", listen.address(), listen.transport()));
        }
        say(&format!("desk    http://{}/", gateway.desk_address()));
        say(&format!("status  http://{}/", gateway.public_address()));
        if gateway.demo_model() {
            say(&format!("note    {DEMO_MODEL_NOTICE}"));
        }
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("heardline: ending running calls and finishing their drafts; a second signal ends at once");
        tokio::select! {
            () = gateway.shutdown() => Ok(()),
            _ = interrupt.recv() => Err(Failure::new("ended at once; unfinished calls are carried on at the next start")),
            _ = terminate.recv() => Err(Failure::new("ended at once; unfinished calls are carried on at the next start")),
        }
    }
}

/// Whoever started us may have closed stdout; calls are taken all the same.
fn say(line: &str) {
    let _nobody_reads = writeln!(std::io::stdout(), "{line}");
}
