//! `[desk]`: where the people who answer work.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::check::value_error;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Desk {
    pub listen: SocketAddr,
    /// Names people open it by, beside loopback's.
    pub hosts: Vec<String>,
    /// PEM files: with them it speaks https; read again on SIGHUP.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// A proxy with https stands in front.
    pub behind_proxy: bool,
    /// The proxy's addresses; its `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8311)),
            hosts: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Desk {
    /// People beyond this machine can reach it, so it needs accounts.
    pub fn is_for_others(&self) -> bool {
        self.behind_proxy || !self.listen.ip().is_loopback()
    }

    /// Certificate and key.
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        self.tls_certificate.as_deref().zip(self.tls_key.as_deref())
    }

    /// Where people open it, without a slash at the end; `bound`: the listener as it was bound.
    pub fn url(&self, bound: SocketAddr) -> String {
        let scheme = if self.behind_proxy || self.tls().is_some() { "https" } else { "http" };
        match self.hosts.first() {
            Some(host) if self.behind_proxy => format!("{scheme}://{host}"),
            Some(host) if self.tls().is_some() => format!("{scheme}://{host}:{}", bound.port()),
            _ => format!("{scheme}://{bound}"),
        }
    }
}

pub(super) fn check(desk: &Desk, path: &Path) -> Result<(), ConfigError> {
    let wrong = |key: &str, value: &dyn std::fmt::Display, expected: &str| value_error(path, key, value, expected);
    if desk.tls_certificate.is_some() != desk.tls_key.is_some() {
        return wrong("desk.tls_certificate", &"alone", "set desk.tls_certificate and desk.tls_key, or neither");
    }
    if !desk.listen.ip().is_loopback() && desk.tls().is_none() && !desk.behind_proxy {
        let expected = "beyond loopback (127.0.0.1:PORT) the desk needs https and accounts: set desk.tls_certificate and \
                        desk.tls_key, or desk.behind_proxy with desk.trusted_proxies; then heardline users add";
        return wrong("desk.listen", &desk.listen, expected);
    }
    if desk.behind_proxy == desk.trusted_proxies.is_empty() {
        let expected =
            "goes with desk.trusted_proxies: name the proxy's addresses there, for example [\"127.0.0.1/32\"]";
        return wrong("desk.behind_proxy", &desk.behind_proxy, expected);
    }
    if desk.is_for_others() && desk.hosts.is_empty() {
        let expected = "name what people open the desk by, for example [\"desk.city.example\"]";
        return wrong("desk.hosts", &"[]", expected);
    }
    match desk.hosts.iter().find(|host| !is_host(host)) {
        Some(host) => {
            let expected = "a name or address alone, in lower case and as browsers send it: \"desk.city.example\", \"192.0.2.7\", \"[::1]\"";
            wrong("desk.hosts", host, expected)
        }
        None => Ok(()),
    }
}

/// As a browser would write it into `Host`, without a port.
fn is_host(host: &str) -> bool {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._[]:".contains(c);
    let url = reqwest::Url::parse(&format!("http://{host}/"));
    host.chars().all(name)
        && url.is_ok_and(|url| url.host_str() == Some(host) && url.as_str() == format!("http://{host}/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn desk(keys: &str) -> Result<Desk, String> {
        let text = format!("[desk]\n{keys}\n");
        Config::parse(&text, Path::new("heardline.toml")).map(|config| config.desk).map_err(|error| error.to_string())
    }

    fn refused(keys: &str, words: &[&str]) {
        let said = desk(keys).unwrap_err();
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    }

    #[test]
    fn beyond_loopback_it_needs_https_and_a_name() {
        let far = "listen = \"192.0.2.7:443\"\n";
        refused(
            far,
            &["desk.listen", "192.0.2.7:443", "loopback", "desk.tls_certificate", "desk.behind_proxy", "users add"],
        );
        let files = "tls_certificate = \"a\"\ntls_key = \"b\"\n";
        refused(&format!("{far}{files}"), &["desk.hosts", "desk.city.example"]);
        refused("tls_key = \"b\"\n", &["desk.tls_certificate", "alone"]);
        assert!(desk(&format!("{far}{files}hosts = [\"desk.city.example\"]\n")).unwrap().is_for_others());
    }

    #[test]
    fn a_proxy_is_named_and_so_is_the_desk() {
        refused("behind_proxy = true\nhosts = [\"a.example\"]\n", &["desk.behind_proxy", "desk.trusted_proxies"]);
        refused("trusted_proxies = [\"127.0.0.1/32\"]\n", &["desk.behind_proxy", "false"]);
        refused("behind_proxy = true\ntrusted_proxies = [\"127.0.0.1/32\"]\n", &["desk.hosts"]);
        let keys = "behind_proxy = true\ntrusted_proxies = [\"127.0.0.1/32\"]\nhosts = [\"a.example\"]\n";
        assert!(desk(keys).unwrap().is_for_others(), "though it listens on loopback");
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for host in ["desk.city.example", "192.0.2.7", "[2001:db8::1]", "xn--fiqs8s.example"] {
            assert!(is_host(host), "{host}");
        }
        for no_host in [
            "",
            "desk.example:8311",
            "https://desk.example",
            "a/b",
            "a b",
            "a@b",
            "*.a.example",
            "Desk.example",
            "127.1",
        ] {
            assert!(!is_host(no_host), "{no_host}");
        }
        refused("hosts = [\"desk.example:8311\"]\n", &["desk.hosts", "desk.example:8311", "alone"]);
    }

    #[test]
    fn its_url_is_what_people_open() {
        let bound: SocketAddr = "192.0.2.7:8443".parse().unwrap();
        let mut desk = Desk { hosts: vec!["desk.example".into()], ..Desk::default() };
        assert_eq!(desk.url(bound), "http://192.0.2.7:8443");
        (desk.tls_certificate, desk.tls_key) = (Some("a".into()), Some("b".into()));
        assert_eq!(desk.url(bound), "https://desk.example:8443");
        desk.behind_proxy = true;
        assert_eq!(desk.url(bound), "https://desk.example");
    }
}
