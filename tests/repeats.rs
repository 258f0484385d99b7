//! A caller who calls again about the same thing is shown as such; nothing is merged.

mod common;

use tempfile::TempDir;

use common::served::{Served, call};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_call_about_the_same_matter_names_the_first_and_is_its_own_ticket() {
    let folder = TempDir::new().unwrap();
    let gateway = Served::start(folder.path(), "", "", None);
    call(gateway.sip, "en-streetlight").await;
    let first = gateway.all_delivered(1).await.remove(0);
    assert_eq!(first["draft"]["related"].as_array().map(Vec::len), Some(0), "nobody called before");
    call(gateway.sip, "en-streetlight").await;
    let calls = gateway.all_delivered(2).await;
    let second = calls.iter().find(|call| call["id"] != first["id"]).unwrap();
    let related = second["draft"]["related"].as_array().unwrap();
    assert_eq!(related.len(), 1, "{related:?}");
    assert_eq!((&related[0]["call_id"], &related[0]["ref"]), (&first["id"], &first["reference"]));
    assert_eq!(related[0]["relation"], "near_duplicate");
    assert!(related[0]["score"].as_f64().unwrap() > 0.9, "the same words, place and number: {related:?}");
    assert_ne!(second["reference"], first["reference"], "a person decides whether both are one");
}
