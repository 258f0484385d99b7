//! The five calls of the demo, with the values a reviewer would write.

use super::{draft_of, preferred};
use crate::call::{Coverage, Utterance};
use crate::draft::schema::{Alignment, Disposition, Evidence, TicketDraft, Urgency};
use crate::draft::testing::utterance;
use crate::draft::{CallFacts, Drafter, testing};

struct Gold {
    id: &'static str,
    sentences: &'static [(&'static str, u64, u64)],
    category: &'static str,
    /// Value and the sentence it is said in.
    phone: Option<(&'static str, u32)>,
    address: Option<(&'static str, u32)>,
    name: Option<(&'static str, u32)>,
    emergency: Option<u32>,
    category_in: &'static [u32],
}

const CALLS: &[Gold] = &[
    Gold {
        id: "en-gas",
        sentences: &[
            ("Hello.", 800, 1318),
            ("I can smell gas in the basement.", 2336, 4233),
            ("There is a strange smell in the stairwell.", 5146, 7346),
            ("I live at nineteen River Road.", 8323, 10071),
            ("Please send someone as soon as possible.", 10827, 13270),
        ],
        category: "utility.gas",
        phone: None,
        address: Some(("19 River Road", 3)),
        name: None,
        emergency: Some(1),
        category_in: &[1, 2],
    },
    Gold {
        id: "en-heating",
        sentences: &[
            ("Hello, is this the city hotline?", 800, 3370),
            ("I would like to report a heating problem in my apartment.", 4355, 7798),
            ("The heating is not working since Monday.", 8671, 10978),
            ("There are small children in the house.", 11802, 14079),
            ("I live at forty two Maple Street, apartment twelve.", 14821, 18186),
            ("My name is Anna Walker.", 18959, 20505),
            ("My phone number is five five five, zero one three four.", 21357, 25816),
            ("Please send someone as soon as possible.", 26767, 29630),
            ("Thank you, goodbye.", 30430, 31914),
        ],
        category: "utility.heating",
        phone: Some(("5550134", 6)),
        address: Some(("42 Maple Street, apartment 12", 4)),
        name: Some(("Anna Walker", 5)),
        emergency: None,
        category_in: &[1, 2],
    },
    Gold {
        id: "en-streetlight",
        sentences: &[
            ("Good morning.", 800, 1536),
            ("The street light is broken on the corner of Market Road and Ash Street.", 2532, 5876),
            ("It started last night.", 6644, 8123),
            ("It is very dangerous.", 9018, 10242),
            ("You can reach me at six one two, three four five, seven eight nine zero.", 11035, 15403),
            ("Thanks.", 16194, 16648),
        ],
        category: "road.streetlight",
        phone: Some(("6123457890", 4)),
        address: Some(("corner of Market Road and Ash Street", 1)),
        name: None,
        emergency: None,
        category_in: &[1],
    },
    Gold {
        id: "zh-heating",
        sentences: &[
            ("您好是政府热线吗", 800, 3292),
            ("我要报修我们小区的暖气问题", 4279, 8054),
            ("我家楼下暖气不热", 8832, 11166),
            ("家里有老人和小孩", 12198, 14607),
            ("我住在中山路二十三号", 15660, 18904),
            ("我叫王建国", 19759, 21449),
            ("我的电话是六二三四五七八九", 22161, 25909),
            ("请尽快派人来", 26947, 29120),
            ("谢谢再见", 29974, 31323),
        ],
        category: "utility.heating",
        phone: Some(("62345789", 6)),
        address: Some(("中山路23号", 4)),
        name: Some(("王建国", 5)),
        emergency: None,
        category_in: &[1, 2],
    },
    Gold {
        id: "zh-water",
        sentences: &[
            ("你好", 800, 1625),
            ("三号楼二单元停水了", 2599, 5350),
            ("已经三天了", 6269, 7928),
            ("我的电话是八三四五一二零六", 8693, 12525),
            ("谢谢", 13424, 14248),
        ],
        category: "utility.water",
        phone: Some(("83451206", 3)),
        address: Some(("3号楼2单元", 1)),
        name: None,
        emergency: None,
        category_in: &[1],
    },
];

fn utterances(gold: &Gold) -> Vec<Utterance> {
    gold.sentences.iter().zip(0..).map(|((text, start, end), seq)| utterance(seq, text, *start, *end)).collect()
}

/// The evidence lies in the sentence and is what the transcript says there.
fn is_said_in(gold: &Gold, evidence: &[Evidence], sentences: &[u32]) {
    assert!(!evidence.is_empty(), "{}", gold.id);
    for piece in evidence {
        let seq: u32 = piece.segment_id.trim_start_matches('u').parse().unwrap();
        assert!(sentences.contains(&seq), "{}: {piece:?}", gold.id);
        let (text, start, end) = gold.sentences[seq as usize];
        let quote: String = text.chars().skip(piece.char_start).take(piece.char_end - piece.char_start).collect();
        assert_eq!(piece.text, quote, "{}", gold.id);
        assert!(
            start <= piece.audio_start_ms && piece.audio_start_ms < piece.audio_end_ms && piece.audio_end_ms <= end
        );
        assert_eq!(piece.alignment, Alignment::Exact, "{}: {piece:?}", gold.id);
    }
}

#[test]
fn the_demo_calls_become_the_tickets_a_reviewer_would_write() {
    for gold in CALLS {
        let draft = draft_of(&utterances(gold));
        let issue = &draft.issues[0];
        assert_eq!(issue.category.value.as_deref(), Some(gold.category), "{}: {:?}", gold.id, issue.category);
        is_said_in(gold, &issue.category.evidence, gold.category_in);
        let phone = preferred(&draft);
        assert_eq!(phone.map(|p| p.number.as_str()), gold.phone.map(|(value, _)| value), "{}", gold.id);
        if let Some((phone, (_, sentence))) = phone.zip(gold.phone) {
            is_said_in(gold, &phone.evidence, &[sentence]);
        }
        for (field, expected) in [(&issue.location.address_text, gold.address), (&draft.caller.name, gold.name)] {
            assert_eq!(field.value.as_deref(), expected.map(|(value, _)| value), "{}", gold.id);
            if let Some((_, sentence)) = expected {
                is_said_in(gold, &field.evidence, &[sentence]);
            }
        }
        assert_eq!(draft.emergency.flag.value, Some(gold.emergency.is_some()), "{}", gold.id);
        if let Some(sentence) = gold.emergency {
            is_said_in(gold, &draft.emergency.flag.evidence, &[sentence]);
        }
    }
}

fn call(id: &str) -> TicketDraft {
    draft_of(&utterances(CALLS.iter().find(|gold| gold.id == id).unwrap()))
}

#[test]
fn a_gas_smell_is_an_emergency_from_the_moment_the_word_is_said() {
    let draft = call("en-gas");
    assert_eq!(draft.disposition_suggestion, Disposition::Redirect);
    assert_eq!(draft.issues[0].urgency.value, Some(Urgency::Emergency));
    let service = draft.emergency.service.unwrap();
    assert_eq!(service.number, "112");
    let raised = draft.emergency.raised_at_ms.unwrap();
    assert!((2336..=4233).contains(&raised), "{raised}");
}

#[test]
fn a_local_number_is_kept_as_spoken_and_marked_for_review() {
    for id in ["en-heating", "zh-heating", "zh-water"] {
        let draft = call(id);
        let phone = preferred(&draft).unwrap();
        assert_eq!(phone.e164, None, "{id}");
        assert!(phone.needs_review, "{id}");
    }
    let draft = call("en-streetlight");
    assert_eq!(preferred(&draft).unwrap().e164.as_deref(), Some("+16123457890"));
}

#[test]
fn the_description_is_the_callers_sentences_without_greeting_name_and_number() {
    let draft = call("en-heating");
    assert_eq!(
        draft.issues[0].description.value.as_deref(),
        Some(
            "I would like to report a heating problem in my apartment. The heating is not working since Monday. \
             There are small children in the house. I live at forty two Maple Street, apartment twelve. \
             Please send someone as soon as possible."
        )
    );
    assert_eq!(draft.issues[0].title.value.as_deref(), Some("Heating supply: 42 Maple Street, apartment 12"));
    assert_eq!(call("zh-water").issues[0].title.value.as_deref(), Some("供水：3号楼2单元"));
}

#[test]
fn a_draft_in_mid_call_holds_what_was_said_so_far() {
    let gold = &CALLS[1];
    let all = utterances(gold);
    let drafter = Drafter::new().unwrap();
    let facts = CallFacts { ended_unix_ms: None, cause: None, duration_ms: None, ..testing::facts() };
    let half = drafter.draft(&facts, &all[..3], Coverage::default());
    assert_eq!(half.call.end_cause, None);
    assert_eq!(half.issues[0].category.value.as_deref(), Some("utility.heating"));
    assert!(half.caller.phones.is_empty());
}
