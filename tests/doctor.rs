//! `heardline doctor` finds what would keep calls from being taken, and says what to do about it.

mod common;

use tempfile::TempDir;

use common::served::{configuration, heardline};

async fn findings(folder: &TempDir, more: &str) -> (Option<i32>, String) {
    let config = configuration(folder.path(), "", more);
    let (code, said, _) = heardline(&["doctor", "--config", config.to_str().unwrap()]).await;
    (code, said)
}

#[tokio::test]
async fn a_certificate_whose_key_does_not_fit_is_found_before_a_port_is_bound() {
    let folder = TempDir::new().unwrap();
    let names = vec!["localhost".to_owned()];
    let (one, other) = (
        rcgen::generate_simple_self_signed(names.clone()).unwrap(),
        rcgen::generate_simple_self_signed(names).unwrap(),
    );
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let certificate = file("tls.pem", one.cert.pem());
    let fits = file("tls.key", one.signing_key.serialize_pem());
    let foreign = file("other.key", other.signing_key.serialize_pem());
    let empty = file("empty.pem", String::new());
    let with = |certificate: &str, key: &str| {
        format!("[sip]\nlisten = [\"tls:127.0.0.1:0\"]\ntls_certificate = \"{certificate}\"\ntls_key = \"{key}\"\n")
    };
    let (_, said) = findings(&folder, &with(&certificate, &fits)).await;
    assert!(said.contains("and its key fit together"), "{said}");
    for (certificate, key, named) in
        [(&certificate, &foreign, &foreign), (&empty, &fits, &empty), (&certificate, &empty, &empty)]
    {
        let (code, said) = findings(&folder, &with(certificate, key)).await;
        assert_eq!(code, Some(64), "{said}");
        let line = said.lines().find(|line| line.contains("sip.tls")).unwrap();
        assert!(line.starts_with("FAIL") && line.contains(named.as_str()), "{line}");
    }
}

#[tokio::test]
async fn where_callers_can_be_put_through_to_is_read_out() {
    let folder = TempDir::new().unwrap();
    for (more, says) in [
        ("", "no line has an emergency_transfer"),
        ("[[line]]\nemergency_transfer = \"sip:112@trunk.example\"\n", "to sip:112@trunk.example"),
    ] {
        let (_, said) = findings(&folder, more).await;
        let line = said.lines().find(|line| line.contains("transfers")).unwrap();
        assert!(line.starts_with("ok") && line.contains(says), "{line}");
    }
}

#[tokio::test]
async fn too_little_room_and_an_absent_collector_are_named() {
    let folder = TempDir::new().unwrap();
    let (code, said) = findings(&folder, "[telemetry]\notlp_endpoint = \"http://127.0.0.1:9/v1/traces\"\n").await;
    let line = said.lines().find(|line| line.contains("telemetry")).unwrap();
    assert!(code == Some(0) && line.starts_with("WARN") && line.contains("calls go on"), "{said}");
    let data = format!("[data]\ndir = \"{}\"\nmin_free_mib = 99999999999\n", folder.path().join("d").display());
    let (code, said) = findings(&folder, &data).await;
    let line = said.lines().find(|line| line.contains("data.dir")).unwrap();
    assert!(code == Some(64) && line.starts_with("FAIL") && line.contains("min_free_mib"), "{said}");
}
