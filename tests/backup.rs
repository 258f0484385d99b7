//! `heardline backup` in service, and a restore of it: calls in flight are carried on, nothing is delivered as new twice.

mod common;

use std::collections::HashMap;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use common::endpoint::{Post, Reply, ScriptedEndpoint};
use common::served::{Served, call, configuration, heardline, until};

fn webhook_id(post: &Post) -> String {
    post.headers["webhook-id"].to_str().unwrap().to_owned()
}

fn of_call(posts: &[Post]) -> HashMap<String, Vec<Post>> {
    let mut found: HashMap<String, Vec<Post>> = HashMap::new();
    for post in posts {
        let draft: Value = serde_json::from_slice(&post.body).unwrap();
        let call = draft.pointer("/call/id").or_else(|| draft.pointer("/call/call_id")).unwrap().as_str().unwrap();
        found.entry(call.to_owned()).or_default().push(post.clone());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_in_mid_call_is_restored_and_carried_on() {
    let folder = TempDir::new().unwrap();
    let mut endpoint = ScriptedEndpoint::start().await;
    let mut gateway = Served::start(folder.path(), &endpoint.url(), "", None);
    call(gateway.sip, "zh-water").await;
    gateway.all_delivered(1).await;
    endpoint.always(Reply::Status(503));
    call(gateway.sip, "en-gas").await;
    endpoint.wait_for(2).await;
    let speaking = tokio::spawn(call(gateway.sip, "en-streetlight"));
    gateway.two_sentences().await;

    let backup = folder.path().join("backup");
    let target = backup.to_str().unwrap();
    let (code, said, error) = heardline(&["backup", target, "--config", gateway.config.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("3 recordings") && said.contains("read back and compared"), "{said}");
    let (code, _, error) = heardline(&["backup", target, "--config", gateway.config.to_str().unwrap()]).await;
    assert!(code == Some(1) && error.contains("not empty"), "{error}");

    // The gateway never noticed: the call ends by itself and all drafts go out.
    speaking.await.unwrap();
    endpoint.always(Reply::Status(202));
    gateway.signal(Signal::TERM);
    let (status, said) = gateway.ended().await;
    assert!(status.success(), "{said}");
    let first_life = endpoint.posts();

    let other = TempDir::new().unwrap();
    let config = configuration(other.path(), &endpoint.url(), "");
    let (code, said, error) = heardline(&["restore", target, "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("3 recordings"), "{said}");
    let (code, _, error) = heardline(&["restore", target, "--config", config.to_str().unwrap()]).await;
    assert!(code == Some(1) && error.contains("not empty"), "nothing is overwritten: {error}");

    let again = Served::start_with(config, |_| ());
    let calls = again.all_delivered(3).await;
    let cause = |n: usize| calls[n]["cause"].as_str().unwrap();
    assert_eq!((cause(0), cause(1), cause(2)), ("interrupted", "caller_hangup", "caller_hangup"), "newest first");
    let second_life = until("both drafts delivered", async || {
        let posts = endpoint.posts().split_off(first_life.len());
        (of_call(&posts).len() == 2).then_some(posts)
    })
    .await;
    let (before, after) = (of_call(&first_life), of_call(&second_life));
    let id = |n: usize| calls[n]["id"].as_str().unwrap();
    assert!(!after.contains_key(id(2)), "what was delivered before the backup is not sent again");
    assert_eq!(webhook_id(&after[id(1)][0]), webhook_id(&before[id(1)][0]), "owed then, sent with the same webhook-id");
    assert_eq!(after[id(1)][0].body, before[id(1)][0].body);
    assert!(String::from_utf8_lossy(&after[id(0)][0].body).to_lowercase().contains("street light"));
    assert_eq!(again.status(&format!("/api/calls/{}/recording", id(0))).await, 200);
}
