//! What would keep calls from browsers from being taken.

use std::net::{IpAddr, UdpSocket};

use super::{Finding, fail, good, warn};
use crate::config::Config;
use crate::ingress::webrtc::IceServers;
use crate::ingress::webrtc::token::Tokens;
use crate::ops::clock::Clock;
use crate::review::caller_page_is_built;

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    if !config.webrtc.enabled {
        return vec![good("webrtc", "off: no calls from browsers (webrtc.enabled = false)")];
    }
    let mut findings = vec![ports(config), reach(config)];
    findings.extend(keys(config));
    findings
}

fn ports(config: &Config) -> Finding {
    let (range, own) = (config.webrtc.udp_ports, [config.public.listen.ip()]);
    let addresses = if config.webrtc.addresses.is_empty() { &own[..] } else { &config.webrtc.addresses };
    let count = usize::from(range.last - range.first) + 1;
    let says = format!("{}-{}: room for {count} calls; open these UDP ports in the firewall", range.first, range.last);
    let free = |ip: &IpAddr| (range.first..=range.last).step_by(64).all(|port| UdpSocket::bind((*ip, port)).is_ok());
    if addresses.iter().all(free) {
        good("webrtc", says)
    } else {
        warn("webrtc", format!("{says}; some are taken by other programs, or webrtc.addresses are not of this machine"))
    }
}

fn reach(config: &Config) -> Finding {
    if !caller_page_is_built() {
        let says = "this program was built without the caller's page; run scripts/setup web and build it again";
        return warn("caller's page", says);
    }
    let (listen, proxied) = (config.public.listen, !config.public.trusted_proxies.is_empty());
    match (config.public.tls_certificate.is_some(), listen.ip().is_loopback()) {
        (true, _) => good("caller's page", format!("https://{listen}/call/LINE")),
        (false, _) if proxied => good("caller's page", format!("http://{listen}/call/LINE, for your proxy with https")),
        (false, true) => good("caller's page", format!("http://{listen}/call/LINE: for browsers on this machine only")),
        (false, false) => {
            let says = "browsers give the microphone to https pages only: set public.tls_certificate and public.tls_key, \
                        or put a proxy in front and name it in public.trusted_proxies";
            warn("caller's page", format!("http://{listen}/call/LINE: {says}"))
        }
    }
}

fn keys(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match Tokens::load(&config.webrtc, Clock::system()) {
        Ok(None) => {}
        Ok(Some(_)) => findings.push(good("token_key", "callers' signed identities are checked")),
        Err(error) => findings.push(fail("token_key", error.to_string())),
    }
    if !config.ice_servers.is_empty() {
        findings.push(match IceServers::load(&config.ice_servers) {
            Ok(_) => good("ice_server", "callers' browsers are told of these"),
            Err(error) => fail("ice_server", error.to_string()),
        });
    }
    findings
}
