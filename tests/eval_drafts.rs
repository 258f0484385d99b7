//! `heardline eval drafts` tells the truth about the drafter, and the written calls hold the drafter to what it can.

mod common;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use common::bundled;
use common::served::heardline;

/// A file of calls, how many it has, and what the drafter makes of them. A number of hits only ever rises: who improves a
/// rule raises it here, so that nobody loses the gain again; mistakes only ever fall.
struct Held {
    file: &'static str,
    calls: u64,
    floors: &'static [(&'static str, u64, u64)],
    ceilings: &'static [(&'static str, u64, u64)],
}

const HELD: [Held; 2] = [
    Held {
        file: "tests/calls/dev.jsonl",
        calls: 30,
        floors: &[
            ("emergency_recall", 3, 3),
            ("emergency_precision", 3, 3),
            ("phone_exact", 18, 18),
            ("name_exact", 22, 22),
            ("anonymity", 3, 3),
            ("category_l2", 30, 30),
            ("category_top3", 30, 30),
            ("request_type_soft", 30, 30),
            ("urgency", 28, 30),
            ("occurred_at", 24, 26),
            ("desired_outcome", 10, 12),
            ("address_digits", 26, 28),
            ("district", 25, 25),
            ("disposition", 30, 30),
            ("issue_f1", 62, 63),
            ("issue_request_type", 30, 32),
            ("reference_exact", 2, 2),
            ("language", 29, 30),
            ("interpreter", 1, 1),
            ("evidence_supported", 183, 183),
            ("evidence_gold", 85, 96),
        ],
        ceilings: &[
            ("emergency_false", 0, 27),
            ("phone_invented", 0, 12),
            ("other_phones_invented", 0, 30),
            ("name_invented", 0, 8),
            ("anonymity_false", 0, 27),
            ("occurred_at_invented", 0, 4),
            ("desired_outcome_invented", 0, 18),
            ("reference_invented", 0, 28),
            ("interpreter_false", 0, 29),
            ("summary_unsupported", 0, 532),
        ],
    },
    // Written later, of matters, people and ways of speaking that dev.jsonl does not have.
    Held {
        file: "tests/calls/more.jsonl",
        calls: 102,
        floors: &[
            ("emergency_recall", 11, 11),
            ("phone_exact", 63, 63),
            ("category_l2", 99, 102),
            ("category_top3", 100, 102),
            ("request_type_soft", 102, 102),
            ("address_digits", 74, 79),
            ("district", 65, 67),
            ("disposition", 102, 102),
            ("issue_f1", 210, 219),
            ("evidence_supported", 591, 593),
        ],
        ceilings: &[("emergency_false", 0, 91), ("summary_unsupported", 0, 1269)],
    },
];
/// What the bundled model and the drafter make of the recordings of audio-samples/calls.jsonl: hits of n.
const SPOKEN: [(&str, u64, u64); 13] = [
    ("emergency_recall", 1, 1),
    ("phone_exact", 4, 4),
    ("name_exact", 2, 2),
    ("category_l2", 6, 6),
    ("request_type_soft", 6, 6),
    ("urgency", 6, 6),
    ("occurred_at", 3, 3),
    ("address_digits", 5, 5),
    ("disposition", 6, 6),
    ("issue_f1", 10, 10),
    ("language", 5, 5),
    ("evidence_supported", 31, 31),
    ("evidence_gold", 14, 14),
];
const SPOKEN_MISTAKES: [(&str, u64, u64); 4] =
    [("emergency_false", 0, 5), ("phone_invented", 0, 2), ("name_invented", 0, 4), ("summary_unsupported", 0, 53)];

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
    for Held { file, calls, floors, ceilings } in HELD {
        let (code, report, said) = evaluated(&bundled(file)).await;
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(report["calls"], calls, "{file}");
        assert_eq!(report["with_agents"]["calls"], calls, "{file}");
        // Whatever agents say: it is not read for the caller's.
        for heard in [&report, &report["with_agents"]] {
            println!("{file}");
            hold(heard, floors, ceilings);
        }
    }
}

/// Where n depends on the draft (matters, values, words), the rates are compared: a/b < c/d as ad < cb.
fn hold(report: &Value, floors: &[(&str, u64, u64)], ceilings: &[(&str, u64, u64)]) {
    let count = |key: &str| (report["hits"][key].as_u64().unwrap(), report["n"][key].as_u64().unwrap());
    for (key, hits, of) in floors.iter().chain(ceilings) {
        let (now, n) = count(key);
        println!("{key}: {now}/{n}, held at {hits}/{of}");
        assert_eq!(report[key].as_f64().unwrap(), now as f64 / n as f64, "{key} is its hits by its n");
    }
    for (key, hits, of) in floors {
        let (now, n) = count(key);
        assert!(now * of >= hits * n, "{key}: {now}/{n}, was {hits}/{of}; `heardline eval drafts` names the calls");
    }
    for (key, hits, of) in ceilings {
        let (now, n) = count(key);
        assert!(now * of <= hits * n, "{key}: {now}/{n}, was {hits}/{of}; `heardline eval drafts` names the calls");
    }
}

#[tokio::test]
async fn recordings_are_drafted_from_what_the_recogniser_hears() {
    let calls = bundled("audio-samples/calls.jsonl");
    let (code, out, said) = heardline(&["eval", "drafts", calls.to_str().unwrap(), "--audio", "--json", "-"]).await;
    assert_eq!(code, Some(0), "{said}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["calls"], &report["heard"], &report["left_out"]), (&json!(6), &json!("recording"), &json!([])));
    assert_eq!((&report["demo_model"], &report["with_agents"]), (&json!(true), &Value::Null));
    hold(&report, &SPOKEN, &SPOKEN_MISTAKES);
}

#[tokio::test]
async fn a_call_without_a_recording_is_left_out_by_name_and_one_that_cannot_be_read_is_told() {
    let folder = TempDir::new().unwrap();
    std::fs::copy(bundled("audio-samples/silence.wav"), folder.path().join("quiet.wav")).unwrap();
    let call = |id: &str, audio: Option<&str>| {
        let mut call = written(id, "The street light is broken.", &json!({"category": "road.streetlight"}));
        call.as_object_mut().unwrap().extend(audio.map(|file| ("audio".to_owned(), json!(file))));
        call.to_string()
    };
    let lines = [call("heard", Some("quiet.wav")), call("mute", None), call("gone", Some("gone.wav"))];
    let file = file_of(&folder, &lines);
    let arguments = ["eval", "drafts", file.to_str().unwrap(), "--audio"];
    let (code, out, said) = heardline(&[arguments.as_slice(), &["--json", "-"]].concat()).await;
    assert_eq!(code, Some(1), "{said}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["calls"], &report["left_out"]), (&json!(1), &json!(["mute"])));
    // Nothing is said in the recording, whatever the turns say.
    assert_eq!(report["hits"]["category_l2"], 0, "{report}");
    assert!(said.contains("line 3: ") && said.contains("gone.wav"), "{said}");
    let (_, table, _) = heardline(&arguments).await;
    assert!(table.contains("Left out, without sound: 1 (mute)."), "{table}");

    let file = file_of(&folder, &lines[1..2]);
    let (code, _, said) = heardline(&["eval", "drafts", file.to_str().unwrap(), "--audio"]).await;
    assert!(code == Some(1) && said.contains("no call names its recording; give its line \"audio\""), "{said}");
}

#[tokio::test]
async fn what_an_agent_says_is_heard_apart() {
    let folder = TempDir::new().unwrap();
    let mut call = written("a", "The street light is broken.", &json!({"category": "road.streetlight"}));
    let agent = "Is there a smell of gas? My number is two one two, five five five, zero one nine nine.";
    call["turns"].as_array_mut().unwrap().push(json!({"speaker": "agent", "text": agent}));
    let (code, report, said) = evaluated(&file_of(&folder, &[call.to_string()])).await;
    assert_eq!(code, Some(0), "{said}");
    for heard in [&report, &report["with_agents"]] {
        for (key, hits) in [("emergency_false", 0), ("phone_invented", 0), ("category_l2", 1)] {
            assert_eq!((&heard["hits"][key], &heard["n"][key]), (&json!(hits), &json!(1)), "{key}: {heard}");
        }
    }
    // The same words from the caller are another matter: the agent's are told by who speaks, not by what is said.
    call["turns"][1]["speaker"] = json!("caller");
    let (_, report, _) = evaluated(&file_of(&folder, &[call.to_string()])).await;
    assert_eq!(report["hits"]["phone_invented"], 1, "{report}");
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
