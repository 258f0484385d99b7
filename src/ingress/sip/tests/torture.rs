//! The messages of RFC 4475, where they are at hand.

use std::path::PathBuf;

use super::super::screen::{STACK_DATAGRAM, Verdict, screen};

#[test]
fn no_rfc_4475_request_is_met_with_silence_and_no_response_is_answered() {
    let folder = std::env::var("HEARDLINE_TORTURE_DIR").unwrap_or_else(|_| "../shared/data".into());
    let folder = PathBuf::from(folder).join("rfc4475");
    let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        println!("skipped: no RFC 4475 messages at {}", folder.display());
        return;
    };
    let source = "192.0.2.1:5060".parse().unwrap();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (file, class, expected) = (columns[1], columns[4], columns[6]);
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let verdict = screen(&bytes, source, STACK_DATAGRAM);
        let said = match &verdict {
            Verdict::Answer { status, .. } => status.to_string(),
            Verdict::Drop(reason) => format!("drop {reason}"),
            Verdict::Pass => "pass".into(),
            Verdict::Repaired(_) => "repaired".into(),
        };
        println!("{file:16} {class:12} {said:16} {expected}");
        let is_request = !bytes.starts_with(b"SIP/");
        assert!(!is_request || !matches!(verdict, Verdict::Drop(_)), "{file}: silence");
        assert!(is_request || !matches!(verdict, Verdict::Answer { .. }), "{file}: a response was answered");
        if class == "invalid" && expected.starts_with("400 ") && !expected.contains("liberal") {
            assert_eq!(said, "400", "{file}");
        }
    }
}
