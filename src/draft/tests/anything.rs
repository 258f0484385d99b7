//! Whatever the recogniser prints, there is a draft, and it is valid against the published schema.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::drafter;
use super::web_callers::{given, web_facts};
use crate::call::{Coverage, MediaSpan, MediaTime, Party, SegmentOutcome, Utterance};
use crate::draft::schema::{Field, MAX_DESCRIPTION, MAX_TITLE, Source, TicketDraft};
use crate::draft::testing::{facts, seed, utterance};
use crate::draft::{CallFacts, fuzz, json_schema};

const PIECES: &[&str] = &[
    "my phone number is",
    "five",
    "five",
    "double",
    "孖",
    "三條",
    "no sorry",
    "不对",
    "四是四川的四",
    "oh",
    "hundred",
    "forty",
    "Street",
    "Maple",
    "apartment",
    "corner of",
    "and",
    "中山路",
    "翠湖花园",
    "不是",
    "我諗係",
    "和",
    "从",
    "到",
    "楼",
    "in",
    "lamp post number",
    "二十三",
    "号",
    "小区",
    "三号楼",
    "我叫",
    "王",
    "姓",
    "着火",
    "if",
    "smell gas",
    "another thing",
    "also",
    "另外",
    "路灯",
    "垃圾",
    "complain",
    "since last",
    "Tuesday",
    "twenty minutes ago",
    "昨天",
    "三天了",
    "噚日",
    "點",
    "半",
    "my wife is",
    "eighty",
    "岁",
    "希望",
    "can someone",
    "O K A F O R",
    "每天",
    "call me after",
    "不要",
    "匿名",
    "我们一共",
    "公司",
    ",",
    ".",
    "，",
    "。",
    "零",
    "幺",
    "２",
    "٣",
    "५",
    "12",
    "é",
    "İ",
    "ß",
    "\u{200d}",
    "😀",
    "\u{301}",
    "\0",
    "\u{202e}",
];

pub(super) fn any_text(rng: &mut StdRng) -> String {
    let mut text = String::new();
    for _ in 0..rng.random_range(0..30) {
        if rng.random_bool(0.8) {
            text.push_str(PIECES[rng.random_range(0..PIECES.len())]);
        } else {
            text.push(char::from_u32(rng.random_range(0..0x11_0000)).unwrap_or('x'));
        }
        if rng.random_bool(0.6) {
            text.push(' ');
        }
    }
    text
}

pub(super) fn any_call(rng: &mut StdRng) -> Vec<Utterance> {
    (0..rng.random_range(0..8))
        .map(|seq| {
            let mut u = utterance(seq, &any_text(rng), u64::from(seq) * 1000, u64::from(seq) * 1000 + 900);
            match rng.random_range(0..6) {
                0 => u.words.clear(),
                1 => u.words.truncate(1),
                2 => u.outcome = SegmentOutcome::Unrecognised,
                3 => u.confidence = f32::NAN,
                4 => u.words.iter_mut().for_each(|word| word.text.push('?')),
                _ => u.language = None,
            }
            u
        })
        .collect()
}

fn any_web_caller(rng: &mut StdRng) -> CallFacts {
    let name = rng.random_bool(0.5).then(|| any_text(rng));
    let number = rng.random_bool(0.5).then(|| format!("+{}", rng.random_range(0..10_u64.pow(16))));
    let claimed = rng.random_bool(0.5).then(|| given(name.as_deref(), number.as_deref()));
    let verified = rng.random_bool(0.5).then(|| given(Some(&any_text(rng)), number.as_deref()));
    CallFacts { party: Party { claimed, verified, ..Party::default() }, ..web_facts() }
}

fn believed<T>(field: &Field<T>) {
    if field.value.is_none() || !field.evidence.is_empty() {
        return;
    }
    match field.source {
        Source::Sip | Source::Token | Source::CallerConfirmed | Source::Agent | Source::Default => {}
        Source::WebForm => assert!(field.needs_review && field.confidence <= 0.6),
        Source::Rule | Source::Gazetteer | Source::Classifier | Source::Llm => {
            assert!(field.needs_review && field.confidence <= 0.4);
        }
    }
}

fn holds(draft: &TicketDraft, utterances: &[Utterance], schema: &jsonschema::Validator) {
    let json = serde_json::to_value(draft).unwrap();
    let faults: Vec<String> =
        schema.iter_errors(&json).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(serde_json::from_value::<TicketDraft>(json).unwrap().draft_id, draft.draft_id);
    assert!((1..=8).contains(&draft.issues.len()));
    for issue in &draft.issues {
        believed(&issue.category);
        believed(&issue.request_type);
        believed(&issue.title);
        believed(&issue.description);
        believed(&issue.location.address_text);
        believed(&issue.urgency);
        believed(&issue.safety_risks);
    }
    let issue = &draft.issues[0];
    believed(&draft.caller.name);
    believed(&draft.emergency.flag);
    believed(&draft.caller.anonymity);
    believed(&draft.caller.follow_up_consent);
    believed(&draft.caller.callback_window);
    believed(&draft.caller.vulnerability);
    believed(&draft.language.needs_interpreter);
    believed(&issue.occurred_at.text);
    believed(&issue.respondent);
    believed(&issue.affected_count);
    believed(&issue.group_demand);
    believed(&issue.desired_outcome);
    assert!(issue.title.value.as_ref().is_none_or(|t| t.chars().count() <= MAX_TITLE));
    assert!(issue.description.value.as_ref().is_none_or(|t| t.chars().count() <= MAX_DESCRIPTION));
    let fields = [
        &issue.category,
        &issue.location.address_text,
        &draft.caller.name,
        &issue.description,
        &issue.occurred_at.text,
        &issue.respondent,
        &issue.desired_outcome,
        &draft.caller.callback_window,
    ];
    let phones = draft.caller.phones.iter().flat_map(|phone| &phone.evidence);
    for evidence in fields.iter().flat_map(|field| &field.evidence).chain(phones) {
        let u = utterances.iter().find(|u| format!("u{}", u.seq) == evidence.segment_id).unwrap();
        let quote: String =
            u.text.chars().skip(evidence.char_start).take(evidence.char_end - evidence.char_start).collect();
        assert_eq!(quote, evidence.text);
        assert!(u.span.start.as_millis() <= evidence.audio_start_ms && evidence.audio_end_ms <= u.span.end.as_millis());
    }
}

#[test]
fn any_transcript_gives_a_valid_draft() {
    let mut rng = StdRng::seed_from_u64(seed());
    let drafter = drafter();
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    for _ in 0..400 {
        let utterances = any_call(&mut rng);
        let facts = if rng.random_bool(0.5) { facts() } else { any_web_caller(&mut rng) };
        let draft = drafter.draft(&facts, &utterances, Coverage::default());
        holds(&draft, &utterances, &schema);
        fuzz::promises(&drafter, &facts, &utterances);
    }
}

#[test]
fn one_word_or_a_hundred_thousand_there_is_a_draft() {
    let drafter = drafter();
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let long: Vec<Utterance> = (0_u32..2_000)
        .map(|seq| {
            let at = u64::from(seq) * 900;
            let text = ["five double oh no sorry"; 10].join(" ");
            utterance(seq, &text, at, at + 800)
        })
        .collect();
    let one_line = vec![utterance(0, &"二零号路 gas ".repeat(20_000), 0, 1_000_000)];
    for utterances in [vec![], vec![utterance(0, "yes", 0, 300)], long, one_line] {
        let draft = drafter.draft(&facts(), &utterances, Coverage::default());
        holds(&draft, &utterances, &schema);
    }
}

#[test]
fn the_published_schema_refuses_a_draft_that_lacks_something() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let empty = CallFacts { notice: Some(MediaSpan::new(MediaTime(0), MediaTime(1))), ..facts() };
    let json = serde_json::to_value(drafter().draft(&empty, &[], Coverage::default())).unwrap();
    assert!(schema.is_valid(&json));
    for key in ["coverage", "needs_listening", "disposition_suggestion", "caller", "emergency"] {
        let mut broken = json.clone();
        broken.as_object_mut().unwrap().remove(key);
        assert!(!schema.is_valid(&broken), "{key}");
    }
}
