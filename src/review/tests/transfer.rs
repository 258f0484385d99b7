//! Passing a caller on, at the desk: shown, asked for once, written down.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Answer, TestDesk};
use crate::call::{CallId, CallState, Origin, Transfer, TransferState};
use crate::review::{NotPossible, Transfers};

pub(super) const TO: &str = "sip:999@trunk.example";

/// A line that takes every wish.
#[derive(Default)]
pub(super) struct FakeLine(pub Mutex<HashMap<CallId, Transfer>>);

impl Transfers for FakeLine {
    fn of(&self, call: CallId) -> Option<Transfer> {
        self.0.lock().unwrap().get(&call).cloned()
    }

    fn ask(&self, call: CallId) -> Result<(), NotPossible> {
        let mut calls = self.0.lock().unwrap();
        let transfer = calls.get_mut(&call).ok_or(NotPossible::Nowhere)?;
        match transfer.state {
            TransferState::Asked => Err(NotPossible::UnderWay),
            TransferState::Done => Err(NotPossible::Over),
            TransferState::Possible | TransferState::Failed => {
                transfer.state = TransferState::Asked;
                Ok(())
            }
        }
    }
}

impl TestDesk {
    /// A live call that can be passed on.
    pub(super) fn add_transferable(&self) -> CallId {
        let call = self.add_call(CallState::Live);
        self.line.0.lock().unwrap().insert(call, Transfer::possible(TO));
        call
    }

    async fn shown(&self, call: CallId) -> Value {
        self.get(&format!("/api/calls/{call}")).await.json()["transfer"].clone()
    }
}

async fn ask(desk: &TestDesk, call: &str) -> Answer {
    let own = format!("Origin: {}", desk.origin());
    desk.ask("POST", &format!("/api/calls/{call}/transfer"), &[&own], b"").await
}

fn why(answer: &Answer) -> String {
    assert_eq!(answer.status, 409, "{answer:?}");
    let problem = answer.json();
    assert!(problem["type"].as_str().unwrap().ends_with("transfer"), "{problem}");
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_live_call_is_passed_on_once_and_shows_how_far_it_is() {
    let desk = TestDesk::start().await;
    let call = desk.add_transferable();
    let to = "999 (sip:999@trunk.example)";
    assert_eq!(desk.shown(call).await, json!({"to": to, "state": "possible", "detail": null}));
    let taken = ask(&desk, &call.to_string()).await;
    assert_eq!((taken.status, taken.json()), (202, json!({"state": "asked"})));
    assert_eq!(desk.shown(call).await["state"], "asked");
    assert_eq!(why(&ask(&desk, &call.to_string()).await), "the caller is being passed on already");
    let busy = Transfer { to: TO.into(), state: TransferState::Failed, detail: Some("busy".into()) };
    desk.line.0.lock().unwrap().insert(call, busy);
    assert_eq!(desk.shown(call).await, json!({"to": to, "state": "failed", "detail": "busy"}));
    assert_eq!(ask(&desk, &call.to_string()).await.status, 202, "again, after it failed");
}

#[tokio::test]
async fn a_call_that_cannot_be_passed_on_says_why() {
    let desk = TestDesk::start().await;
    let (live, done, web) =
        (desk.add_call(CallState::Live), desk.add_call(CallState::Done), desk.add_call(CallState::Live));
    desk.store.calls.lock().unwrap().iter_mut().find(|row| row.id == web).unwrap().origin = Origin::File;
    for (call, says) in [(live, "emergency_transfer"), (done, "the call is over"), (web, "telephone line")] {
        assert_eq!(desk.shown(call).await, Value::Null);
        let told = why(&ask(&desk, &call.to_string()).await);
        assert!(told.contains(says), "{told}");
    }
    assert_eq!(ask(&desk, &CallId::new().to_string()).await.status, 404);
    assert_eq!(ask(&desk, "no-id").await.status, 404);
}

#[tokio::test]
async fn what_came_of_it_is_known_after_the_call() {
    let desk = TestDesk::start().await;
    let call = desk.add_call(CallState::Done);
    let keep = |state, detail: Option<&str>| {
        let transfer = Transfer { to: TO.into(), state, detail: detail.map(str::to_owned) };
        desk.store.calls.lock().unwrap().iter_mut().find(|row| row.id == call).unwrap().transfer = Some(transfer);
    };
    keep(TransferState::Done, None);
    assert_eq!(desk.shown(call).await["state"], "done");
    // The gateway ended with the call on the line.
    keep(TransferState::Asked, None);
    let shown = desk.shown(call).await;
    assert_eq!(shown["state"], "failed");
    assert!(shown["detail"].as_str().unwrap().contains("ended before"), "{shown}");
}
