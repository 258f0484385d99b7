//! Who is told at once when a caller is heard to be in danger, and how soon a person must have taken it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::check::{check_posted_to, value_error};
use super::{Config, ConfigError};

/// Endpoints beside the desk; more would delay each other.
const MOST_URLS: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Emergency {
    /// Where the event is posted. Empty: the built-in endpoint on the desk listener.
    pub urls: Vec<String>,
    /// Without an acknowledgement at the desk by then it is counted and logged as an error, seconds.
    pub acknowledge_within_s: u64,
    /// Tell the caller to hang up and dial the line's emergency number.
    pub notice: bool,
    /// The endpoints may be beyond this machine.
    pub allow_remote: bool,
}

impl Default for Emergency {
    fn default() -> Self {
        Self { urls: Vec::new(), acknowledge_within_s: 60, notice: true, allow_remote: false }
    }
}

impl Emergency {
    /// (name in the store, URL) of each endpoint. A name stays with its URL wherever it stands in the list; it holds no
    /// query, which may be a secret.
    pub fn endpoints(&self) -> Vec<(String, reqwest::Url)> {
        let parsed = self.urls.iter().filter_map(|url| reqwest::Url::parse(url).ok());
        parsed.map(|url| (name_of(&url), url)).collect()
    }
}

fn name_of(url: &reqwest::Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("emergency {}{port}{}", url.host_str().unwrap_or_default(), url.path())
}

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let emergency = &config.emergency;
    let within = emergency.acknowledge_within_s;
    if !(1..=3600).contains(&within) {
        return value_error(path, "emergency.acknowledge_within_s", &within, "1 to 3600 seconds");
    }
    if emergency.urls.len() > MOST_URLS {
        let expected = format!("at most {MOST_URLS} endpoints; let one of them pass it on");
        return value_error(path, "emergency.urls", &format!("{} URLs", emergency.urls.len()), &expected);
    }
    let mut names = BTreeSet::new();
    for url in &emergency.urls {
        let parsed = check_posted_to(path, "emergency.urls", url, "emergency.allow_remote", emergency.allow_remote)?;
        if !names.insert(name_of(&parsed)) {
            return value_error(path, "emergency.urls", url, "host and path stand in the list twice; name each once");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Emergency, String> {
        let config = Config::parse(&format!("[emergency]\n{text}"), Path::new("heardline.toml"));
        config.map(|config| config.emergency).map_err(|error| error.to_string())
    }

    #[test]
    fn by_default_the_desk_is_told_and_has_a_minute_and_the_caller_is_told_what_to_dial() {
        assert_eq!(parse("").unwrap(), Emergency::default());
        assert!(Emergency::default().endpoints().is_empty());
    }

    #[test]
    fn each_endpoint_has_a_name_of_its_own_that_shows_no_secret() {
        let some =
            parse("urls = [\"http://127.0.0.1:9/a?key=s3cret\", \"https://alarm.example/b\"]\nallow_remote = true");
        let names: Vec<_> = some.unwrap().endpoints().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["emergency 127.0.0.1:9/a", "emergency alarm.example/b"]);
    }

    #[test]
    fn a_wrong_endpoint_or_time_is_named_with_what_would_be_right() {
        let nine = format!(
            "urls = [{}]",
            (1..=9).map(|n| format!("\"http://127.0.0.1:{n}/\"")).collect::<Vec<_>>().join(", ")
        );
        for (text, says) in [
            ("urls = [\"alarm.example\"]", "emergency.urls = alarm.example: not a URL"),
            ("urls = [\"ftp://127.0.0.1/\"]", "only http and https"),
            ("urls = [\"https://a:b@127.0.0.1/\"]", "deliveries are signed"),
            ("urls = [\"https://alarm.example/\"]", "emergency.allow_remote = true"),
            ("urls = [\"http://alarm.example/\"]\nallow_remote = true", "beyond this machine only https"),
            ("urls = [\"http://[::1]/x\", \"http://[::1]/x?y\"]", "name each once"),
            ("acknowledge_within_s = 0", "emergency.acknowledge_within_s = 0: 1 to 3600 seconds"),
            (nine.as_str(), "at most 8 endpoints"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
