//! Drafts of a call as it goes on are those that its words make from nothing.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use super::anything::{any_call, any_text};
use super::drafter;
use crate::call::{Coverage, Danger, HeardIn, Place, ServiceKind, Utterance};
use crate::draft::testing::{call, facts, seed, utterance};
use crate::draft::{CallFacts, Drafter, Lines};

fn same(drafter: &Drafter, facts: &CallFacts, heard: &[Utterance], lines: &mut Lines) {
    let kept = drafter.redraft(facts, heard, Coverage::default(), lines);
    let anew = drafter.draft(facts, heard, Coverage::default());
    assert_eq!(kept, anew, "{heard:?}");
}

fn written_calls() -> Vec<Vec<String>> {
    let caller = |turn: &Value| (turn["speaker"] == "caller").then(|| turn["text"].as_str().unwrap().to_owned());
    let turns = |line: &str| -> Vec<String> {
        let call: Value = serde_json::from_str(line).unwrap();
        call["turns"].as_array().unwrap().iter().filter_map(caller).collect()
    };
    include_str!("../../../tests/calls/dev.jsonl").lines().map(turns).collect()
}

#[test]
fn each_draft_of_a_written_call_is_the_one_its_words_make_from_nothing() {
    let drafter = drafter();
    let calls = written_calls();
    assert!(calls.len() >= 30);
    for turns in calls {
        let said = call(&turns.iter().map(String::as_str).collect::<Vec<_>>());
        let mut lines = Lines::default();
        (1..=said.len()).for_each(|heard| same(&drafter, &facts(), &said[..heard], &mut lines));
    }
}

/// Lines are added, taken away and changed, as when words are recognised again after the call.
#[test]
fn whatever_becomes_of_the_lines_what_was_kept_of_others_is_not_taken_for_theirs() {
    let mut rng = StdRng::seed_from_u64(seed());
    let drafter = drafter();
    for _ in 0..60 {
        let mut said = any_call(&mut rng);
        let mut lines = Lines::default();
        for _ in 0..6 {
            let seq = u32::try_from(said.len()).unwrap();
            match rng.random_range(0..4) {
                0 => said.truncate(rng.random_range(0..=said.len())),
                1 if !said.is_empty() => {
                    let at = rng.random_range(0..said.len());
                    said[at] = utterance(said[at].seq, &any_text(&mut rng), u64::from(seq) * 1000, 900_000);
                }
                _ => said.push(utterance(seq, &any_text(&mut rng), u64::from(seq) * 1000, u64::from(seq) * 1000 + 900)),
            }
            same(&drafter, &facts(), &said, &mut lines);
        }
    }
}

#[test]
fn what_is_known_of_the_call_counts_from_the_draft_on_in_which_it_is_known() {
    let drafter = drafter();
    let said = call(&["水管爆了，在望槐里小区三号楼", "我明天下午三点以后有空，不用匿名", "路灯也坏了"]);
    let mut lines = Lines::default();
    let calm = facts();
    let place = |name: &str| Place { name: name.to_owned(), district: Some("朝阳区".to_owned()) };
    let named = CallFacts { places: Arc::new(vec![place("望槐里小区")]), ..calm.clone() };
    let raised = Danger {
        service: ServiceKind::Fire,
        number: "119".to_owned(),
        quote: "水管爆了".to_owned(),
        span: said[0].span,
        raised_unix_ms: calm.started_unix_ms,
        heard_in: HeardIn::Final,
    };
    let danger = CallFacts { emergency: Some(raised), ..named.clone() };
    for facts in [&calm, &named, &danger, &calm] {
        same(&drafter, facts, &said, &mut lines);
    }
}
