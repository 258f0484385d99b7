//! The gateway as a process of its own, so that its memory is its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::common::bundled;

pub struct Served {
    process: Child,
    pub sip: SocketAddr,
    desk: SocketAddr,
    folder: TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone_already = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Served {
    pub fn start() -> Self {
        let _installed_already = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("a folder for the data");
        let file = folder.path().join("heardline.toml");
        let config = format!(
            "[data]\ndir = \"{}/data\"\n[desk]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n\
             [sip]\nlisten = [\"udp:127.0.0.1:0\"]\n",
            folder.path().display()
        );
        std::fs::write(&file, config).expect("its configuration");
        let log = File::create(folder.path().join("log")).expect("its log");
        let mut process = Command::new(env!("CARGO_BIN_EXE_heardline"))
            .current_dir(bundled(""))
            .args(["serve", "--config"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program");
        let stdout = process.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("text"));
        let mut after = |label: &str, prefix: &str| -> SocketAddr {
            let line = lines.find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("no {label} line"));
            let rest = line.split(prefix).nth(1).expect("an address");
            rest.split([' ', '/']).next().and_then(|address| address.parse().ok()).expect("an address")
        };
        let sip = after("calls", "sip:");
        let desk = after("desk", "http://");
        Self { process, sip, desk, folder }
    }

    /// Resident memory, kB.
    pub fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    pub fn assert_unharmed(&mut self) {
        assert_eq!(self.process.try_wait().expect("our child"), None, "the gateway ended");
        let log = std::fs::read_to_string(self.folder.path().join("log")).expect("its log");
        let panics: Vec<_> = log.lines().filter(|line| line.contains("panicked")).collect();
        assert!(panics.is_empty(), "{panics:#?}");
    }

    /// How many calls there are, and how many of them have not ended.
    pub async fn calls(&self) -> (usize, usize) {
        let (mut all, mut open, mut before) = (0, 0, String::new());
        loop {
            let url = format!("http://{}/api/calls{before}", self.desk);
            let answer = reqwest::get(url).await.expect("the desk answers").text().await.expect("text");
            let page: Value = serde_json::from_str(&answer).expect("JSON");
            let calls = page["calls"].as_array().expect("calls");
            all += calls.len();
            open += calls.iter().filter(|call| !matches!(call["state"].as_str(), Some("done" | "refused"))).count();
            match page["next"].as_str() {
                Some(next) => before = format!("?before={next}"),
                None => return (all, open),
            }
        }
    }
}
