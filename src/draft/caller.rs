//! Who calls. What the caller says aloud, what was typed into a form, what a checked token proves and what signalling
//! states are kept apart, and make each other surer where they agree.

use super::CallFacts;
use super::extract::Spans;
use super::normal::Folded;
use super::schema::{Alternative, BelongsTo, Evidence, Field, Phone, PhoneOrigin, Source};
use crate::call::{Identity, Origin};

/// What came with the call beside its words.
struct Given<'a> {
    identity: &'a Identity,
    origin: PhoneOrigin,
    source: Source,
    confidence: f32,
}

/// The surest first. Nothing of a caller who asked to stay unknown.
fn given(facts: &CallFacts) -> impl Iterator<Item = Given<'_>> {
    let party = &facts.party;
    let claim = match facts.origin {
        Origin::WebRtc { .. } => (PhoneOrigin::WebForm, Source::WebForm),
        Origin::Sip { .. } | Origin::File => (PhoneOrigin::SipFrom, Source::Sip),
    };
    let each = [
        (&party.verified, (PhoneOrigin::Token, Source::Token), 0.99),
        (&party.asserted, (PhoneOrigin::SipPai, Source::Sip), 0.99),
        (&party.claimed, claim, 0.6),
    ];
    each.into_iter().filter(|_| !party.withheld).filter_map(|(identity, (origin, source), confidence)| {
        Some(Given { identity: identity.as_ref()?, origin, source, confidence })
    })
}

/// The numbers that came with the call beside the spoken ones; a spoken one that agrees with them is surer. `this_line`:
/// where the caller asks to be called on the line of this call.
pub fn phones(facts: &CallFacts, spoken: Vec<(Phone, Spans)>, this_line: Option<(Vec<Evidence>, Spans)>) -> Vec<Phone> {
    // A number said after the wish is another wish.
    let begin = |spans: &Spans| spans.first().map(|(line, range)| (*line, range.start));
    let preferred = spoken.iter().find(|(phone, _)| phone.preferred).and_then(|(_, spans)| begin(spans));
    let mut wish = this_line.filter(|(_, spans)| begin(spans) > preferred).map(|(evidence, _)| evidence);
    let mut spoken: Vec<Phone> = spoken.into_iter().map(|(phone, _)| phone).collect();
    let mut any = spoken.iter().any(|phone| phone.preferred);
    for given in given(facts) {
        let Some(mut phone) = phone(&given) else { continue };
        for other in spoken.iter_mut().filter(|other| other.origin == PhoneOrigin::Spoken && same(&phone, other)) {
            other.confidence += (1.0 - other.confidence) / 2.0;
            other.needs_review = false;
        }
        if let Some(evidence) = wish.take_if(|_| matches!(given.source, Source::Sip)) {
            spoken.iter_mut().for_each(|other| other.preferred = false);
            (any, phone.belongs_to, phone.evidence) = (false, BelongsTo::Caller, evidence);
        }
        phone.preferred = !any;
        any = true;
        spoken.push(phone);
    }
    spoken
}

fn phone(given: &Given<'_>) -> Option<Phone> {
    let raw = given.identity.number.clone()?;
    let number: String = raw.chars().filter(char::is_ascii_digit).collect();
    let e164 = (raw.starts_with('+') && (7..=15).contains(&number.len()) && !number.starts_with('0'))
        .then(|| format!("+{number}"));
    (!number.is_empty()).then_some(Phone {
        number,
        e164,
        raw,
        origin: given.origin,
        preferred: false,
        repeated: false,
        read_back_confirmed: false,
        belongs_to: BelongsTo::Unknown,
        confidence: given.confidence,
        source: given.source,
        evidence: Vec::new(),
        alternatives: Vec::new(),
        needs_review: matches!(given.origin, PhoneOrigin::SipFrom | PhoneOrigin::WebForm),
        band: None,
    })
}

fn same(given: &Phone, spoken: &Phone) -> bool {
    given.number == spoken.number || (spoken.e164.is_some() && given.e164 == spoken.e164)
}

/// The name the caller said, else the one a token proves, else the one that was typed. Display names of telephones are
/// left out: most are the model's or the extension's.
pub fn name(facts: &CallFacts, said: Field<String>) -> Field<String> {
    let mut field = said;
    for given in given(facts).filter(|given| matches!(given.source, Source::Token | Source::WebForm)) {
        let Some(name) = given.identity.display_name.clone() else { continue };
        let typed = given.source == Source::WebForm;
        match &field.value {
            None => {
                field = Field {
                    value: Some(name),
                    confidence: given.confidence,
                    source: given.source,
                    needs_review: typed,
                    ..Field::unknown()
                };
            }
            Some(value) if alike(value, &name) => {
                field.confidence += (1.0 - field.confidence) / 2.0;
                field.needs_review = false;
            }
            // A proved name needs nobody to look at what was typed beside it.
            Some(_) => {
                field.needs_review |= field.source != Source::Token;
                field.alternatives.push(Alternative { value: name, confidence: given.confidence });
            }
        }
    }
    field
}

/// The same letters, however they are spaced and whatever their case and width.
fn alike(a: &str, b: &str) -> bool {
    let letters = |text: &str| Folded::new(text).text.split_whitespace().collect::<String>();
    letters(a) == letters(b)
}
