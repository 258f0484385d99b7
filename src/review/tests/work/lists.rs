//! The lists of calls.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LINES, WorkDesk};
use crate::call::{CallId, Danger, HeardIn, MediaSpan, MediaTime, ServiceKind};
use crate::store::{Emergencies as _, NewEmergency, Store as _};

impl WorkDesk {
    pub(super) async fn list(&self, query: &str) -> Value {
        let answer = self.get(&format!("/api/queue{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()
    }

    async fn in_danger(&self, call: CallId) {
        let danger = Danger {
            service: ServiceKind::Fire,
            number: "112".into(),
            quote: "smell gas".into(),
            span: MediaSpan::new(MediaTime(1), MediaTime(2)),
            heard_in: HeardIn::Final,
            raised_unix_ms: 1,
        };
        let raised = NewEmergency { call, danger, body: "{}".into(), endpoints: Vec::new() };
        self.store.raise(raised).await.unwrap();
    }
}

fn calls(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["call"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_queue_shows_who_has_what_and_next_gives_the_first_that_nobody_has() {
    let desk = WorkDesk::start().await;
    let calm = desk.drafted(&LINES).await;
    let danger = desk.drafted(&["I can smell gas in the basement."]).await;
    desk.in_danger(danger).await;
    let live = desk.live(&LINES).await;
    desk.in_danger(live).await;
    let list = desk.list("").await;
    assert_eq!(calls(&list), [danger.to_string(), calm.to_string()], "emergencies first: {list}");
    let item = &list["items"][1];
    assert_eq!((&item["state"], &item["mine"], &item["overdue"]), (&json!("waiting"), &json!(false), &json!(false)));
    assert_eq!((&item["number"], &item["place"]), (&json!("••• 0134"), &json!("42 Maple Street")));
    assert_eq!(list["items"][0]["emergency"], json!({"state": "raised"}));
    assert_eq!(list["counts"], json!({"live": 1, "waiting": 2, "overdue": 1, "mine": 0, "dead": 0}));
    let next = desk.post("li/agent", "/api/queue/next", Value::Null).await;
    assert_eq!((next.status, &next.json()["call"]), (200, &json!(danger.to_string())));
    let other = desk.post("wang/agent", "/api/queue/next", Value::Null).await;
    assert_eq!(other.json()["call"], calm.to_string());
    assert_eq!(desk.post("li/agent", "/api/queue/next", Value::Null).await.status, 204);
    let list = desk.list("?mine=true").await;
    assert_eq!(calls(&list), [danger.to_string()]);
    assert_eq!((&list["items"][0]["holder"], &list["counts"]["mine"]), (&json!("li"), &json!(1)));
    let theirs = desk.ask("wang/agent", "GET", "/api/queue?mine=true", &[], &Value::Null).await.json();
    assert_eq!((&theirs["items"][0]["number"], &theirs["items"][0]["mine"]), (&json!("2125550134"), &json!(true)));

    let up = desk.list("?state=live").await;
    assert_eq!(calls(&up), [live.to_string()]);
    assert_eq!((&up["items"][0]["state"], &up["items"][0]["due_at"]), (&json!("live"), &Value::Null));
    assert_eq!(up["items"][0]["place"], "42 Maple Street", "of the draft as it stands");
    assert_eq!(desk.list("?state=all").await["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn filters_pages_and_what_is_decided() {
    let desk = WorkDesk::start().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(desk.drafted(&LINES).await.to_string());
    }
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = desk.list(&query).await;
        seen.extend(calls(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&before={next}");
    }
    assert_eq!(seen, all, "the older of one minute first, each once");
    let category = desk.list("").await["items"][0]["category"].as_str().unwrap().to_owned();
    let top = category.split_once('.').unwrap().0;
    for (query, count) in [
        (format!("?category={category}"), 5),
        (format!("?category={top}"), 5),
        ("?category=nothing".into(), 0),
        ("?line=default".into(), 5),
        ("?line=other".into(), 0),
    ] {
        assert_eq!(calls(&desk.list(&query).await).len(), count, "{query}");
    }
    let first: CallId = all[0].parse().unwrap();
    assert_eq!(desk.decide("li/agent", first, json!({"decision": "answered"})).await.status, 200);
    let decided = desk.list("?state=decided").await;
    let item = &decided["items"][0];
    assert_eq!((&item["call"], &item["state"], &item["holder"]), (&json!(all[0]), &json!("deciding"), &json!("li")));
    assert_eq!(item["delivery"], "pending");
    desk.step(Duration::from_secs(10));
    assert_eq!(desk.list("?state=decided").await["items"][0]["state"], "decided");
    // Somebody is at the desk all that time.
    for _ in 0..9 {
        desk.step(Duration::from_secs(20 * 60));
        desk.list("").await;
    }
    let list = desk.list("").await;
    assert_eq!((&list["counts"]["waiting"], &list["counts"]["overdue"]), (&json!(4), &json!(4)));
    assert_eq!(list["items"][0]["overdue"], true);
    for wrong in ["?state=x", "?limit=0", "?limit=201", "?before=x", "?before=1:x", "?mine=7"] {
        assert_eq!(desk.get(&format!("/api/queue{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_categories_are_listed_with_their_names() {
    let desk = WorkDesk::start().await;
    let list = desk.get("/api/categories").await.json()["categories"].clone();
    let list = list.as_array().unwrap();
    assert!(list.len() > 50 && list.is_sorted_by_key(|one| one["code"].as_str().unwrap().to_owned()));
    let heating = list.iter().find(|one| one["code"] == "utility.heating").unwrap();
    assert!(["en", "zh-Hans", "zh-Hant"].iter().all(|script| heating["name"][script].is_string()), "{heating}");
}

#[tokio::test]
async fn what_was_completed_before_there_were_reviews_is_put_into_the_queue() {
    let desk = WorkDesk::start().await;
    let call = desk.drafted(&LINES).await;
    let odd = desk.drafted(&LINES).await;
    // As the migration leaves it.
    use sqlx::Connection as _;
    let file = format!("sqlite://{}", desk.data.database().display());
    let mut conn = sqlx::SqliteConnection::connect(&file).await.unwrap();
    for sql in ["DELETE FROM review", "INSERT INTO review_owed SELECT DISTINCT call FROM draft"] {
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    }
    sqlx::query("UPDATE draft SET body = '{}' WHERE call = ?").bind(odd.to_string()).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    // Asked for before its turn: made at once.
    assert_eq!(desk.post("li/agent", &format!("/api/calls/{call}/claim"), Value::Null).await.status, 200);
    let rules: std::sync::Arc<dyn Fn(&str) -> super::Rules + Send + Sync> =
        std::sync::Arc::new(|_| super::Rules::default());
    let stop = tokio_util::sync::CancellationToken::new();
    crate::review::take_up(desk.store.clone(), desk.store.clone(), super::drafter(), rules, stop).await;
    let list = desk.list("").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "one whose draft cannot be read is there too: {list}");
    assert!(desk.store.call(odd).await.unwrap().is_some());
    assert_eq!(desk.get(&format!("/api/calls/{odd}/review")).await.status, 409);
}
