//! From the turn and the quote of an answer to the caller's own words, and what our rules read in them.

use super::EXTRACTOR;
use super::align::{self, align};
use super::answer::Quoted;
use super::question::Question;
use crate::call::{Party, Utterance};
use crate::draft::evidence::Segment;
use crate::draft::fields::{self, Reading};
use crate::draft::normal::fold;
use crate::draft::schema::{Alignment, Evidence, Field, Source, worst_band};
use crate::draft::{CallFacts, Drafter};

/// Confidence of a value whose words are there letter by letter, and of one whose words are nearly there. Until approved
/// drafts say better: a person looks at either.
const EXACT: f32 = 0.6;
const FUZZY: f32 = 0.45;

/// The words that a quote turned out to be.
#[derive(Clone)]
pub struct Cited {
    line: usize,
    start: usize,
    exact: bool,
    /// As the caller said them, nothing hidden.
    pub text: String,
    pub evidence: Evidence,
}

/// What became of one field of an answer.
pub enum Heard<T> {
    /// The model says nothing about it.
    Nothing,
    /// It says something that the caller's words do not hold.
    Unproved,
    Said(T, Cited),
}

impl<T> Heard<T> {
    /// Keeps a value that its words allow.
    pub fn keep_if(self, allowed: impl FnOnce(&T, &Cited) -> bool) -> Self {
        match self {
            Self::Said(value, cited) if !allowed(&value, &cited) => Self::Unproved,
            other => other,
        }
    }
}

/// Looks quotes up.
pub struct Reader<'a> {
    pub drafter: &'a Drafter,
    /// Without the caller's identity: only words count.
    facts: CallFacts,
    segments: &'a [Segment<'a>],
    question: &'a Question,
    budget: usize,
}

impl<'a> Reader<'a> {
    pub fn new(drafter: &'a Drafter, facts: &CallFacts, segments: &'a [Segment<'a>], question: &'a Question) -> Self {
        let facts = CallFacts { party: Party::default(), dtmf: String::new(), ..facts.clone() };
        Self { drafter, facts, segments, question, budget: align::BUDGET }
    }

    pub fn hear<T: Clone>(&mut self, quoted: &Quoted<T>) -> Heard<T> {
        let Some(value) = quoted.value.clone() else { return Heard::Nothing };
        match quoted.turn.zip(quoted.quote.as_deref()).and_then(|(turn, quote)| self.cite(turn, quote)) {
            Some(cited) => Heard::Said(value, cited),
            None => Heard::Unproved,
        }
    }

    fn cite(&mut self, turn: u32, quote: &str) -> Option<Cited> {
        let turn = self.question.turn(turn)?;
        let aligned = align(&turn.masked.chars, quote, &mut self.budget)?;
        let range = turn.masked.original(&aligned.range)?;
        let segment = self.segments.get(turn.line)?;
        let mut evidence = segment.evidence(range.clone());
        if !aligned.exact && evidence.alignment == Alignment::Exact {
            evidence.alignment = Alignment::Fuzzy;
        }
        Some(Cited { line: turn.line, start: range.start, exact: aligned.exact, text: segment.text(range), evidence })
    }

    /// What our rules make of the cited words alone; the model only said where to look.
    pub fn reread(&self, cited: &Cited) -> Option<Reading> {
        let whole = self.segments.get(cited.line)?.utterance;
        let words = Utterance { text: cited.text.clone(), words: Vec::new(), ..whole.clone() };
        Some(fields::read(self.drafter, &self.facts, &[Segment::new(&words)?]))
    }

    /// Evidence that [`Self::reread`] found, in the caller's whole turn.
    pub fn moved(&self, cited: &Cited, evidence: &[Evidence]) -> Vec<Evidence> {
        let Some(segment) = self.segments.get(cited.line) else { return Vec::new() };
        let range = |one: &Evidence| one.char_start + cited.start..one.char_end + cited.start;
        evidence.iter().map(|one| segment.evidence(range(one))).collect()
    }

    /// A field that [`Self::reread`] found, as the model's.
    pub fn adopted<T>(&self, cited: &Cited, field: Field<T>) -> Field<T> {
        let Some(value) = field.value else { return Field::unknown() };
        let evidence = self.moved(cited, &field.evidence);
        Field { alternatives: field.alternatives, ..found(value, cited.confidence(), evidence) }
    }
}

impl Cited {
    pub fn confidence(&self) -> f32 {
        if self.exact { EXACT } else { FUZZY }
    }

    /// A value that these words say.
    pub fn says<T>(&self, value: T) -> Field<T> {
        found(value, self.confidence(), vec![self.evidence.clone()])
    }

    /// The value stands in the words, whatever its spaces, marks and case.
    pub fn holds(&self, value: &str) -> bool {
        let wanted = letters(value);
        !wanted.is_empty() && letters(&self.text).contains(&wanted)
    }
}

/// Always for a person to look at.
fn found<T>(value: T, confidence: f32, evidence: Vec<Evidence>) -> Field<T> {
    let band = worst_band(&evidence);
    Field { band, ..Field::found(value, confidence, Source::Llm, evidence, EXTRACTOR).review_if(true) }
}

/// Letters and digits, folded.
pub fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).map(fold).collect()
}
