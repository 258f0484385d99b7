//! The messages of RFC 4475 and RFC 5118, where they are at hand, in the screen alone; `tests/torture.rs` of the
//! project sends them to a whole gateway.

use std::path::{Path, PathBuf};

use super::super::screen::{STACK_DATAGRAM, Verdict, screen};

fn folder() -> PathBuf {
    std::env::var_os("HEARDLINE_TORTURE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from)
}

#[test]
fn no_request_of_the_rfcs_is_met_with_silence_no_response_is_answered_and_a_repair_needs_no_other() {
    let source = "192.0.2.1:5060".parse().unwrap();
    for rfc in ["rfc4475", "rfc5118"] {
        let Ok(files) = std::fs::read_dir(folder().join(rfc)) else {
            println!("skipped: no messages of {rfc} at {}", folder().display());
            continue;
        };
        let files = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "dat"));
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            let verdict = screen(&bytes, source, STACK_DATAGRAM);
            let is_request = !bytes.starts_with(b"SIP/");
            let said = match &verdict {
                Verdict::Answer { status, reason, .. } => format!("{status} {reason}"),
                Verdict::Drop(reason) => format!("drop {reason}"),
                Verdict::Pass => "pass".into(),
                Verdict::Repaired(_) => "repaired".into(),
            };
            println!("{name:30} {said}");
            assert!(!is_request || !matches!(verdict, Verdict::Drop(_)), "{name}: silence");
            assert!(is_request || !matches!(verdict, Verdict::Answer { .. }), "{name}: a response was answered");
            if let Verdict::Repaired(written) = verdict {
                assert_eq!(screen(&written, source, STACK_DATAGRAM), Verdict::Pass, "{name}");
            }
        }
    }
}
