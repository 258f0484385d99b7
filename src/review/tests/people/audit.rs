use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::call::{CallId, CallState, DraftId};
use crate::store::{DeliveryRow, DeliveryState, Subject};

impl TestDesk {
    /// The audit's lines, as an auditor reads them.
    async fn lines(&self, cookie: &str, query: &str) -> Vec<Value> {
        let answer = self.as_person(cookie, "GET", &format!("/api/audit{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/jsonl; charset=utf-8"));
        unchunked(&answer.text()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn recorded(&self) -> CallId {
        let call = self.add_call(CallState::Done);
        let mut wav = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend(16_000_u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data\0\0\0\0");
        std::fs::write(self.dir.path().join(format!("{call}.wav")), wav).unwrap();
        call
    }
}

/// The body of `Transfer-Encoding: chunked`.
fn unchunked(text: &str) -> String {
    let (mut rest, mut body) = (text, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    body
}

/// (who, what, call) of each.
fn told(lines: &[Value]) -> Vec<(String, String, Option<String>)> {
    let text = |line: &Value, key: &str| line[key].as_str().map(str::to_owned);
    lines.iter().map(|line| (text(line, "who").unwrap(), text(line, "what").unwrap(), text(line, "call"))).collect()
}

#[tokio::test]
async fn what_people_saw_and_did_is_in_the_audit_in_order() {
    let desk = TestDesk::start().await;
    let boss = desk.person("boss", Role::Administrator).await;
    let li = desk.person("li", Role::Agent).await;
    let audit = desk.person("audrey", Role::Auditor).await;
    let call = desk.recorded();
    let dead = DeliveryRow {
        id: "msg_1".into(),
        call,
        subject: Subject::Draft { draft: DraftId::new(), version: 1 },
        endpoint: "intake".into(),
        state: DeliveryState::Dead,
        attempts: 3,
        next_attempt_unix_ms: 0,
        last_status: Some(400),
        last_error: None,
        delivered_unix_ms: None,
        created_unix_ms: 0,
    };
    desk.store.deliveries.lock().unwrap().push(dead);
    let path = format!("/api/calls/{call}");
    for (cookie, method, path, status) in [
        (&li, "GET", path.clone(), 200),
        (&li, "GET", format!("{path}/recording"), 200),
        (&li, "POST", "/api/deliveries/msg_1/replay".into(), 202),
        (&boss, "DELETE", path.clone(), 200),
        (&boss, "DELETE", format!("/api/calls/{}", CallId::new()), 404),
    ] {
        assert_eq!(desk.as_person(cookie, method, &path).await.status, status, "{method} {path}");
    }
    assert_eq!(desk.try_login("li", "wrong horse battery", &[]).await.status, 401);
    let lines = desk.lines(&audit, "").await;
    let of = |who: &str, what: &str, with: bool| (who.to_owned(), what.to_owned(), with.then(|| call.to_string()));
    let expected = [
        of("local", "user_changed", false),
        of("boss", "login", false),
        of("local", "user_changed", false),
        of("li", "login", false),
        of("local", "user_changed", false),
        of("audrey", "login", false),
        of("li", "view", true),
        of("li", "reveal", true),
        of("li", "replay", false),
        of("boss", "erase", true),
        of("li", "login_failed", false),
        of("audrey", "export", false),
    ];
    assert_eq!(told(&lines), expected);
    let ids: Vec<i64> = lines.iter().map(|line| line["id"].as_i64().unwrap()).collect();
    assert!(ids.windows(2).all(|two| two[1] == two[0] + 1), "{ids:?}");
    assert_eq!(lines[0]["detail"], "added boss as administrator");
    assert_eq!(lines[8]["detail"], "msg_1");
    assert_eq!(lines[10]["detail"], "from 127.0.0.1");
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains("5550134") && !text.contains("Anna"), "nothing of the caller: {text}");

    let of_li = desk.lines(&audit, "?who=li").await;
    assert!(of_li.len() == 5 && of_li.iter().all(|line| line["who"] == "li"), "{of_li:?}");
    let of_call = desk.lines(&audit, &format!("?call={call}")).await;
    assert_eq!(
        of_call.iter().map(|line| line["what"].as_str().unwrap()).collect::<Vec<_>>(),
        ["view", "reveal", "erase"]
    );
    assert!(desk.lines(&audit, "?until=2001-01-01T00:00:00Z").await.is_empty());
    assert_eq!(desk.as_person(&audit, "GET", "/api/audit?since=yesterday").await.status, 400);
}

#[tokio::test]
async fn an_acknowledgement_has_the_name_of_the_login_whatever_the_body_says() {
    let desk = TestDesk::start().await;
    let li = desk.person("li", Role::Agent).await;
    let call = super::super::emergency::raised(&desk);
    let origin = format!("Origin: {}", desk.origin());
    let path = format!("/api/calls/{call}/emergency/acknowledge");
    let taken = desk.ask("POST", &path, &[&li, &origin], br#"{"by": "somebody else"}"#).await.json();
    assert_eq!(taken["acknowledged_by"], "li");
    let audit = desk.person("audrey", Role::Auditor).await;
    let lines = desk.lines(&audit, &format!("?call={call}")).await;
    assert_eq!(told(&lines), [("li".into(), "acknowledge".into(), Some(call.to_string()))]);
}

#[tokio::test]
async fn who_passed_a_caller_on_is_written_down_and_an_auditor_may_not() {
    let desk = TestDesk::start().await;
    let (li, audit) = (desk.person("li", Role::Agent).await, desk.person("audrey", Role::Auditor).await);
    let call = desk.add_transferable();
    let path = format!("/api/calls/{call}/transfer");
    assert_eq!(desk.as_person(&audit, "POST", &path).await.status, 403);
    assert_eq!(desk.as_person(&li, "POST", &path).await.status, 202);
    assert_eq!(desk.as_person(&li, "POST", &path).await.status, 409);
    let lines = desk.lines(&audit, &format!("?call={call}")).await;
    assert_eq!(told(&lines), [("li".into(), "transfer".into(), Some(call.to_string()))], "what happened, once");
}

#[tokio::test]
async fn a_page_that_reads_a_call_again_and_again_has_looked_once() {
    let desk = TestDesk::start().await;
    let (li, wang) = (desk.person("li", Role::Agent).await, desk.person("wang", Role::Agent).await);
    let audit = desk.person("audrey", Role::Auditor).await;
    let call = desk.recorded();
    let looks = |lines: Vec<Value>| lines.iter().filter(|line| line["what"] == "view").count();
    for _ in 0..5 {
        desk.as_person(&li, "GET", &format!("/api/calls/{call}")).await;
        desk.as_person(&li, "GET", &format!("/api/calls/{call}/recording")).await;
    }
    desk.as_person(&wang, "GET", &format!("/api/calls/{call}")).await;
    assert_eq!(looks(desk.lines(&audit, &format!("?call={call}")).await), 2, "one of each");
    desk.clock.step(Duration::from_secs(16 * 60));
    desk.as_person(&li, "GET", &format!("/api/calls/{call}")).await;
    assert_eq!(looks(desk.lines(&audit, &format!("?call={call}")).await), 3, "later is another look");
}

#[tokio::test]
async fn whole_drafts_are_not_read_unwritten() {
    let desk = TestDesk::start().await;
    let boss = desk.person("boss", Role::Administrator).await;
    for path in ["/intake/drafts", "/intake/emergencies"] {
        assert_eq!(desk.as_person(&boss, "GET", path).await.status, 200, "{path}");
    }
    let lines = desk.lines(&boss, "").await;
    assert_eq!(lines.iter().filter(|line| line["what"] == "reveal").count(), 1, "one look: {lines:?}");
}

#[tokio::test]
async fn without_accounts_a_look_is_nobodys_and_a_change_is_written_down() {
    let desk = TestDesk::start().await;
    let call = desk.recorded();
    let origin = format!("Origin: {}", desk.origin());
    let path = format!("/api/calls/{call}");
    assert_eq!(desk.get(&path).await.status, 200);
    assert_eq!(desk.ask("DELETE", &path, &[&origin], b"").await.status, 200);
    let lines = desk.lines("Accept: */*", "").await;
    assert_eq!(
        told(&lines),
        [("local".into(), "erase".into(), Some(call.to_string())), ("local".into(), "export".into(), None)]
    );
}

#[tokio::test]
async fn a_long_audit_comes_whole() {
    let desk = TestDesk::start().await;
    for n in 0..1_234 {
        let detail = Some(n.to_string());
        let row = crate::store::people::NewAuditRow {
            at_unix_ms: n,
            who: "li".into(),
            what: crate::store::people::What::Edit,
            call: None,
            detail,
        };
        desk.people.add_audit(row, 0).await.unwrap();
    }
    let lines = desk.lines("Accept: */*", "?who=li").await;
    assert_eq!(lines.len(), 1_234);
    assert!(lines.iter().enumerate().all(|(n, line)| line["detail"].as_str().unwrap().parse() == Ok(n)));
    assert_eq!(desk.lines("Accept: */*", "?since=1970-01-01T00:00:01Z&until=1970-01-01T00:00:01.010Z").await.len(), 10);
}
