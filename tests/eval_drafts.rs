//! `heardline eval drafts` tells the truth about the drafter, and the written calls hold the drafter to what it can.

mod common;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use common::bundled;
use common::served::heardline;

/// What the drafter makes of tests/calls/dev.jsonl: hits of n. A number of hits only ever rises: who improves a rule
/// raises it here, so that nobody loses the gain again.
const FLOORS: [(&str, u64, u64); 10] = [
    ("emergency_recall", 3, 3),
    ("phone_exact", 18, 18),
    ("category_l2", 30, 30),
    ("category_top3", 30, 30),
    ("request_type_soft", 30, 30),
    ("address_digits", 26, 28),
    ("district", 25, 25),
    ("disposition", 29, 30),
    ("issue_f1", 60, 63),
    ("evidence_supported", 183, 183),
];
/// Mistakes of the same calls, which only ever fall.
const CEILINGS: [(&str, u64, u64); 2] = [("emergency_false", 0, 27), ("summary_unsupported", 0, 512)];

/// Runs over `file`: exit code, the JSON report, what was said on stderr.
async fn evaluated(file: &Path) -> (Option<i32>, Value, String) {
    let (code, out, err) = heardline(&["eval", "drafts", file.to_str().unwrap(), "--json", "-"]).await;
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}\n{err}")), err)
}

/// One call in which the caller says `text`, with a gold ticket of nothing but what is given.
fn written(id: &str, text: &str, gold: &Value) -> Value {
    let mut ticket = json!({
        "request_type": "help", "category": "other.unclear", "urgency": "normal", "emergency": false, "caller_name": null,
        "phone": null, "address": null, "district": null, "occurred_at_text": null, "disposition": "draft_ticket",
        "issues": [{"category": "other.unclear"}],
    });
    ticket.as_object_mut().unwrap().extend(gold.as_object().unwrap().clone());
    json!({"id": id, "lang": "en", "turns": [{"speaker": "caller", "text": text}], "gold": ticket})
}

fn file_of(folder: &TempDir, lines: &[String]) -> std::path::PathBuf {
    let file = folder.path().join("calls.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    file
}

#[tokio::test]
async fn the_drafter_loses_nothing_it_could_do_before() {
    let (code, report, said) = evaluated(&bundled("tests/calls/dev.jsonl")).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(report["calls"], 30);
    let count = |key: &str| (report["hits"][key].as_u64().unwrap(), report["n"][key].as_u64().unwrap());
    for (key, hits, of) in FLOORS.into_iter().chain(CEILINGS) {
        let (now, n) = count(key);
        println!("{key}: {now}/{n}, held at {hits}/{of}");
        assert_eq!(report[key].as_f64().unwrap(), now as f64 / n as f64, "{key} is its hits by its n");
    }
    // Where n depends on the draft (matters, values, words), the rates are compared: a/b < c/d as ad < cb.
    for (key, hits, of) in FLOORS {
        let (now, n) = count(key);
        assert!(now * of >= hits * n, "{key}: {now}/{n}, was {hits}/{of}; `heardline eval drafts` names the calls");
    }
    for (key, hits, of) in CEILINGS {
        let (now, n) = count(key);
        assert!(now * of <= hits * n, "{key}: {now}/{n}, was {hits}/{of}; `heardline eval drafts` names the calls");
    }
}

#[tokio::test]
async fn a_ticket_with_known_mistakes_gives_the_known_scores() {
    let folder = TempDir::new().unwrap();
    let text = "There is no heat in my apartment. My number is two one two, five five five, zero one three four.";
    let right =
        json!({"category": "utility.heating", "phone": "2125550134", "issues": [{"category": "utility.heating"}]});
    let mut wrong = right.clone();
    wrong["phone"] = json!("2125550135");
    wrong["category"] = json!("road.tree");
    wrong["emergency"] = json!(true);
    wrong["issues"] = json!([{"category": "road.tree"}, {"category": "utility.heating"}]);
    let lines = [written("a", text, &right).to_string(), written("b", text, &wrong).to_string()];
    let (code, report, said) = evaluated(&file_of(&folder, &lines)).await;
    assert_eq!(code, Some(0), "{said}");
    for (key, hits, n) in [
        ("phone_exact", 1, 2),
        ("category_l2", 1, 2),
        ("emergency_recall", 0, 1),
        ("emergency_false", 0, 1),
        // Two pairs of three matters in gold and two in the drafts.
        ("issue_f1", 4, 5),
        ("disposition", 2, 2),
        ("address_digits", 0, 0),
    ] {
        assert_eq!((&report["hits"][key], &report["n"][key]), (&json!(hits), &json!(n)), "{key}: {report}");
    }
    assert_eq!(report["address_digits"], Value::Null);
    let checks = report["per_call"][1]["checks"].as_array().unwrap();
    let phone = checks.iter().find(|check| check["score"] == "phone_exact").unwrap();
    assert_eq!((&phone["gold"], &phone["got"]), (&json!("2125550135"), &json!("2125550134")));
    assert_eq!(phone["verdict"], "wrong");
}

#[tokio::test]
async fn a_line_that_cannot_be_scored_is_named_with_its_key_and_the_rest_is_scored() {
    let folder = TempDir::new().unwrap();
    let call = |id: &str| written(id, "no heat", &json!({}));
    let with = |key: &str, value: Value| {
        let mut call = call(key);
        *call.pointer_mut(key).unwrap() = value;
        call.to_string()
    };
    let mut short = call("short");
    short["gold"].as_object_mut().unwrap().remove("phone");
    let lines = [
        call("good").to_string(),
        "{\"id\": ".to_owned(),
        with("/gold/urgency", json!("soon")),
        with("/gold/category", json!("utility.heatng")),
        with("/turns/0/speaker", json!("dog")),
        short.to_string(),
        call("good").to_string(),
        format!("\"{}\"", "x".repeat(70_000)),
        String::new(),
        call("last").to_string(),
    ];
    let file = file_of(&folder, &lines);
    let (code, report, said) = evaluated(&file).await;
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(report["calls"], 2, "{report}");
    for (line, why) in [
        (2, "expected one JSON object"),
        (3, "gold.urgency: unknown variant `soon`"),
        (4, "gold.category: \"utility.heatng\" is no category"),
        (5, "turns[0].speaker: unknown variant `dog`"),
        (6, "gold.phone: missing; expected text, or null"),
        (7, "id: \"good\" for the second time (line 1)"),
        (8, "write one call a line, shorter"),
    ] {
        let told =
            said.lines().find(|told| told.contains(&format!("line {line}: "))).unwrap_or_else(|| panic!("{said}"));
        assert!(told.contains(why), "{told}");
        assert!(report["problems"].as_array().unwrap().iter().any(|problem| problem["line"] == line), "{report}");
    }
    assert!(said.lines().last().unwrap().contains("7 of 9 lines could not be scored"), "{said}");

    let empty = file_of(&folder, &[]);
    let (code, _, said) = heardline(&["eval", "drafts", empty.to_str().unwrap()]).await;
    assert!(code == Some(1) && said.contains("holds no call"), "{said}");
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_shows_hostile_text_as_text() {
    let folder = TempDir::new().unwrap();
    let gold = json!({"caller_name": "<img src=x onerror=alert(1)>", "address": "1 <b>&\"Elm\" Street"});
    let mut call = written("<script>alert(1)</script>", "There is no heat at 418 Elm Street.", &gold);
    call["difficulty"] = json!("<i>hard");
    let file = file_of(&folder, &[call.to_string()]);
    let (page, json) = (folder.path().join("report.html"), folder.path().join("report.json"));
    let outputs = ["--html", page.to_str().unwrap(), "--json", json.to_str().unwrap()];
    let arguments = ["eval", "drafts", file.to_str().unwrap()];
    let (code, table, said) = heardline(&[arguments.as_slice(), outputs.as_slice()].concat()).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(table.contains("emergency_false") && table.contains("0/1"), "{table}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["calls"], 1, "{report}");
    let page = std::fs::read_to_string(page).unwrap();
    for foreign in ["http:", "https:", "//", "src=\"", "url(", "@import", "<script", "<link", "<img", "<b>&\"", "<i>"] {
        assert!(!page.contains(foreign), "{foreign} in {page}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    assert!(page.contains("<del>1 &lt;b&gt;&amp;&quot;Elm&quot; Street</del>"), "{page}");
}
