//! `heardline bench`: the figures of the README, measured on this machine.
//!
//! Gateway and callers each run in a process of their own, so that memory and processor time are theirs alone.

mod agents;
mod boot;
mod churn;
mod desk;
mod drafting;
mod drafts;
mod media;
mod process;
mod signalling;
mod speech;
mod stub;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Failure;
use crate::config::{Config, SipListen, find_bundled};
use crate::gateway::Gateway;

#[derive(Args)]
pub(super) struct Bench {
    /// Without one of these: every figure of the README but the desk's, in about ten minutes
    #[command(subcommand)]
    what: Option<What>,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// Processor time of the draft stage, and from hang-up to the endpoint's acceptance with the configured recogniser's model
    Drafts(drafts::Drafts),
    /// Concurrent recorded calls, by telephone or with --webrtc as browsers: packets lost, memory and processor time a call
    Media(media::Media),
    /// Calls set up a second, each hung up at once: how many, and how long each waits for its answer
    Signalling(signalling::Signalling),
    /// Start with many calls in the store
    Boot(boot::Boot),
    /// The desk's lists, search and drafts among very many made-up calls (--calls 1000000 --open 100000: 20 GB of disk)
    Desk(desk::Desk),
    /// The recogniser beside its peers, and under load; `make bench-speech` makes what it needs
    Speech(speech::Speech),
    /// The gateway that the others measure
    #[command(hide = true)]
    Gateway(process::GatewayUnderLoad),
}

/// One line of the README's table.
#[derive(Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    landing: f64,
    goal: f64,
    note: String,
}

/// Everything that was measured.
#[derive(Default, Serialize)]
struct Report {
    figures: Vec<Figure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media: Vec<media::Rung>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signalling: Vec<signalling::Rung>,
    #[serde(skip_serializing_if = "Option::is_none")]
    churn: Option<churn::Churn>,
}

impl Bench {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut report = Report::default();
        match self.what {
            None => {
                drafts::Drafts::default().run(&mut report).await?;
                media::Media::default().run(&mut report).await?;
                media::Media::web().run(&mut report).await?;
                signalling::Signalling::default().run(&mut report).await?;
                boot::Boot::default().run(&mut report).await?;
            }
            Some(What::Drafts(drafts)) => drafts.run(&mut report).await?,
            Some(What::Media(media)) => media.run(&mut report).await?,
            Some(What::Signalling(signalling)) => signalling.run(&mut report).await?,
            Some(What::Desk(desk)) => desk.run(&mut report).await?,
            Some(What::Boot(boot)) => boot.run(&mut report).await?,
            Some(What::Speech(speech)) => return speech.run(self.json).await,
            Some(What::Gateway(gateway)) => return gateway.run().await,
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report).map_err(Failure::new)?);
        } else {
            report.print();
        }
        report.churn.as_ref().map_or(Ok(()), churn::Churn::verdict)
    }
}

impl Report {
    fn print(&self) {
        if !self.media.is_empty() {
            println!("{}", media::Rung::HEAD);
            self.media.iter().for_each(|rung| println!("{rung}"));
            println!();
        }
        if !self.signalling.is_empty() {
            println!("{}", signalling::Rung::HEAD);
            self.signalling.iter().for_each(|rung| println!("{rung}"));
            println!();
        }
        if let Some(churn) = &self.churn {
            println!("{churn}");
        }
        self.figures.iter().for_each(Figure::print);
    }
}

impl Figure {
    fn print(&self) {
        let Self { name, value, unit, landing, goal, note } = self;
        println!("{name:42} {value:>10.3} {unit:10} (landing {landing}, goal {goal})  {note}");
    }
}

/// The defaults on free loopback ports.
fn config(data: &Path) -> Config {
    let mut config = Config::standard();
    let free_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.data.dir = data.to_owned();
    config.desk.listen = free_port;
    config.public.listen = free_port;
    config.sip.listen = vec![SipListen::Udp(free_port)];
    config
}

fn target(gateway: &Gateway) -> Result<String, Failure> {
    let listen = gateway.sip_addresses().first().copied().ok_or_else(|| Failure::new("no SIP listener"))?;
    Ok(format!("sip:bench@{}", listen.address()))
}

fn sample() -> Result<PathBuf, Failure> {
    find_bundled(Path::new("audio-samples/en-heating.wav"))
        .ok_or_else(|| Failure::new("audio-samples/en-heating.wav is missing; run from the checkout"))
}
