//! Every value is made once more from its own evidence. What its words do not say is shown for review and believed no
//! more than 0.4: a value without words, one whose words say something else, one heard only because it was expected.
//!
//! Values that rest on no words (signalling, tokens, defaults, what a person entered) are left alone.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::lines::Recent;
use super::said::{Said, name_letters};
use super::schema::{
    Anonymity, Evidence, Field, Issue, MAX_EVIDENCE, Phone, Source, Speaker, TicketDraft, TranscriptSegment,
};
use super::spoken::dictated_digits;
use crate::call::{Language, MediaSpan, MediaTime, SegmentOutcome, Utterance};

/// The most a value that its evidence does not support is believed.
const DOUBTED: f32 = 0.4;

/// How a value follows from the words of its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rests {
    /// Its digits are dictated there.
    Dictated,
    /// Its letters stand there.
    Named,
    /// Its words and numbers stand there.
    Quoted,
    /// The rules conclude it, or offer it, from those words alone.
    Concluded,
    /// It is put together from fields that are checked themselves.
    Composed,
}

/// What the evidence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Supported,
    /// The words say something else, or are not in the transcript.
    Contradicted,
    NoEvidence,
    /// Every word of it was heard only because the line names it as a hot word.
    OnlyExpected,
}

/// A piece of evidence as it stands in the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quote {
    text: String,
    language: Option<Language>,
}

impl Quote {
    /// As if nothing else had been said.
    pub fn utterance(&self) -> Utterance {
        let nowhere = MediaSpan::new(MediaTime(0), MediaTime(0));
        Utterance {
            text: self.text.clone(),
            language: self.language,
            confidence: 1.0,
            ..Utterance::wordless(0, nowhere, SegmentOutcome::Text, "")
        }
    }
}

/// What quotes alone say, kept from one check of a call to the next as long as they are cited.
#[derive(Default)]
pub struct Known {
    /// The drafts they make.
    reread: Recent<Vec<Quote>, Value>,
    /// Whether they say a value.
    said: Recent<Saying, bool>,
}

/// A value as text, how it rests on quotes, and the quotes.
#[derive(PartialEq, Eq, Hash)]
struct Saying {
    value: String,
    rests: Rests,
    /// Perhaps repaired by the gazetteer.
    named: bool,
    quotes: Vec<Quote>,
}

/// Makes the draft, as JSON, of some quotes alone.
pub type Reread<'a> = &'a dyn Fn(&[Quote]) -> Value;

/// A value with its evidence, whatever its type.
trait Claim {
    fn value(&self) -> Option<Value>;
    fn evidence(&self) -> &[Evidence];
    fn source(&self) -> Source;
    /// How far it is believed, and whether a person is asked to look.
    fn marks(&mut self) -> (&mut f32, &mut bool);
}

impl<T: Serialize> Claim for Field<T> {
    fn value(&self) -> Option<Value> {
        self.value.as_ref().and_then(|value| serde_json::to_value(value).ok())
    }

    fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    fn source(&self) -> Source {
        self.source
    }

    fn marks(&mut self) -> (&mut f32, &mut bool) {
        (&mut self.confidence, &mut self.needs_review)
    }
}

impl Claim for Phone {
    fn value(&self) -> Option<Value> {
        Some(Value::String(self.number.clone()))
    }

    fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    fn source(&self) -> Source {
        self.source
    }

    fn marks(&mut self) -> (&mut f32, &mut bool) {
        (&mut self.confidence, &mut self.needs_review)
    }
}

/// Where a field stands in the draft's JSON: its pointer, and within an issue the part that is the same for all issues.
struct Place {
    pointer: String,
    of_issue: Option<&'static str>,
}

type See<'a> = &'a mut dyn FnMut(Place, Rests, &mut dyn Claim);

/// Shows every value of the draft once. A test holds this list against the draft's JSON.
fn visit(draft: &mut TicketDraft, see: See<'_>) {
    let mut call = |pointer: &str, rests: Rests, claim: &mut dyn Claim| {
        see(Place { pointer: pointer.to_owned(), of_issue: None }, rests, claim);
    };
    let TicketDraft { language, caller, quoted_reference, emergency, summary, .. } = draft;
    call("/language/primary", Rests::Composed, &mut language.primary);
    call("/language/needs_interpreter", Rests::Concluded, &mut language.needs_interpreter);
    call("/language/interpreter_language", Rests::Quoted, &mut language.interpreter_language);
    call("/caller/name", Rests::Named, &mut caller.name);
    // That a name was given rests on the name, which is checked itself; a wish has words of its own.
    let wish = if caller.anonymity.value == Some(Anonymity::Named) { Rests::Composed } else { Rests::Concluded };
    call("/caller/anonymity", wish, &mut caller.anonymity);
    call("/caller/follow_up_consent", Rests::Concluded, &mut caller.follow_up_consent);
    call("/caller/callback_window", Rests::Quoted, &mut caller.callback_window);
    call("/caller/vulnerability", Rests::Concluded, &mut caller.vulnerability);
    for (nth, phone) in caller.phones.iter_mut().enumerate() {
        call(&format!("/caller/phones/{nth}"), Rests::Dictated, phone);
    }
    call("/quoted_reference", Rests::Dictated, quoted_reference);
    call("/emergency/flag", Rests::Concluded, &mut emergency.flag);
    call("/summary/title", Rests::Composed, &mut summary.title);
    call("/summary/text", Rests::Quoted, &mut summary.text);
    for (nth, issue) in draft.issues.iter_mut().enumerate() {
        visit_issue(nth, issue, see);
    }
}

fn visit_issue(nth: usize, issue: &mut Issue, see: See<'_>) {
    let mut of = |part: &'static str, rests: Rests, claim: &mut dyn Claim| {
        see(Place { pointer: format!("/issues/{nth}{part}"), of_issue: Some(part) }, rests, claim);
    };
    let place = &mut issue.location;
    of("/request_type", Rests::Concluded, &mut issue.request_type);
    of("/category", Rests::Concluded, &mut issue.category);
    of("/title", Rests::Composed, &mut issue.title);
    of("/description", Rests::Quoted, &mut issue.description);
    of("/location/address_text", Rests::Quoted, &mut place.address_text);
    of("/location/district", Rests::Quoted, &mut place.district);
    of("/location/street", Rests::Quoted, &mut place.street);
    of("/location/community", Rests::Quoted, &mut place.community);
    of("/location/building", Rests::Quoted, &mut place.building);
    of("/location/unit", Rests::Quoted, &mut place.unit);
    of("/location/intersection", Rests::Quoted, &mut place.intersection);
    of("/location/asset_ref", Rests::Dictated, &mut place.asset_ref);
    of("/occurred_at/text", Rests::Quoted, &mut issue.occurred_at.text);
    of("/urgency", Rests::Concluded, &mut issue.urgency);
    of("/safety_risks", Rests::Concluded, &mut issue.safety_risks);
    of("/respondent", Rests::Quoted, &mut issue.respondent);
    of("/affected_count", Rests::Quoted, &mut issue.affected_count);
    of("/group_demand", Rests::Concluded, &mut issue.group_demand);
    of("/desired_outcome", Rests::Quoted, &mut issue.desired_outcome);
    of("/routing_suggestion", Rests::Composed, &mut issue.routing_suggestion);
}

/// Checks the whole draft and marks what its evidence does not support.
pub fn doubt(draft: &mut TicketDraft, reread: Reread<'_>, known: &mut Known) {
    judge(draft, reread, known, &mut |_, verdict, claim| {
        if verdict != Verdict::Supported {
            let (confidence, needs_review) = claim.marks();
            *confidence = confidence.min(DOUBTED);
            *needs_review = true;
        }
    });
}

/// Every value that rests on words, with its JSON pointer, and what its evidence is worth.
pub fn verdicts(draft: &TicketDraft, reread: Reread<'_>) -> Vec<(String, Verdict)> {
    let mut out = Vec::new();
    judge(&mut draft.clone(), reread, &mut Known::default(), &mut |place, verdict, _| {
        out.push((place.pointer, verdict))
    });
    out
}

fn judge(
    draft: &mut TicketDraft,
    reread: Reread<'_>,
    known: &mut Known,
    tell: &mut dyn FnMut(Place, Verdict, &mut dyn Claim),
) {
    known.reread.turn();
    known.said.turn();
    let transcript = std::mem::take(&mut draft.transcript.segments);
    let segments: HashMap<&str, &TranscriptSegment> = transcript.iter().map(|s| (s.id.as_str(), s)).collect();
    visit(draft, &mut |place, rests, claim| {
        let Some(value) = claim.value() else { return };
        // "No danger was named" rests on no word.
        if wordless(claim.source()) || value == Value::Bool(false) {
            return;
        }
        let verdict = match quotes(claim.evidence(), &segments) {
            _ if claim.evidence().is_empty() => Verdict::NoEvidence,
            Some(quotes) if follows(&value, rests, &place, claim, &quotes, reread, known) => {
                let expected = claim.evidence().iter().all(|evidence| evidence.prompted);
                if expected { Verdict::OnlyExpected } else { Verdict::Supported }
            }
            _ => Verdict::Contradicted,
        };
        tell(place, verdict, claim);
    });
    draft.transcript.segments = transcript;
}

fn wordless(source: Source) -> bool {
    matches!(
        source,
        Source::Sip | Source::Token | Source::WebForm | Source::Default | Source::CallerConfirmed | Source::Agent
    )
}

/// The evidence as quotes; `None` when a piece of it is not what its segment says there and then.
fn quotes(evidence: &[Evidence], segments: &HashMap<&str, &TranscriptSegment>) -> Option<Vec<Quote>> {
    evidence.iter().map(|piece| quote(piece, segments.get(piece.segment_id.as_str())?)).collect()
}

fn quote(piece: &Evidence, segment: &TranscriptSegment) -> Option<Quote> {
    let length = piece.char_end.checked_sub(piece.char_start)?;
    let there: String = segment.text.chars().skip(piece.char_start).take(length).collect();
    let within = segment.start_ms <= piece.audio_start_ms
        && piece.audio_start_ms <= piece.audio_end_ms
        && piece.audio_end_ms <= segment.end_ms;
    let said = there == piece.text && piece.channel == Speaker::Caller && segment.speaker == Speaker::Caller;
    (said && within).then_some(Quote { text: there, language: segment.lang })
}

fn follows(
    value: &Value,
    rests: Rests,
    place: &Place,
    claim: &dyn Claim,
    quotes: &[Quote],
    reread: Reread<'_>,
    known: &mut Known,
) -> bool {
    match rests {
        Rests::Composed => true,
        // A long text cites no more than so many pieces; its other sentences were quoted from the same lines.
        Rests::Quoted if claim.evidence().len() >= MAX_EVIDENCE => true,
        Rests::Concluded => concluded(known.reread.get(quotes.to_vec(), |quotes| reread(quotes)), place, value),
        Rests::Dictated | Rests::Named | Rests::Quoted => {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let named = claim.source() == Source::Gazetteer;
            *known.said.get(Saying { value, rests, named, quotes: quotes.to_vec() }, says)
        }
    }
}

fn says(Saying { value, rests, named, quotes }: &Saying) -> bool {
    let joined = |mark: &str| quotes.iter().map(|quote| quote.text.as_str()).collect::<Vec<_>>().join(mark);
    match rests {
        Rests::Dictated => dictated_digits(&joined(", ")).contains(&dictated_digits(value)),
        Rests::Named => name_letters(&joined(" ")).contains(&name_letters(value)),
        Rests::Quoted | Rests::Concluded | Rests::Composed => {
            let (said, claimed) = (Said::of(&joined(". ")), Said::of(value));
            // A name repaired by the gazetteer is written differently from how it was heard; its numbers are not.
            if *named { claimed.numbers.iter().all(|number| said.holds_number(number)) } else { said.holds(&claimed) }
        }
    }
}

/// Whether a draft made of the evidence alone has this value, or offers it.
fn concluded(again: &Value, place: &Place, value: &Value) -> bool {
    let fields: Vec<&Value> = match place.of_issue {
        Some(part) => {
            let issues = again["issues"].as_array().into_iter().flatten();
            issues.filter_map(|issue| issue.pointer(part)).collect()
        }
        None => again.pointer(&place.pointer).into_iter().collect(),
    };
    let offered = |field: &Value| {
        let others = field["alternatives"].as_array().into_iter().flatten().map(|other| other["value"].clone());
        std::iter::once(field["value"].clone()).chain(others).collect::<Vec<_>>()
    };
    let offered: Vec<Value> = fields.into_iter().flat_map(offered).collect();
    match value.as_array() {
        // Of a list each entry may follow from other words.
        Some(entries) => {
            let found: Vec<&Value> = offered.iter().filter_map(Value::as_array).flatten().collect();
            entries.iter().all(|entry| found.contains(&entry))
        }
        None => offered.contains(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Coverage;
    use crate::draft::Drafter;
    use crate::draft::testing::{call, facts};

    const LINES: [&str; 2] = [
        "The street light at 42 Maple Street is broken.",
        "My name is Ann Lee and my number is two one two, five five five, zero one three four.",
    ];

    fn drafted() -> TicketDraft {
        Drafter::new().unwrap().draft(&facts(), &call(&LINES), Coverage::default())
    }

    fn rechecked(draft: &TicketDraft) -> Vec<(String, Verdict)> {
        let drafter = Drafter::new().unwrap();
        verdicts(draft, &|quotes| drafter.reread(&facts(), quotes))
    }

    fn verdict(draft: &TicketDraft, pointer: &str) -> Verdict {
        let all = rechecked(draft);
        all.iter().find(|(at, _)| at == pointer).unwrap_or_else(|| panic!("{pointer} in {all:?}")).1
    }

    /// Pointers of everything that has a value and its evidence.
    fn fields(json: &Value, at: &str, out: &mut Vec<String>) {
        if let Some(keys) = json.as_object() {
            if keys.contains_key("evidence") && keys.contains_key("confidence") {
                out.push(at.to_owned());
                return;
            }
            keys.iter().for_each(|(key, value)| fields(value, &format!("{at}/{key}"), out));
        }
        for (nth, value) in json.as_array().into_iter().flatten().enumerate() {
            fields(value, &format!("{at}/{nth}"), out);
        }
    }

    #[test]
    fn no_field_of_the_draft_is_forgotten() {
        let mut draft = drafted();
        let mut there = Vec::new();
        fields(&serde_json::to_value(&draft).unwrap(), "", &mut there);
        let mut seen = Vec::new();
        visit(&mut draft, &mut |place, _, _| seen.push(place.pointer));
        there.sort();
        seen.sort();
        assert_eq!(seen, there);
        assert!(there.iter().any(|pointer| pointer == "/caller/phones/0"), "{there:?}");
    }

    #[test]
    fn what_the_rules_read_is_supported_by_its_evidence() {
        let draft = drafted();
        let all = rechecked(&draft);
        assert!(all.len() >= 6, "{all:?}");
        assert!(all.iter().all(|(_, verdict)| *verdict == Verdict::Supported), "{all:?}");
    }

    #[test]
    fn a_value_that_its_evidence_does_not_say_is_shown_for_review() {
        type Change = fn(&mut TicketDraft);
        let wrong: [(&str, Change); 6] = [
            ("/caller/name", |draft| draft.caller.name.value = Some("Ann Low".into())),
            ("/caller/phones/0", |draft| draft.caller.phones[0].number = "2125550135".into()),
            ("/issues/0/location/address_text", |draft| {
                draft.issues[0].location.address_text.value = Some("43 Maple Street".into());
            }),
            ("/issues/0/category", |draft| draft.issues[0].category.value = Some("utility.gas".into())),
            // The words are right, but nobody said them there, or then.
            ("/caller/name", |draft| draft.caller.name.evidence[0].text = "Ann Lee!".into()),
            ("/caller/name", |draft| draft.caller.name.evidence[0].audio_end_ms = 60_000),
        ];
        for (pointer, change) in wrong {
            let mut draft = drafted();
            change(&mut draft);
            assert_eq!(verdict(&draft, pointer), Verdict::Contradicted, "{pointer}");
            let drafter = Drafter::new().unwrap();
            doubt(&mut draft, &|quotes| drafter.reread(&facts(), quotes), &mut Known::default());
            let json = serde_json::to_value(&draft).unwrap();
            let field = json.pointer(pointer).unwrap();
            assert_eq!(field["needs_review"], true, "{pointer}");
            assert!(field["confidence"].as_f64().unwrap() <= 0.4, "{pointer}");
        }
    }

    #[test]
    fn a_value_without_words_or_of_expected_words_only_is_doubted_and_what_signalling_says_is_not() {
        let mut draft = drafted();
        draft.caller.name.evidence.clear();
        assert_eq!(verdict(&draft, "/caller/name"), Verdict::NoEvidence);
        let mut draft = drafted();
        draft.caller.name.evidence.iter_mut().for_each(|evidence| evidence.prompted = true);
        assert_eq!(verdict(&draft, "/caller/name"), Verdict::OnlyExpected);
        for source in [Source::Sip, Source::Agent, Source::CallerConfirmed] {
            let mut draft = drafted();
            draft.caller.name = Field { source, ..Field::found("X".into(), 0.9, source, Vec::new(), "test") };
            assert!(rechecked(&draft).iter().all(|(pointer, _)| pointer != "/caller/name"));
        }
    }
}
