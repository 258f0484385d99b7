//! Calls found by their words.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{LINES, WorkDesk};
use crate::call::CallId;
use crate::store::Store as _;
use crate::store::erase::Erasable as _;
use crate::store::search::Search as _;

const HEAT: [&str; 2] = ["朝陽區望京街十號家裡暖氣不熱。", "我姓王，停水三天了。"];

impl WorkDesk {
    /// Everything that is owed to the index is in it.
    async fn indexed(&self) {
        let stop = CancellationToken::new();
        let keeping = tokio::spawn(crate::review::keep_index(self.store.clone(), self.store.clone(), stop.clone()));
        while !self.store.to_index(1).await.unwrap().is_empty() {
            assert!(!keeping.is_finished());
            tokio::task::yield_now().await;
        }
        stop.cancel();
        keeping.await.unwrap();
    }

    /// A draft whose words are in the transcript too.
    async fn said(&self, lines: &[&str]) -> CallId {
        let call = self.live(&[]).await;
        for utterance in crate::draft::testing::call(lines) {
            self.store.append_utterance(call, utterance).await.unwrap();
        }
        self.complete(call, lines).await;
        call
    }

    async fn find(&self, who: &str, query: &str) -> Value {
        let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = self.ask(who, "GET", &format!("/api/search?q={query}"), &[], &Value::Null).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()
    }

    async fn found(&self, query: &str) -> Vec<String> {
        let found = self.find("li/agent", query).await;
        found["items"].as_array().unwrap().iter().map(|item| item["call"].as_str().unwrap().to_owned()).collect()
    }
}

fn told(item: &Value) -> String {
    let marked = |piece: &Value| {
        let text = piece["text"].as_str().unwrap();
        if piece["hit"] == true { format!("[{text}]") } else { text.to_owned() }
    };
    item["snippet"].as_array().unwrap().iter().map(marked).collect()
}

#[tokio::test]
async fn a_call_is_found_by_two_characters_words_digits_and_its_reference() {
    let desk = WorkDesk::start().await;
    let (light, heat) = (desk.said(&LINES).await.to_string(), desk.said(&HEAT).await.to_string());
    desk.indexed().await;
    let reference = desk.list("?state=all").await["items"][0]["reference"].as_str().unwrap().to_owned();
    for (query, found) in [
        ("停水", vec![&heat]),
        ("暖气", vec![&heat]),
        ("暖氣 停水", vec![&heat]),
        ("王", vec![&heat]),
        ("0134", vec![&light]),
        ("212 555 0134", vec![&light]),
        ("maple stre", vec![&light]),
        ("Ann Lee", vec![&light]),
        (reference.as_str(), vec![&heat]),
        ("停電", vec![]),
        ("0135", vec![]),
        ("street 停水", vec![]),
        ("\" OR \"1", vec![]),
        ("NOT maple", vec![]),
    ] {
        assert_eq!(desk.found(query).await, found.into_iter().cloned().collect::<Vec<_>>(), "{query}");
    }
    assert!(told(&desk.find("li/agent", "暖气").await["items"][0]).contains("[暖氣]"), "as it was said");
}

#[tokio::test]
async fn who_called_is_shown_to_the_holder_only_also_among_what_was_found() {
    let desk = WorkDesk::start().await;
    let call = desk.said(&LINES).await;
    desk.indexed().await;
    let item = desk.find("wang/agent", "Lee").await["items"][0].clone();
    assert!(!item.to_string().contains("Lee") && !item.to_string().contains("5550134"), "{item}");
    desk.claim("li/agent", call).await;
    assert!(told(&desk.find("li/agent", "Lee").await["items"][0]).contains("[Lee]"));
    let auditor = desk.ask("audrey/auditor", "GET", "/api/search?q=Lee", &[], &Value::Null).await;
    assert_eq!(auditor.status, 403, "whether somebody called is no auditor's matter: {auditor:?}");
}

#[tokio::test]
async fn what_an_agent_entered_is_found_and_not_after_it_was_taken_back() {
    let desk = WorkDesk::start().await;
    let call = desk.said(&LINES).await;
    let revision = desk.review(call).await["revision"].as_u64().unwrap();
    desk.edit("li/agent", call, revision, json!([{"pointer": "/caller/name", "value": "Brünnhilde"}])).await;
    desk.see_all(call).await;
    let body = json!({"decision": "approve", "took_ms": 38_000});
    assert_eq!(desk.decide("li/agent", call, body).await.status, 200);
    desk.indexed().await;
    assert_eq!(desk.found("brunnhilde").await, [call.to_string()]);
    let figures = desk.get("/api/figures").await.json();
    assert_eq!((&figures["decided"], &figures["median_ms"]), (&json!(1), &json!(38_000)));
    assert_eq!(figures["mine"], json!({"decided": 1, "median_ms": 38_000}));
    assert_eq!(desk.undo("li/agent", call).await.status, 204);
    assert_eq!(desk.get("/api/figures").await.json()["decided"], 0);
    assert_eq!(desk.found("brunnhilde").await, Vec::<String>::new(), "at once");
    desk.indexed().await;
    assert_eq!(desk.found("brunnhilde").await, Vec::<String>::new());
    assert_eq!(desk.found("maple").await, [call.to_string()], "what is left is found");
}

#[tokio::test]
async fn an_erased_call_is_found_no_more_though_its_words_were_just_read_to_be_indexed() {
    let desk = WorkDesk::start().await;
    let (gone, late) = (desk.said(&LINES).await, desk.live(&[]).await);
    desk.indexed().await;
    desk.complete(late, &LINES).await;
    let owed = desk.store.to_index(10).await.unwrap();
    for call in [gone, late] {
        desk.store.begin_erasure(&[call], 1).await.unwrap();
        desk.store.erase_words(call).await.unwrap();
    }
    let terms = "maple street".to_owned();
    let indexed = owed.into_iter().map(|owed| crate::store::search::Indexed { owed, terms: terms.clone() }).collect();
    desk.store.index(indexed).await.unwrap();
    desk.indexed().await;
    assert_eq!(desk.found("maple").await, Vec::<String>::new());
    use sqlx::Connection as _;
    let file = format!("sqlite://{}", desk.data.database().display());
    let mut conn = sqlx::SqliteConnection::connect(&file).await.unwrap();
    for table in ["search", "search_call", "search_owed", "search_content", "search_docsize"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut conn).await.unwrap(), 0, "{table}");
    }
}

#[tokio::test]
async fn the_newest_are_found_first_page_by_page_and_nothing_that_cannot_be_looked_for() {
    let desk = WorkDesk::start().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.insert(0, desk.said(&LINES[..1]).await.to_string());
    }
    desk.indexed().await;
    let (mut seen, mut query) = (Vec::new(), "/api/search?q=maple&limit=2".to_owned());
    loop {
        let page = desk.get(&query).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["call"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("/api/search?q=maple&limit=2&before={next}");
    }
    assert_eq!(seen, all);
    let long = format!("?q={}", "a".repeat(201));
    for wrong in ["", "?q=", "?q=%20%21", "?q=x&before=y", "?q=x&limit=0", long.as_str()] {
        assert_eq!(desk.get(&format!("/api/search{wrong}")).await.status, 400, "{wrong}");
    }
}
