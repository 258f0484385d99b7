//! What the types cannot say about a configuration.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Config, ConfigError, Line, SipListen, limits};
use crate::call::{Language, Script};

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
    super::desk::check(&config.desk, path)?;
    check_sip(config, path)?;
    super::webrtc::check(config, path)?;
    super::speech::check(config, path)?;
    super::llm::check(config, path)?;
    check_endpoint(config, path)?;
    super::emergency::check(config, path)?;
    check_collector(config, path)?;
    check_rules(config, path)?;
    super::urgency::check(config, path)?;
    super::review::check(config, path)?;
    check_lines(config, path)?;
    check_trunks(config, path)
}

fn check_sip(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let wrong = |key: &str, value: &dyn std::fmt::Display, expected: &str| value_error(path, key, value, expected);
    let sip = &config.sip;
    if sip.listen.is_empty() {
        return wrong("sip.listen", &"[]", "name at least one listener, for example [\"udp:127.0.0.1:5060\"]");
    }
    for listen in &sip.listen {
        let ip = listen.address().ip();
        if !ip.is_loopback() && !sip.open && config.trunks.is_empty() {
            return wrong(
                "sip.listen",
                listen,
                "beyond loopback, name who may call in a [[trunk]] with allow = [networks], or set sip.open = true",
            );
        }
        if ip.is_unspecified() && sip.public_address.is_none() {
            return wrong(
                "sip.listen",
                listen,
                "listens on every address, so say which one callers send sound to: set sip.public_address",
            );
        }
        if matches!(listen, SipListen::Tls(_)) && (sip.tls_certificate.is_none() || sip.tls_key.is_none()) {
            return wrong("sip.listen", listen, "TLS needs sip.tls_certificate and sip.tls_key (PEM files)");
        }
    }
    if sip.codecs.is_empty() {
        return wrong("sip.codecs", &"[]", "name at least one of \"opus\", \"g722\", \"pcmu\", \"pcma\"");
    }
    if sip.max_calls == 0 {
        return wrong("sip.max_calls", &0, "at least 1");
    }
    check_room(config, path)
}

/// Every call has its two ports.
pub(super) fn check_room(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let sip = &config.sip;
    if sip.rtp_ports.pairs() < sip.max_calls {
        let expected = format!(
            "a call needs two ports: widen the range to at least {} ports or lower sip.max_calls",
            sip.max_calls * 2
        );
        return value_error(path, "sip.rtp_ports", &String::from(sip.rtp_ports), &expected);
    }
    Ok(())
}

fn check_trunks(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let mut names = BTreeSet::new();
    for trunk in &config.trunks {
        if !names.insert(&trunk.name) {
            return value_error(path, "trunk.name", &trunk.name, "two trunks have this name; each needs its own");
        }
        if trunk.allow.is_empty() {
            return value_error(path, "trunk.allow", &"[]", "name at least one network, for example \"192.0.2.0/28\"");
        }
        if trunk.max_calls == Some(0) || trunk.calls_per_second == Some(0) {
            return value_error(path, "trunk.max_calls", &0, "at least 1; to shut a trunk out, remove it");
        }
    }
    Ok(())
}

fn check_collector(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let Some(url) = &config.telemetry.otlp_endpoint else { return Ok(()) };
    let wrong = |expected: &str| value_error(path, "telemetry.otlp_endpoint", url, expected);
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return wrong("not a URL; write for example \"http://127.0.0.1:4318/v1/traces\"");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return wrong("only http and https");
    }
    match is_local(&parsed) {
        None => wrong("names no host"),
        Some(false) if !config.telemetry.allow_remote => {
            wrong("beyond this machine; say it explicitly with telemetry.allow_remote = true")
        }
        Some(_) => Ok(()),
    }
}

/// Whether the URL's host is this machine; `None` without a host.
pub(super) fn is_local(url: &reqwest::Url) -> Option<bool> {
    Some(match url.host_str()? {
        "localhost" => true,
        host => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
    })
}

pub(super) fn value_error<T>(
    path: &Path,
    key: &str,
    value: &dyn std::fmt::Display,
    expected: &str,
) -> Result<T, ConfigError> {
    Err(ConfigError::Value { path: path.into(), key: key.into(), value: value.to_string(), expected: expected.into() })
}

fn check_endpoint(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let Some(url) = &config.intake.url else { return Ok(()) };
    check_posted_to(path, "intake.url", url, "intake.allow_remote", config.intake.allow_remote).map(drop)
}

/// A URL that callers' words are posted to. `allow`: the key that lets it be beyond this machine.
pub(super) fn check_posted_to(
    path: &Path,
    key: &str,
    url: &str,
    allow: &str,
    allowed: bool,
) -> Result<reqwest::Url, ConfigError> {
    let wrong = |expected: &str| value_error(path, key, &url, expected);
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return wrong("not a URL; write for example \"http://127.0.0.1:9000/drafts\"");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return wrong("only http and https");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return wrong("no user or password in the URL; deliveries are signed (Standard Webhooks)");
    }
    let Some(local) = is_local(&parsed) else { return wrong("names no host") };
    if !local && !allowed {
        return wrong(&format!(
            "beyond this machine; what is posted is callers' words, so say it explicitly with {allow} = true"
        ));
    }
    if !local && parsed.scheme() == "http" {
        return wrong("beyond this machine only https");
    }
    Ok(parsed)
}

fn check_rules(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let rules = &config.call;
    for (key, value) in [
        ("call.silence_ask_s", rules.silence_ask_s),
        ("call.silence_end_s", rules.silence_end_s),
        ("call.follow_up_after_s", rules.follow_up_after_s),
        ("call.no_media_s", rules.no_media_s),
        ("call.media_lost_s", rules.media_lost_s),
    ] {
        if !(1..=3600).contains(&value) {
            return value_error(path, key, &value, "1 to 3600 seconds");
        }
    }
    if rules.drain_s > 3600 {
        return value_error(path, "call.drain_s", &rules.drain_s, "0 to 3600 seconds");
    }
    if rules.warn_after_s >= rules.end_after_s || rules.end_after_s > 3 * 3600 {
        return value_error(
            path,
            "call.end_after_s",
            &rules.end_after_s,
            "above call.warn_after_s, so that nobody is cut off without a warning, and at most 10800 seconds",
        );
    }
    Ok(())
}

/// A name that callers may say.
pub(super) fn is_name(name: &str) -> bool {
    name.trim() == name
        && name.contains(char::is_alphanumeric)
        && !name.contains(char::is_control)
        && name.chars().count() <= limits::HOT_WORD_CHARS
}

/// How Chinese is written, and the names that callers say.
fn check_words(line: &Line, path: &Path) -> Result<(), ConfigError> {
    let chinese = line.languages.iter().any(|language| matches!(language, Language::Zh | Language::Yue));
    if let Some(script) = line.script.filter(|_| !chinese) {
        let written = match script {
            Script::Simplified => "zh-Hans",
            Script::Traditional => "zh-Hant",
        };
        let expected = "only for a line with \"zh\" or \"yue\" in line.languages; leave it out";
        return value_error(path, "line.script", &written, expected);
    }
    if line.hot_words.len() > limits::HOT_WORDS {
        let expected = format!("at most {} names; keep those that callers say most", limits::HOT_WORDS);
        return value_error(path, "line.hot_words", &format!("{} names", line.hot_words.len()), &expected);
    }
    match line.hot_words.iter().find(|name| !is_name(name)) {
        Some(name) => {
            let expected = format!(
                "each a name of 1 to {} characters, without space around it and without control characters",
                limits::HOT_WORD_CHARS
            );
            value_error(path, "line.hot_words", &format!("{name:?}"), &expected)
        }
        None => Ok(()),
    }
}

fn check_lines(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let wrong = |key: &str, value: &str, expected: &str| value_error(path, key, &value, expected);
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
        if !(1..=36_500).contains(&line.retention_days) {
            return wrong("line.retention_days", &line.retention_days.to_string(), "1 to 36500 days");
        }
        if jiff::tz::TimeZone::get(&line.time_zone).is_err() {
            let expected =
                "no time zone of the IANA database; write for example \"Asia/Hong_Kong\" or \"America/New_York\"";
            return wrong("line.time_zone", &line.time_zone, expected);
        }
        super::transfer::check(line, path)?;
        check_words(line, path)?;
        for region in &line.regions {
            if !matches!(region.as_str(), "CN" | "HK" | "US" | "CA" | "GB") {
                return wrong("line.regions", region, "numbering plans known: CN, HK, US, CA, GB");
            }
        }
    }
    Ok(())
}
