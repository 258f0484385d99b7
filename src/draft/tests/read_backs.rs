//! Numbers that were read back: what a yes and a no make of them.

use super::{drafter, preferred};
use crate::call::{Answer, Band, Coverage, Identity, MediaTime, Party, ReadBack, Speaker, Utterance};
use crate::draft::schema::{Disposition, PhoneOrigin, Source, TicketDraft};
use crate::draft::testing::call;

/// Utterance `n` of [`call`] ends at this time; what was read then is answered by the next one.
fn after(n: u64) -> MediaTime {
    MediaTime(n * 4_000 + 3_500)
}

fn read(number: &str, at: MediaTime, key: Option<Answer>) -> ReadBack {
    ReadBack { number: number.into(), at, key }
}

fn drafted(utterances: &[Utterance], read_backs: Vec<ReadBack>, claimed: Option<&str>) -> TicketDraft {
    let claimed = claimed.map(|number| Identity {
        uri: String::new(),
        number: Some(number.into()),
        display_name: None,
        subject: None,
    });
    let facts = super::facts();
    let facts = crate::draft::CallFacts { read_backs, party: Party { claimed, ..facts.party.clone() }, ..facts };
    drafter().draft(&facts, utterances, Coverage::default())
}

fn spoken<'a>(draft: &'a TicketDraft, number: &str) -> &'a crate::draft::schema::Phone {
    let found = draft.caller.phones.iter().find(|p| p.origin == PhoneOrigin::Spoken && p.number == number);
    found.unwrap_or_else(|| panic!("{number} in {:?}", draft.caller.phones))
}

const ENGLISH: [&str; 2] =
    ["The street light at 12 Main Street is broken.", "My number is two one two, five five five, zero one three four."];
const MANDARIN: [&str; 2] = ["我们小区停水了", "我的手机号是一五四零零一六八八二三"];

#[test]
fn a_spoken_yes_makes_the_number_sure_and_is_its_evidence() {
    for (said, number, yes) in [
        (ENGLISH, "2125550134", "Yes, that's right."),
        (MANDARIN, "15400168823", "对"),
        (MANDARIN, "15400168823", "係呀，冇錯"),
    ] {
        let utterances = call(&[said[0], said[1], yes]);
        let before = drafted(&utterances, Vec::new(), None);
        assert!(!spoken(&before, number).read_back_confirmed);
        let draft = drafted(&utterances, vec![read(number, after(1), None)], None);
        let phone = spoken(&draft, number);
        assert!(phone.read_back_confirmed && phone.preferred && !phone.needs_review, "{phone:?}");
        assert_eq!(phone.source, Source::CallerConfirmed);
        assert!(phone.confidence > 0.95 && phone.confidence > spoken(&before, number).confidence);
        let answer = phone.evidence.last().unwrap();
        assert_eq!(answer.segment_id, draft.transcript.segments[2].id);
        assert!(yes.starts_with(&answer.text) && answer.audio_start_ms >= 8_000, "{answer:?}");
    }
}

fn turn(speaker: Speaker, text: &str) -> (Speaker, &str) {
    (speaker, text)
}

fn attended(turns: &[(Speaker, &str)]) -> Vec<Utterance> {
    let texts: Vec<&str> = turns.iter().map(|(_, text)| *text).collect();
    let speakers = turns.iter().map(|(speaker, _)| *speaker);
    call(&texts).into_iter().zip(speakers).map(|(said, speaker)| Utterance { speaker, ..said }).collect()
}

#[test]
fn a_number_that_an_agent_reads_to_the_caller_is_as_sure_as_the_answer() {
    use Speaker::{Agent, Caller};
    let number = "2125550134";
    let of = |answer: &str| {
        let agent = turn(Agent, "So that is two one two, five five five, zero one three four?");
        let utterances = attended(&[turn(Caller, ENGLISH[0]), turn(Caller, ENGLISH[1]), agent, turn(Caller, answer)]);
        drafted(&utterances, Vec::new(), None)
    };
    let yes = of("Yes, that's right.");
    assert!(spoken(&yes, number).read_back_confirmed && yes.caller.phones.len() == 1, "{:?}", yes.caller.phones);
    assert!(!spoken(&of("Please send somebody today."), number).read_back_confirmed);
    let no = of("No.");
    assert!(!spoken(&no, number).read_back_confirmed && spoken(&no, number).needs_review);
}

#[test]
fn what_an_agent_says_stands_in_the_transcript_and_in_no_field() {
    use Speaker::{Agent, Caller};
    let caller = turn(Caller, "The street light is broken.");
    let agent = "My name is Ann Lee. My house is on fire at 12 Main Street, is your number two one two, five five five, zero one \
                 nine nine?";
    let alone = drafted(&attended(&[caller]), Vec::new(), None);
    let draft = drafted(&attended(&[caller, turn(Agent, agent), turn(Caller, "Well.")]), Vec::new(), None);
    assert_eq!(draft.transcript.segments[1].speaker, Agent);
    assert_eq!(draft.transcript.segments[1].text, agent);
    assert!(draft.caller.phones.is_empty() && draft.caller.name.value.is_none(), "{:?}", draft.caller);
    assert_eq!(draft.emergency.flag.value, alone.emergency.flag.value);
    assert_eq!(draft.issues[0].category.value, alone.issues[0].category.value);
    assert_eq!(draft.issues[0].location, alone.issues[0].location);
    assert!(!serde_json::to_string(&draft.summary).unwrap().contains("Ann"), "{:?}", draft.summary);
    assert!(drafter().hazard(&attended(&[turn(Agent, "My house is on fire!")])[0]).is_none());
    assert!(drafter().hazard(&attended(&[turn(Caller, "My house is on fire!")])[0]).is_some());
}

#[test]
fn a_key_confirms_without_words() {
    let draft = drafted(&call(&ENGLISH), vec![read("2125550134", after(1), Some(Answer::Yes))], None);
    let phone = spoken(&draft, "2125550134");
    assert!(phone.read_back_confirmed && !phone.needs_review);
    assert!(phone.evidence.iter().all(|one| one.segment_id == draft.transcript.segments[1].id));
}

#[test]
fn weak_words_stay_a_matter_for_review() {
    let mut utterances = call(&ENGLISH);
    utterances[1].words[5].band = Band::Missing;
    let draft = drafted(&utterances, vec![read("2125550134", after(1), Some(Answer::Yes))], None);
    let phone = spoken(&draft, "2125550134");
    assert!(phone.read_back_confirmed && phone.needs_review, "{phone:?}");
}

#[test]
fn a_no_asks_for_review_and_the_signalled_number_is_better() {
    let utterances = call(&[ENGLISH[0], ENGLISH[1], "No, that's wrong."]);
    let read_backs = || vec![read("2125550134", after(1), None)];
    let draft = drafted(&utterances, read_backs(), Some("+12025550100"));
    let phone = spoken(&draft, "2125550134");
    assert!(phone.needs_review && !phone.read_back_confirmed && phone.confidence < 0.4);
    assert_eq!(preferred(&draft).map(|phone| phone.number.as_str()), Some("12025550100"));
    assert_ne!(draft.disposition_suggestion, Disposition::WrongNumber);
    let draft = drafted(&utterances, read_backs(), None);
    assert_eq!(preferred(&draft).map(|phone| phone.number.as_str()), Some("2125550134"), "better than none");
}

#[test]
fn a_correction_in_the_answer_is_another_number_until_it_is_confirmed_itself() {
    let texts = [ENGLISH[0], ENGLISH[1], "No, it's two one two, five five five, zero one three five.", "Yes."]
        .map(String::from);
    let utterances = call(&texts.each_ref().map(String::as_str));
    let first = read("2125550134", after(1), None);
    let draft = drafted(&utterances[..3], vec![first.clone()], None);
    let phone = spoken(&draft, "2125550135");
    assert!(phone.preferred && !phone.read_back_confirmed);
    let draft = drafted(&utterances, vec![first, read("2125550135", after(2), None)], None);
    let phone = spoken(&draft, "2125550135");
    assert!(phone.preferred && phone.read_back_confirmed);
}

#[test]
fn an_answer_is_no_part_of_the_matter_and_what_is_said_with_it_is() {
    let read_backs = vec![read("2125550134", after(1), None)];
    let description = |answer: &str| {
        let draft = drafted(&call(&[ENGLISH[0], ENGLISH[1], answer]), read_backs.clone(), None);
        draft.issues[0].description.value.clone().unwrap_or_default()
    };
    for answer in ["Yes, that's right.", "No, that's wrong.", "Correct."] {
        assert_eq!(description(answer), ENGLISH[0], "{answer}");
    }
    assert!(description("Yes. And the pavement is cracked.").contains("pavement is cracked"));
    let unasked = drafted(&call(&[ENGLISH[0], "No, that's wrong."]), Vec::new(), None);
    assert!(unasked.issues[0].description.value.clone().unwrap().contains("wrong"), "nothing was read back");
}

#[test]
fn words_before_the_reading_and_long_after_it_answer_nothing() {
    let draft = drafted(&call(&[ENGLISH[0], ENGLISH[1], "Yes."]), vec![read("2125550134", after(2), None)], None);
    assert!(!spoken(&draft, "2125550134").read_back_confirmed);
    let late = call(&[ENGLISH[1], "Well I said so", "many people walk here", "at night it is dark", "Yes."]);
    let draft = drafted(&late, vec![read("2125550134", after(0), None)], None);
    assert!(!spoken(&draft, "2125550134").read_back_confirmed);
}
