//! `heardline doctor`: what would keep calls from being taken, and what to do about each.

mod desk;
mod llm;
mod speech;
mod web;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::{EXIT_CONFIG, Failure, load_config};
use crate::config::{Config, SipListen};
use crate::ops::clock::Clock;
use crate::ops::tls::Tls;
use crate::review::desk_page_is_built;
use crate::store::DataDir;

#[derive(Args)]
pub(super) struct Doctor {
    #[arg(long)]
    config: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

#[derive(Serialize)]
struct Finding {
    verdict: Verdict,
    what: &'static str,
    says: String,
}

impl Doctor {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let config = load_config(self.config.as_deref())?;
        let mut findings = vec![good("configuration", "parsed and checked")];
        findings.extend(config.sip.listen.iter().map(|listen| sip_port(*listen)));
        findings.extend(certificates(&config));
        findings.push(http_port("desk.listen", config.desk.listen));
        findings.push(desk::accounts(&config).await);
        findings.push(desk::transfers(&config));
        if !desk_page_is_built() {
            let says = "this program was built without the desk's page; run scripts/setup web and build it again";
            findings.push(warn("desk's page", says));
        }
        findings.push(http_port("public.listen", config.public.listen));
        findings.push(rtp_ports(&config));
        findings.extend(web::findings(&config));
        findings.extend(speech::findings(&config).await);
        findings.extend(llm::findings(&config).await);
        findings.push(disk(&config));
        findings.push(clock());
        findings.push(endpoint(&config).await);
        for url in &config.emergency.urls {
            findings.push(posted_to("emergency.urls", url, config.emergency.allow_remote, "emergencies").await);
        }
        findings.extend(collector(&config).await);
        findings.push(address(&config));
        let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings).map_err(Failure::new)?);
        } else {
            for Finding { verdict, what, says } in &findings {
                let mark = match verdict {
                    Verdict::Ok => "ok  ",
                    Verdict::Warn => "WARN",
                    Verdict::Fail => "FAIL",
                };
                println!("{mark}  {what:14} {says}");
            }
        }
        if failed {
            return Err(Failure {
                code: EXIT_CONFIG,
                message: "calls cannot be taken; mend the lines marked FAIL".into(),
            });
        }
        Ok(())
    }
}

fn good(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Ok, what, says: says.into() }
}

fn warn(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Warn, what, says: says.into() }
}

fn fail(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Fail, what, says: says.into() }
}

fn sip_port(listen: SipListen) -> Finding {
    let tried = match listen {
        SipListen::Udp(address) => UdpSocket::bind(address).map(drop),
        SipListen::Tcp(address) | SipListen::Tls(address) => TcpListener::bind(address).map(drop),
    };
    match tried {
        Ok(()) => good("sip.listen", format!("{listen} is free")),
        Err(e) => fail("sip.listen", format!("{listen}: {e}; is heardline running already? else choose another port")),
    }
}

/// Only where a listener needs one.
fn certificates(config: &Config) -> Vec<Finding> {
    let (sip, public) = (&config.sip, &config.public);
    let pairs = [
        ("desk", "desk.tls", config.desk.tls_certificate.as_ref().zip(config.desk.tls_key.as_ref())),
        ("sip", "sip.tls", sip.tls_certificate.as_ref().zip(sip.tls_key.as_ref())),
        ("public", "public.tls", public.tls_certificate.as_ref().zip(public.tls_key.as_ref())),
    ];
    let finding = |(table, what, files): (&'static str, &'static str, Option<(&PathBuf, &PathBuf)>)| {
        let (certificate, key) = files?;
        Some(match Tls::load(table, certificate, key) {
            Ok(_) => good(what, format!("{} and its key fit together", certificate.display())),
            Err(error) => fail(what, error.to_string()),
        })
    };
    pairs.into_iter().filter_map(finding).collect()
}

fn http_port(what: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => good(what, format!("{address} is free")),
        Err(e) => fail(what, format!("{address}: {e}; is heardline running already? else choose another port")),
    }
}

fn rtp_ports(config: &Config) -> Finding {
    let range = config.sip.rtp_ports;
    let addresses: BTreeSet<IpAddr> = config.sip.listen.iter().map(|listen| listen.address().ip()).collect();
    let taken = |ip: &IpAddr| {
        (range.first..=range.last).step_by(64).filter(|port| UdpSocket::bind((*ip, *port)).is_err()).count()
    };
    let taken: usize = addresses.iter().map(taken).sum();
    let says = format!(
        "{}-{}: room for {} calls; open these UDP ports in the firewall",
        range.first,
        range.last,
        range.pairs()
    );
    if taken == 0 {
        good("sip.rtp_ports", says)
    } else {
        warn("sip.rtp_ports", format!("{says}; {taken} of the ports tried are taken by other programs"))
    }
}

/// An hour of one call is 58 MB; below this a busy day could fill the disk.
const COMFORTABLE: u64 = 5 << 30;

fn disk(config: &Config) -> Finding {
    let data = match DataDir::open(&config.data.dir) {
        Ok(data) => data,
        Err(e) => return fail("data.dir", e.to_string()),
    };
    match data.free_bytes() {
        Ok(free) => {
            let place = data.root().display();
            let floor = config.data.min_free_mib.saturating_mul(1 << 20);
            if free < floor {
                let floor = config.data.min_free_mib;
                let says =
                    format!("{place}: {} MiB free; calls are refused below {floor} (data.min_free_mib)", free >> 20);
                return fail("data.dir", format!("{says}; make room or lower it"));
            }
            let says = format!("{place}: writable, {} GiB free (58 MB an hour of call)", free >> 30);
            if free < COMFORTABLE { warn("data.dir", says) } else { good("data.dir", says) }
        }
        Err(e) => fail("data.dir", e.to_string()),
    }
}

/// 2026-01-01: this program did not exist before.
const EARLIEST_MS: i64 = 1_767_225_600_000;

fn clock() -> Finding {
    let clock = Clock::system();
    if clock.unix_ms() < EARLIEST_MS {
        fail(
            "clock",
            format!(
                "{} cannot be right; set the time (endpoints refuse signatures that are off by 5 minutes)",
                clock.timestamp()
            ),
        )
    } else {
        good("clock", format!("{}", clock.timestamp()))
    }
}

async fn endpoint(config: &Config) -> Finding {
    let Some(url) = &config.intake.url else {
        return good("intake.url", "built-in endpoint on the desk listener");
    };
    posted_to("intake.url", url, config.intake.allow_remote, "drafts").await
}

/// Whether an endpoint answers; `posts` are sent there.
async fn posted_to(what: &'static str, url: &str, remote: bool, posts: &str) -> Finding {
    let Some((host, port)) = place(url) else {
        return fail(what, format!("{url}: names no host"));
    };
    let place = if remote { format!("{posts} leave this machine for {host}:{port}") } else { format!("{host}:{port}") };
    match answers(&host, port).await {
        Ok(()) => good(what, format!("{place}; it answers")),
        Err(e) => warn(what, format!("{place}: {e}; {posts} wait and are delivered when it answers")),
    }
}

/// `None`: no traces are made.
async fn collector(config: &Config) -> Option<Finding> {
    let url = config.telemetry.otlp_endpoint.as_deref()?;
    let what = "telemetry";
    let Some((host, port)) = place(url) else {
        return Some(fail(what, format!("{url}: names no host")));
    };
    Some(match answers(&host, port).await {
        Ok(()) => good(what, format!("traces go to {host}:{port}; it answers")),
        Err(e) => warn(what, format!("{host}:{port}: {e}; calls go on, their traces are dropped until it answers")),
    })
}

/// Host and port of a URL.
fn place(url: &str) -> Option<(String, u16)> {
    let url = reqwest::Url::parse(url).ok()?;
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), url.port_or_known_default()?))
}

/// Whether something takes connections there, and if not, why.
async fn answers(host: &str, port: u16) -> Result<(), String> {
    let connecting = tokio::net::TcpStream::connect((host, port));
    match tokio::time::timeout(Duration::from_secs(5), connecting).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err("no answer within 5 s".into()),
    }
}

fn address(config: &Config) -> Finding {
    let beyond = config.sip.listen.iter().find(|listen| !listen.address().ip().is_loopback());
    match (beyond, config.sip.public_address) {
        (None, _) => good("sip", "loopback only: callers on this machine; for a phone line see README"),
        (Some(listen), None) if listen.address().ip().is_unspecified() => {
            fail("sip", format!("{listen}: set sip.public_address, or callers are told to send sound to 0.0.0.0"))
        }
        (Some(listen), None) => good("sip", format!("callers are told to send sound to {}", listen.address().ip())),
        (Some(_), Some(public)) => good("sip", format!("callers are told to send sound to {public}")),
    }
}
