//! Calls as tests, the fuzzer and the benchmark make them up.

use super::CallFacts;
use super::normal::is_han;
use crate::call::{
    CallId, DraftId, Language, MediaSpan, MediaTime, Origin, Party, Reference, SegmentOutcome, Utterance, Word,
};
use crate::config::UrgencyHours;

/// An utterance whose words share its time by their length, as a recogniser would roughly place them.
pub fn utterance(seq: u32, text: &str, start_ms: u64, end_ms: u64) -> Utterance {
    let mut pieces: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        if c.is_whitespace() {
            open = false;
        } else if is_han(c) {
            pieces.push(c.to_string());
            open = false;
        } else if let Some(last) = pieces.last_mut().filter(|_| open) {
            last.push(c);
        } else {
            pieces.push(c.to_string());
            open = true;
        }
    }
    let total: u64 = pieces.iter().map(|piece| piece.chars().count() as u64).sum();
    let mut done = 0;
    let at = |done: u64| MediaTime(start_ms + (end_ms - start_ms) * done / total.max(1));
    let words = pieces
        .into_iter()
        .map(|text| {
            let from = at(done);
            done += text.chars().count() as u64;
            Word::new(text, MediaSpan::new(from, at(done)), 0.95)
        })
        .collect();
    let chinese = text.chars().any(is_han);
    Utterance {
        text: text.to_owned(),
        language: Some(if chinese { Language::Zh } else { Language::En }),
        words,
        confidence: 0.95,
        ..Utterance::wordless(seq, MediaSpan::new(MediaTime(start_ms), MediaTime(end_ms)), SegmentOutcome::Text, "test")
    }
}

/// One utterance per text, a second apart.
pub fn call(texts: &[&str]) -> Vec<Utterance> {
    texts
        .iter()
        .zip(0_u32..)
        .map(|(text, seq)| utterance(seq, text, u64::from(seq) * 4000, u64::from(seq) * 4000 + 3000))
        .collect()
}

pub fn facts() -> CallFacts {
    CallFacts {
        draft_id: DraftId::new(),
        version: 1,
        call: CallId::new(),
        reference: Some(Reference::from_random(572_048_161)),
        line: "default".into(),
        regions: vec!["US".into(), "CN".into(), "HK".into()],
        party: Party::default(),
        origin: Origin::Sip {
            sip_call_id: "a84b4c76e66710".into(),
            source: ([127, 0, 0, 1], 5060).into(),
            transport: "udp".into(),
            user_agent: None,
        },
        dialled: Some("12345".into()),
        follows: None,
        created_unix_ms: 1_795_400_131_000,
        started_unix_ms: 1_795_400_070_000,
        answered_unix_ms: Some(1_795_400_073_000),
        ended_unix_ms: Some(1_795_400_129_000),
        duration_ms: Some(56_000),
        cause: Some(crate::call::EndCause::CallerHangup),
        notice: Some(MediaSpan::new(MediaTime(0), MediaTime(5_000))),
        recording: None,
        dtmf: String::new(),
        read_backs: Vec::new(),
        model: "heardline-nano".into(),
        demo_model: true,
        emergency_number: "112".into(),
        emergency: None,
        time_zone: "UTC".into(),
        places: std::sync::Arc::default(),
        urgency: UrgencyHours::default(),
        redact: true,
    }
}

/// A new seed each run unless `HEARDLINE_TEST_SEED` names one; printed, so a failure can be run again.
pub fn seed() -> u64 {
    let seed =
        std::env::var("HEARDLINE_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    println!("HEARDLINE_TEST_SEED={seed}");
    seed
}
