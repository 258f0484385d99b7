//! The service unit keeps what it promises: hardened, patient enough for a drain, room for every call.

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use common::bundled;
use heardline::config::{Config, limits};
use heardline::gateway::Gateway;

fn unit() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(bundled("deploy/heardline.service")).unwrap();
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with(['#', '['])) {
        if let Some((key, value)) = line.split_once('=') {
            keys.entry(key.to_owned()).or_default().push(value.to_owned());
        }
    }
    keys
}

#[test]
fn the_unit_is_hardened_and_waits_longer_than_a_drain_takes() {
    let unit = unit();
    let has = |key: &str, value: &str| {
        assert!(
            unit.get(key).is_some_and(|values| values.iter().any(|v| v == value)),
            "{key}={value}: {:?}",
            unit.get(key)
        );
    };
    for (key, value) in [
        ("Type", "notify"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("StateDirectory", "heardline"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("CapabilityBoundingSet", ""),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallFilter", "@system-service"),
        ("MemoryDenyWriteExecute", "yes"),
        ("LimitCORE", "0"),
        ("RestartPreventExitStatus", "64"),
    ] {
        has(key, value);
    }
    let number = |key: &str| unit[key][0].parse::<u64>().unwrap();
    let drain = Config::standard().call.drain_s + Gateway::GRACE.as_secs();
    assert!(number("TimeoutStopSec") > drain, "a drain takes up to {drain} s");
    // Two sockets, a recording opened twice, and one connection a call, then the connections of strangers.
    let files = limits::MAX_CALLS * 5 + limits::MAX_SIP_CONNECTIONS;
    assert!(number("LimitNOFILE") > files as u64, "{files} files at most");
}

#[test]
fn systemd_itself_finds_no_fault_with_the_unit() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        println!("deploy: not checked by systemd-analyze: it is not installed here");
        return;
    };
    assert!(version.status.success());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("heardline.service");
    let text = std::fs::read_to_string(bundled("deploy/heardline.service")).unwrap();
    std::fs::write(&file, text.replace("/usr/local/bin/heardline", env!("CARGO_BIN_EXE_heardline"))).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && !said.contains("heardline.service"), "{said}");
    // Exposure 0 (none) to 100; a service without any hardening has 96.
    let security = ["security", "--offline=yes", "--threshold=20"];
    let rated = Command::new("systemd-analyze").args(security).arg(&file).output().unwrap();
    assert!(rated.status.success(), "{}", String::from_utf8_lossy(&rated.stdout));
}
