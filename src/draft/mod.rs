//! The draft stage: from the words of a call to a ticket in which every value points at the audio that says it.
//!
//! Rules, and where one is configured what a language model adds to them ([`llm`]). Pure: no I/O, no clock. It reads the
//! whole transcript each time, in mid-call as well as after the end.

mod answer;
mod caller;
mod check;
mod edits;
mod evidence;
mod extract;
mod fields;
pub mod fuzz;
mod lines;
pub mod llm;
mod normal;
mod numerals;
mod read_back;
pub mod redact;
pub mod repeats;
pub mod said;
pub mod schema;
mod script;
mod sections;
mod sounds;
mod spoken;
mod taxonomy;
pub mod testing;
#[cfg(test)]
mod tests;
mod text;
mod token;
pub mod tone;
mod units;
pub mod work;

use std::borrow::Cow;
use std::collections::HashMap;
use std::slice;
use std::sync::Arc;

use crate::call::{
    CallId, Coverage, Danger, DraftId, EndCause, MediaSpan, MediaTime, Origin, Party, Places, ReadBack, Reference,
    ServiceKind, Speaker, Utterance,
};
use crate::config::UrgencyHours;

use check::{Known, Quote};
use evidence::Segment;
use extract::category::Classifier;
use extract::emergency::Lexicon;
use extract::gazetteer::Gazetteers;
use extract::phrases::Phrases;
use schema::{Redaction, TicketDraft};
use taxonomy::Taxonomy;
use units::Units;

pub use edits::keep_edits;
pub use lines::Lines;
pub use normal::is_han;
pub use read_back::answers;
pub use script::simplified;
pub use spoken::{Piece, Spoken, dictated_digits, spoken};
pub use taxonomy::Names;

/// Why word lists cannot be used, found at start: the built-in ones by a fault of the build, a deployment's own by a
/// mistake in its file.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("built-in {file} is not valid: {cause}; rebuild from a clean checkout")]
    Data {
        file: &'static str,
        #[source]
        cause: serde_json::Error,
    },
    #[error("built-in taxonomy: {0}; rebuild from a clean checkout")]
    BuiltInTaxonomy(String),
    #[error("{0}")]
    OwnTaxonomy(String),
    #[error("{0}")]
    OwnUnits(String),
    #[error("built-in taxonomy has terms that cannot be searched: {0}; rebuild from a clean checkout")]
    Terms(#[source] aho_corasick::BuildError),
    #[error("built-in emergency lexicon has a bad pattern: {0}; rebuild from a clean checkout")]
    Pattern(#[source] Box<regex::Error>),
}

/// The recording as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingFacts {
    /// Stable link, behind authentication.
    pub uri: String,
    /// Of the finished file; `None` while the call is up.
    pub sha256: Option<String>,
    pub duration_ms: u64,
    /// Samples per second.
    pub rate: u32,
}

/// What is known of a call besides its words. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFacts {
    pub draft_id: DraftId,
    pub version: u32,
    pub call: CallId,
    /// `None`: nobody called (a file), so nobody was told one.
    pub reference: Option<Reference>,
    /// Name of the configured line.
    pub line: String,
    /// Country codes whose numbering plans spoken numbers are read by, in this order.
    pub regions: Vec<String>,
    pub party: Party,
    pub origin: Origin,
    pub dialled: Option<String>,
    /// The earlier call that this one adds to.
    pub follows: Option<CallId>,
    pub created_unix_ms: i64,
    pub started_unix_ms: i64,
    pub answered_unix_ms: Option<i64>,
    pub ended_unix_ms: Option<i64>,
    pub duration_ms: Option<u64>,
    pub cause: Option<EndCause>,
    /// Where the recording notice was played.
    pub notice: Option<MediaSpan>,
    pub recording: Option<RecordingFacts>,
    /// Keys the caller pressed.
    pub dtmf: String,
    /// Numbers that were read back to the caller.
    pub read_backs: Vec<ReadBack>,
    pub model: String,
    pub demo_model: bool,
    /// The number the line's notice names for danger.
    pub emergency_number: String,
    /// Raised while the caller spoke: the draft says so too, whatever became of the words.
    pub emergency: Option<Danger>,
    /// IANA name; the clock that times in the caller's words are read by.
    pub time_zone: String,
    /// Names of places that callers of the line say.
    pub places: Arc<Places>,
    /// How soon matters of each urgency are seen to.
    pub urgency: UrgencyHours,
    /// Cards, identity numbers and passwords are covered in the draft's words.
    pub redact: bool,
}

/// Words that mean danger now: no condition, nothing of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hazard {
    pub service: ServiceKind,
    /// The words, verbatim.
    pub quote: String,
    /// Where they are in the recording.
    pub span: MediaSpan,
}

/// The deployment's own lists, as text of their files.
#[derive(Clone, Debug, Default)]
pub struct OwnWords {
    /// JSON of the same form as the built-in taxonomy, in its place.
    pub taxonomy: Option<String>,
    /// TOML: local codes of categories, and the units in charge.
    pub units: Option<String>,
}

/// To be copied and changed by a city that brings its own.
pub const BUILT_IN_TAXONOMY: &str = include_str!("data/taxonomy.json");

/// Makes drafts. Parses its word lists once; share it behind an `Arc`.
pub struct Drafter {
    taxonomy: Taxonomy,
    units: Units,
    classifier: Classifier,
    phrases: Phrases,
    lexicon: Lexicon,
    gazetteers: Gazetteers,
}

impl Drafter {
    /// With the built-in lists.
    pub fn new() -> Result<Self, DraftError> {
        Self::with(&OwnWords::default())
    }

    pub fn with(own: &OwnWords) -> Result<Self, DraftError> {
        let taxonomy = match &own.taxonomy {
            Some(own) => Taxonomy::parse(own).map_err(DraftError::OwnTaxonomy)?,
            None => Taxonomy::parse(BUILT_IN_TAXONOMY).map_err(DraftError::BuiltInTaxonomy)?,
        };
        let units = own.units.as_ref().map(|text| Units::parse(text, &taxonomy).map_err(DraftError::OwnUnits));
        let units = units.transpose()?.unwrap_or_default();
        let classifier = Classifier::new(&taxonomy)?;
        let phrases = Phrases::parse(include_str!("data/phrases.json"))?;
        let lexicon = Lexicon::parse(include_str!("data/emergency-lexicon.json"))?;
        let gazetteers = Gazetteers::new(sounds::Sounds::parse(include_str!("data/readings.txt")));
        Ok(Self { taxonomy, units, gazetteers, classifier, phrases, lexicon })
    }

    /// Names of the categories by their codes; without those that only say that nothing was understood.
    pub fn categories(&self) -> HashMap<String, Names> {
        let says = |code: &str| code != taxonomy::NO_CONTENT && code != taxonomy::UNCLEAR;
        let said = self.taxonomy.categories.iter().filter(|category| says(&category.code));
        said.map(|category| (category.code.clone(), category.name.clone())).collect()
    }

    /// Whether a draft can name this category.
    pub fn knows_category(&self, code: &str) -> bool {
        self.taxonomy.get(code).is_some()
    }

    /// What a title calls a category, in every script; empty for a code that does not exist.
    pub fn category_names(&self, code: &str) -> Vec<String> {
        let names = self.taxonomy.get(code).map(|category| &category.name);
        names.map(|n| vec![n.en.clone(), n.hans.clone(), n.hant.clone()]).unwrap_or_default()
    }

    /// The first words of `said` that raise an emergency. Fast enough for every partial result.
    pub fn hazard(&self, said: &Utterance) -> Option<Hazard> {
        let segments = callers(segments(slice::from_ref(said)));
        let doc = extract::Doc::new(&segments, false);
        let found = self.lexicon.find(&doc).into_iter().find(|hazard| !hazard.doubtful)?;
        let words = doc.evidence(&found.spans).into_iter().next()?;
        let span = MediaSpan::new(MediaTime(words.audio_start_ms), MediaTime(words.audio_end_ms));
        Some(Hazard { service: found.service, quote: words.text, span })
    }

    /// The draft for everything heard so far. Never fails: a call without words has a draft as well.
    pub fn draft(&self, facts: &CallFacts, utterances: &[Utterance], coverage: Coverage) -> TicketDraft {
        self.redraft(facts, utterances, coverage, &mut Lines::default())
    }

    /// The same draft sooner, for a call of which drafts are made as it goes on; `lines` is this call's and this drafter's.
    pub fn redraft(
        &self,
        facts: &CallFacts,
        utterances: &[Utterance],
        coverage: Coverage,
        lines: &mut Lines,
    ) -> TicketDraft {
        let facts = &read_back::with_agents(facts, utterances);
        let heard = lines.segments(facts, utterances);
        let (utterances, redactions) = seen(facts, utterances, &heard);
        let segments = callers(if redactions.is_empty() { heard } else { lines.covered(&utterances) });
        let found = fields::read(self, facts, &segments);
        let mut draft = sections::assemble(facts, &utterances, &segments, coverage, found);
        draft.transcript.redactions = redactions;
        self.checked(facts, draft, &mut lines.known)
    }

    /// What follows from the values, and what their own words do not say doubted.
    fn checked(&self, facts: &CallFacts, mut draft: TicketDraft, known: &mut Known) -> TicketDraft {
        self.units.route(&mut draft.issues);
        check::doubt(&mut draft, &|quotes| self.reread(facts, quotes), known);
        draft
    }

    /// What these quotes alone say, as JSON of a draft.
    fn reread(&self, facts: &CallFacts, quotes: &[Quote]) -> serde_json::Value {
        let spoken: Vec<Utterance> = quotes.iter().map(Quote::utterance).collect();
        let segments: Vec<_> = spoken.iter().filter_map(Segment::new).collect();
        let found = fields::read(self, facts, &segments);
        serde_json::to_value(sections::assemble(facts, &spoken, &segments, Coverage::default(), found))
            .unwrap_or_default()
    }

    /// What a language model is asked about these utterances, never with a secret in them; `draft` is theirs. `None`: they
    /// have no words.
    pub fn question(
        &self,
        draft: &TicketDraft,
        utterances: &[Utterance],
        bounds: llm::Bounds,
    ) -> Option<llm::Question> {
        let (utterances, _) = redact::redact(utterances, &segments(utterances));
        llm::Question::new(self, draft, &callers(segments(&utterances)), bounds)
    }

    /// The draft of these utterances with what a language model answered to the question about it.
    pub fn with_answer(
        &self,
        facts: &CallFacts,
        utterances: &[Utterance],
        question: &llm::Question,
        answer: &llm::Answer,
        draft: TicketDraft,
    ) -> TicketDraft {
        let facts = &read_back::with_agents(facts, utterances);
        let (utterances, _) = seen(facts, utterances, &segments(utterances));
        let merged = llm::merge(self, facts, &callers(segments(&utterances)), question, answer, draft);
        self.checked(facts, merged, &mut Known::default())
    }
}

/// The utterances as the draft may quote them; `heard`: those that have text.
fn seen<'u>(
    facts: &CallFacts,
    utterances: &'u [Utterance],
    heard: &[Segment<'u>],
) -> (Cow<'u, [Utterance]>, Vec<Redaction>) {
    if facts.redact { redact::redact(utterances, heard) } else { (Cow::Borrowed(utterances), Vec::new()) }
}

fn segments(utterances: &[Utterance]) -> Vec<Segment<'_>> {
    utterances.iter().filter_map(Segment::new).collect()
}

/// What the caller says. An agent's words are in the transcript and never read for the caller's.
fn callers(mut segments: Vec<Segment<'_>>) -> Vec<Segment<'_>> {
    segments.retain(|segment| segment.utterance.speaker == Speaker::Caller);
    segments
}

/// The published JSON Schema (draft 2020-12) of [`TicketDraft`].
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(TicketDraft).to_value()
}

/// The published JSON Schema (draft 2020-12) of [`schema::EmergencyEvent`].
pub fn emergency_schema() -> serde_json::Value {
    schemars::schema_for!(schema::EmergencyEvent).to_value()
}
