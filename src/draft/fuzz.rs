//! What a fuzzer feeds the draft stage with: any text goes in, a broken promise is a panic. The target of `tests/fuzz/` calls
//! this, and so do `tests/fuzz_corpus.rs` and the tests of this stage.

use std::sync::LazyLock;

use serde_json::Value;

use super::check::{self, Verdict};
use super::schema::TicketDraft;
use super::testing::{call, facts};
use super::{CallFacts, DraftError, Drafter, Lines};
use crate::call::{Coverage, Utterance};

/// Built once a process.
static DRAFTER: LazyLock<Result<Drafter, DraftError>> = LazyLock::new(Drafter::new);

/// One utterance a line; what is no UTF-8 becomes U+FFFD.
pub fn draft(data: &[u8]) {
    let Ok(drafter) = &*DRAFTER else { panic!("the built-in lists cannot be read") };
    let text = String::from_utf8_lossy(data);
    promises(drafter, &facts(), &call(&text.lines().collect::<Vec<_>>()));
}

/// Drafts, and holds the draft to what every draft promises: its evidence is what was said there and then, a value that does not
/// follow from its evidence is shown for review, and the same words give the same draft.
pub fn promises(drafter: &Drafter, facts: &CallFacts, utterances: &[Utterance]) -> TicketDraft {
    let draft = drafter.draft(facts, utterances, Coverage::default());
    assert_eq!(drafter.draft(facts, utterances, Coverage::default()), draft, "the same words, another draft");
    let mut lines = Lines::default();
    let half = utterances.get(..utterances.len() / 2).unwrap_or_default();
    for heard in [half, utterances] {
        let again = drafter.redraft(facts, heard, Coverage::default(), &mut lines);
        assert!(
            heard != utterances || again == draft,
            "what was kept of half the call makes another draft of all of it"
        );
    }
    let Ok(json) = serde_json::to_value(&draft) else { panic!("a draft that cannot be written down") };
    each_evidence(&json, &mut |piece| said(piece, utterances));
    for (pointer, verdict) in check::verdicts(&draft, &|quotes| drafter.reread(facts, quotes)) {
        let field = json.pointer(&pointer).unwrap_or(&Value::Null);
        let doubted = field["needs_review"] == true && field["confidence"].as_f64().is_some_and(|c| c <= 0.401);
        assert!(verdict == Verdict::Supported || doubted, "{pointer} is {verdict:?}, and believed: {field}");
    }
    draft
}

fn each_evidence(value: &Value, see: &mut dyn FnMut(&Value)) {
    match value {
        Value::Object(keys) if keys.contains_key("segment_id") && keys.contains_key("char_start") => see(value),
        Value::Object(keys) => keys.values().for_each(|value| each_evidence(value, see)),
        Value::Array(entries) => entries.iter().for_each(|value| each_evidence(value, see)),
        _ => {}
    }
}

fn said(piece: &Value, utterances: &[Utterance]) {
    let number = |key: &str| piece[key].as_u64().unwrap_or(u64::MAX);
    let at = |key: &str| usize::try_from(number(key)).unwrap_or(usize::MAX);
    let heard = utterances.iter().find(|u| piece["segment_id"] == format!("u{}", u.seq));
    let Some(heard) = heard else { panic!("nobody said {piece}") };
    let (from, to) = (at("char_start"), at("char_end"));
    let quote: String = heard.text.chars().skip(from).take(to.saturating_sub(from)).collect();
    assert!(from < to && piece["text"] == quote, "{quote:?} was said, not {piece}");
    let (start, end) = (number("audio_start_ms"), number("audio_end_ms"));
    let within = heard.span.start.as_millis() <= start && start <= end && end <= heard.span.end.as_millis();
    assert!(within, "{piece} was not said in {:?}", heard.span);
}
