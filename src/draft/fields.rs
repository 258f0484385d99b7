//! All extractors over one call, in the order in which they need each other.

use super::evidence::Segment;
use super::extract::emergency::Hazard;
use super::extract::{Doc, Spans, address, category, name, phone, urgency};
use super::schema::{
    Alternative, BelongsTo, Disposition, EmergencySection, EmergencyService, Field, LanguageSection, MAX_ALTERNATIVES,
    MAX_DESCRIPTION, MAX_EVIDENCE, MAX_SUMMARY, MAX_TITLE, Phone, Source, Urgency,
};
use super::taxonomy::{Category, NO_CONTENT, UNCLEAR};
use super::{CallFacts, Drafter, caller, text};
use crate::call::Language;

/// What the words of a call say.
pub struct Reading {
    pub language: LanguageSection,
    pub phones: Vec<Phone>,
    pub name: Field<String>,
    pub category: Field<String>,
    pub title: Field<String>,
    pub description: Field<String>,
    pub address: Field<String>,
    pub urgency: Field<Urgency>,
    pub emergency: EmergencySection,
    pub summary: Field<String>,
    pub disposition: Disposition,
}

const EXTRACTOR: &str = "rules@1";
/// A category is shown for review below this share.
const SURE: f32 = 0.55;
/// "Sorry, wrong number."
const WRONG_NUMBER: &[&str] = &[
    "wrong number",
    "dialed the wrong",
    "dialled the wrong",
    "misdial",
    "打错了",
    "打错电话",
    "拨错",
    "搭錯線",
    "打錯",
];
/// Words that Cantonese has and Mandarin has not.
const CANTONESE: &[char] = &['嘅', '係', '喺', '冇', '唔', '咗', '佢', '啲', '哋', '嚟', '嗰', '㗎'];

pub fn read(drafter: &Drafter, facts: &CallFacts, segments: &[Segment<'_>]) -> Reading {
    let (language, cantonese) = language(segments);
    let doc = Doc::new(segments, cantonese);
    let spoken = phone::spoken(&doc, &facts.regions);
    let phone_spans: Spans = spoken.iter().flat_map(|(_, spans)| spans.clone()).collect();
    let phones = caller::phones(facts, spoken.into_iter().map(|(phone, _)| phone).collect());
    let found_name = name::find(&doc);
    let found_address = address::find(&doc).filter(|found| !overlaps(&found.spans, &phone_spans));
    let masks = address::masks(&doc);
    let hazards = drafter.lexicon.find(&doc);
    let certain = hazards.iter().filter(|hazard| !hazard.doubtful).flat_map(|hazard| hazard.spans.clone());
    let mut scored =
        drafter.classifier.classify(&doc, &drafter.taxonomy, &masks, &certain.take(MAX_EVIDENCE).collect());
    if scored.iter().any(|one| code(drafter, one) != NO_CONTENT) {
        scored.retain(|one| code(drafter, one) != NO_CONTENT);
    }
    let wrong = scored.first().is_none_or(|best| code(drafter, best).starts_with("other."))
        && segments.iter().any(|s| WRONG_NUMBER.iter().any(|word| s.folded.text.contains(word)));
    let category = category_field(drafter, &doc, &scored, wrong);
    let emergency = emergency(facts, &doc, &hazards);

    let mut personal = phone_spans;
    personal.extend(found_name.iter().flat_map(|found| found.spans.clone()));
    let mut topic: Spans = scored.first().map(|best| best.spans.clone()).unwrap_or_default();
    topic.extend(found_address.iter().flat_map(|found| found.spans.clone()));
    let sentences = text::content(segments, &personal, &topic);
    let row = category.value.as_deref().and_then(|code| drafter.taxonomy.get(code));
    let urgency = urgency_field(&doc, row, &category, &emergency);
    let address = located(&doc, found_address);
    let title = title(row, &language, &category, &address, segments.is_empty());
    let quote = |limit: usize| {
        let (value, count) = text::join(segments, &sentences, limit);
        let spans: Spans = sentences.iter().take(count).map(|s| (s.line, s.range.clone())).collect();
        match value.is_empty() {
            true => Field::unknown(),
            // A quote shows its gaps itself.
            false => {
                Field { needs_review: false, ..Field::found(value, 0.9, Source::Rule, doc.evidence(&spans), EXTRACTOR) }
            }
        }
    };
    let disposition = disposition(facts, &category, &emergency, &phones, segments, wrong);
    Reading {
        description: quote(MAX_DESCRIPTION),
        summary: quote(MAX_SUMMARY),
        name: caller::name(facts, named(&doc, found_name)),
        language,
        phones,
        category,
        title,
        address,
        urgency,
        emergency,
        disposition,
    }
}

fn code<'a>(drafter: &'a Drafter, scored: &category::Scored) -> &'a str {
    drafter.taxonomy.categories.get(scored.category).map_or(UNCLEAR, |category| category.code.as_str())
}

fn overlaps(a: &Spans, b: &Spans) -> bool {
    a.iter().any(|(line, x)| b.iter().any(|(other, y)| line == other && x.start < y.end && y.start < x.end))
}

fn language(segments: &[Segment<'_>]) -> (LanguageSection, bool) {
    let mut heard: Vec<(String, usize, usize)> = Vec::new();
    for (line, segment) in segments.iter().enumerate() {
        let chars = segment.chars();
        let marks = chars.iter().filter(|c| CANTONESE.contains(c)).count();
        let traditional = chars.iter().any(|c| "個這們說話電號國過來時車門開".contains(*c));
        let tag = match segment.utterance.language {
            Some(Language::En) => "en",
            Some(Language::Yue) => {
                if traditional || marks > 0 {
                    "yue-Hant"
                } else {
                    "yue-Hans"
                }
            }
            Some(Language::Zh) | None if marks > 0 && marks * 25 >= chars.len() => "yue-Hant",
            Some(Language::Zh) => {
                if traditional {
                    "cmn-Hant"
                } else {
                    "cmn-Hans"
                }
            }
            None => continue,
        };
        match heard.iter_mut().find(|(known, ..)| known == tag) {
            Some(entry) => entry.1 += chars.len(),
            None => heard.push((tag.to_owned(), chars.len(), line)),
        }
    }
    let total: usize = heard.iter().map(|(_, chars, _)| chars).sum();
    let best = heard.iter().max_by_key(|(_, chars, _)| *chars).cloned();
    let Some((tag, chars, line)) = best else {
        return (LanguageSection { primary: Field::unknown(), mixed_with: Vec::new() }, false);
    };
    let cantonese = tag.starts_with("yue");
    let mixed_with = heard.into_iter().map(|(other, ..)| other).filter(|other| *other != tag).collect();
    let evidence = segments.get(line).map(|segment| segment.evidence(0..segment.len())).into_iter().collect();
    let share = chars as f32 / total.max(1) as f32;
    (
        LanguageSection {
            // No single word of it decides.
            primary: Field {
                needs_review: false,
                ..Field::found(tag, share * 0.95, Source::Classifier, evidence, EXTRACTOR)
            },
            mixed_with,
        },
        cantonese,
    )
}

fn named(doc: &Doc<'_>, found: Option<name::Found>) -> Field<String> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = found.score * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value, confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < 0.6)
    })
}

fn located(doc: &Doc<'_>, found: Option<address::Found>) -> Field<String> {
    found.map_or_else(Field::unknown, |found| {
        let confidence = (found.score / (found.score + 1.0)) * (0.5 + 0.5 * doc.confidence(&found.spans));
        Field::found(found.value, confidence, Source::Rule, doc.evidence(&found.spans), EXTRACTOR)
            .review_if(confidence < 0.6)
    })
}

fn category_field(drafter: &Drafter, doc: &Doc<'_>, scored: &[category::Scored], wrong: bool) -> Field<String> {
    if doc.segments.is_empty() {
        let mut field = Field::unknown();
        field.value = Some(NO_CONTENT.to_owned());
        field.confidence = 0.9;
        return field;
    }
    let Some(best) = scored.first() else {
        let value = if wrong { NO_CONTENT } else { UNCLEAR };
        return Field::found(value.to_owned(), 0.3, Source::Classifier, Vec::new(), EXTRACTOR);
    };
    // "Hello, can you hear me" is speech of a person who wanted something.
    let value = match code(drafter, best) {
        _ if wrong => NO_CONTENT,
        NO_CONTENT => UNCLEAR,
        code => code,
    };
    let heard = doc.confidence(&best.spans);
    let mut field = Field::found(
        value.to_owned(),
        best.confidence * (0.5 + 0.5 * heard),
        Source::Classifier,
        doc.evidence(&best.spans),
        EXTRACTOR,
    )
    .review_if(best.confidence < SURE);
    let others = scored.iter().filter(|other| code(drafter, other) != value).take(MAX_ALTERNATIVES);
    field.alternatives =
        others.map(|s| Alternative { value: code(drafter, s).to_owned(), confidence: s.confidence }).collect();
    field
}

fn emergency(facts: &CallFacts, doc: &Doc<'_>, hazards: &[Hazard]) -> EmergencySection {
    let Some(first) = hazards.iter().find(|hazard| !hazard.doubtful).or(hazards.first()) else {
        let mut flag = Field::unknown();
        flag.value = Some(false);
        // Nobody said a hazard word; what was not recognised may hold one.
        flag.confidence = 0.9;
        return EmergencySection { flag, service: None, raised_at_ms: None };
    };
    let certain = !first.doubtful;
    let alike = hazards.iter().filter(|hazard| hazard.doubtful != certain);
    let spans: Spans = alike.flat_map(|hazard| hazard.spans.clone()).collect();
    let evidence = doc.evidence(&spans);
    let raised_at_ms = evidence.first().map(|e| e.audio_end_ms).filter(|_| certain);
    let confidence = if certain { 0.9 } else { 0.5 };
    let flag = Field::found(certain, confidence, Source::Rule, evidence, EXTRACTOR).review_if(true);
    let service = certain.then(|| EmergencyService { kind: first.service, number: facts.emergency_number.clone() });
    EmergencySection { flag, service, raised_at_ms }
}

fn urgency_field(
    doc: &Doc<'_>,
    row: Option<&Category>,
    category: &Field<String>,
    emergency: &EmergencySection,
) -> Field<Urgency> {
    if emergency.flag.value == Some(true) {
        let evidence = emergency.flag.evidence.clone();
        return Field::found(Urgency::Emergency, emergency.flag.confidence, Source::Rule, evidence, EXTRACTOR);
    }
    let listed = row.map_or(Urgency::Normal, |row| row.urgency);
    // Only hazard words make an emergency; a category alone at most asks for a look within two hours.
    let default = listed.min(Urgency::Urgent);
    let code = row.map_or(UNCLEAR, |row| row.code.as_str());
    match urgency::raise(doc, default, code) {
        Some((urgency, spans)) => Field::found(urgency, 0.7, Source::Rule, doc.evidence(&spans), EXTRACTOR),
        None => {
            let mut field = Field::found(default, 0.6, Source::Default, category.evidence.clone(), EXTRACTOR);
            field.confidence = category.confidence.min(0.6);
            field.review_if(category.needs_review)
        }
    }
}

fn title(
    row: Option<&Category>,
    language: &LanguageSection,
    category: &Field<String>,
    address: &Field<String>,
    silent: bool,
) -> Field<String> {
    let tag = language.primary.value.as_deref().unwrap_or("en");
    let hant = tag.ends_with("Hant");
    let chinese = hant || tag.ends_with("Hans");
    let name = row.map_or("", |row| {
        if hant {
            &row.name.hant
        } else if chinese {
            &row.name.hans
        } else {
            &row.name.en
        }
    });
    let separator = if chinese { "：" } else { ": " };
    let value = match &address.value {
        Some(place) => format!("{name}{separator}{place}"),
        None => name.to_owned(),
    };
    let evidence: Vec<_> = category.evidence.iter().chain(&address.evidence).cloned().collect();
    let confidence = category.confidence.min(if address.value.is_some() { address.confidence } else { 1.0 });
    let source = if silent { Source::Default } else { Source::Rule };
    Field::found(text::cut(&value, MAX_TITLE), confidence, source, evidence, EXTRACTOR).review_if(category.needs_review)
}

fn disposition(
    facts: &CallFacts,
    category: &Field<String>,
    emergency: &EmergencySection,
    phones: &[Phone],
    segments: &[Segment<'_>],
    wrong: bool,
) -> Disposition {
    let reachable = phones.iter().any(|phone| phone.belongs_to != BelongsTo::OtherParty);
    let code = category.value.as_deref().unwrap_or(UNCLEAR);
    if facts.dtmf.contains('0') {
        Disposition::Callback
    } else if emergency.flag.value == Some(true) {
        Disposition::Redirect
    } else if wrong {
        Disposition::WrongNumber
    } else if segments.is_empty() {
        if reachable { Disposition::Callback } else { Disposition::Discard }
    } else if (code == NO_CONTENT || code == UNCLEAR) && reachable {
        Disposition::Callback
    } else {
        // Speech that was not understood is a person's matter, never thrown away.
        Disposition::DraftTicket
    }
}
