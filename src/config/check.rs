//! What the types cannot say about a configuration.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Config, ConfigError};

/// toml's error as one line: where, the line itself, what is wrong.
pub(super) fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().trim().replace('\n', " ");
    let Some(span) = error.span() else { return message };
    let before = text.get(..span.start).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    format!("line {number}: {line}: {message}")
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let wrong = |key: &str, value: &dyn std::fmt::Display, expected: &str| {
        Err(ConfigError::Value {
            path: path.into(),
            key: key.into(),
            value: value.to_string(),
            expected: expected.into(),
        })
    };

    if !config.desk.listen.ip().is_loopback() {
        return wrong(
            "desk.listen",
            &config.desk.listen,
            "the desk has no accounts yet, so it listens on loopback only (127.0.0.1:PORT); put a proxy with a login in front of it",
        );
    }
    if config.sip.listen.is_empty() {
        return wrong("sip.listen", &"[]", "name at least one listener, for example [\"udp:127.0.0.1:5060\"]");
    }
    for listen in &config.sip.listen {
        let address = listen.address();
        if !address.is_ipv4() {
            return wrong("sip.listen", listen, "IPv4 addresses only in this version");
        }
        if !address.ip().is_loopback() && !config.sip.open && config.trunks.is_empty() {
            return wrong(
                "sip.listen",
                listen,
                "beyond loopback, name who may call in a [[trunk]] with allow = [networks], or set sip.open = true",
            );
        }
    }
    if let Some(listen) = config.sip.listen.iter().find(|listen| listen.address().ip().is_unspecified())
        && config.sip.public_address.is_none()
    {
        return wrong(
            "sip.listen",
            listen,
            "listens on every address, so say which one callers send sound to: set sip.public_address",
        );
    }
    if config.sip.max_calls == 0 {
        return wrong("sip.max_calls", &0, "at least 1");
    }
    if config.sip.rtp_ports.pairs() < config.sip.max_calls {
        let range = String::from(config.sip.rtp_ports);
        return wrong(
            "sip.rtp_ports",
            &range,
            &format!(
                "a call needs two ports: widen the range to at least {} ports or lower sip.max_calls",
                config.sip.max_calls * 2
            ),
        );
    }
    check_endpoint(config, path)?;
    check_rules(config, path)?;
    check_lines(config, path)
}

fn check_endpoint(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let Some(url) = &config.intake.url else { return Ok(()) };
    let wrong = |expected: &str| {
        Err(ConfigError::Value {
            path: path.into(),
            key: "intake.url".into(),
            value: url.clone(),
            expected: expected.into(),
        })
    };
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return wrong("not a URL; write for example \"http://127.0.0.1:9000/drafts\"");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return wrong("only http and https");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return wrong("no user or password in the URL; deliveries are signed (Standard Webhooks)");
    }
    let local = match parsed.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => return wrong("names no host"),
    };
    if !local && !config.intake.allow_remote {
        return wrong(
            "beyond this machine; drafts are callers' words, so say it explicitly with intake.allow_remote = true",
        );
    }
    if !local && parsed.scheme() == "http" {
        return wrong("beyond this machine only https");
    }
    Ok(())
}

fn check_rules(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let rules = &config.call;
    for (key, value) in [
        ("call.silence_ask_s", rules.silence_ask_s),
        ("call.silence_end_s", rules.silence_end_s),
        ("call.no_media_s", rules.no_media_s),
        ("call.media_lost_s", rules.media_lost_s),
    ] {
        if !(1..=3600).contains(&value) {
            return Err(ConfigError::Value {
                path: path.into(),
                key: key.into(),
                value: value.to_string(),
                expected: "1 to 3600 seconds".into(),
            });
        }
    }
    if rules.warn_after_s >= rules.end_after_s || rules.end_after_s > 3 * 3600 {
        return Err(ConfigError::Value {
            path: path.into(),
            key: "call.end_after_s".into(),
            value: rules.end_after_s.to_string(),
            expected: "above call.warn_after_s, so that nobody is cut off without a warning, and at most 10800 seconds"
                .into(),
        });
    }
    Ok(())
}

fn check_lines(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let wrong = |key: &str, value: &str, expected: &str| {
        Err(ConfigError::Value { path: path.into(), key: key.into(), value: value.into(), expected: expected.into() })
    };
    let mut names = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for line in &config.lines {
        if !names.insert(&line.name) {
            return wrong("line.name", &line.name, "two lines have this name; each needs its own");
        }
        for number in &line.numbers {
            if !numbers.insert(number) {
                return wrong("line.numbers", number, "reaches two lines; give it to one");
            }
        }
        if line.languages.is_empty() {
            return wrong("line.languages", "[]", "name at least one of \"en\", \"zh\", \"yue\"");
        }
        for region in &line.regions {
            if !matches!(region.as_str(), "CN" | "HK" | "US" | "CA" | "GB") {
                return wrong("line.regions", region, "numbering plans known: CN, HK, US, CA, GB");
            }
        }
    }
    Ok(())
}
