//! The draft stage: from the words of a call to a ticket in which every value points at the audio that says it.
//!
//! Rules only; pure: no I/O, no clock. It reads the whole transcript each time, in mid-call as well as after the end.

mod answer;
mod caller;
mod evidence;
mod extract;
mod fields;
mod normal;
mod numerals;
mod read_back;
pub mod schema;
mod sections;
mod spoken;
mod taxonomy;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;
mod token;

use std::collections::HashMap;

use crate::call::{CallId, Coverage, DraftId, EndCause, MediaSpan, Origin, Party, ReadBack, Reference, Utterance};

use extract::category::Classifier;
use extract::emergency::Lexicon;
use schema::TicketDraft;
use taxonomy::Taxonomy;

pub use numerals::ordinal;
pub use read_back::answers;
pub use spoken::{Piece, Spoken, dictated_digits, spoken};
pub use taxonomy::Names;

/// Why the built-in word lists cannot be used; a fault of the build, found at start.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    #[error("built-in {file} is not valid: {cause}; rebuild from a clean checkout")]
    Data {
        file: &'static str,
        #[source]
        cause: serde_json::Error,
    },
    #[error("built-in taxonomy lacks the category {code}; rebuild from a clean checkout")]
    MissingCategory { code: &'static str },
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
#[derive(Clone, Debug)]
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
}

/// Makes drafts. Parses its word lists once; share it behind an `Arc`.
pub struct Drafter {
    taxonomy: Taxonomy,
    classifier: Classifier,
    lexicon: Lexicon,
}

impl Drafter {
    pub fn new() -> Result<Self, DraftError> {
        let taxonomy = Taxonomy::parse(include_str!("data/taxonomy.json"))?;
        let classifier = Classifier::new(&taxonomy)?;
        let lexicon = Lexicon::parse(include_str!("data/emergency-lexicon.json"))?;
        Ok(Self { taxonomy, classifier, lexicon })
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

    /// The draft for everything heard so far. Never fails: a call without words has a draft as well.
    pub fn draft(&self, facts: &CallFacts, utterances: &[Utterance], coverage: Coverage) -> TicketDraft {
        let segments: Vec<_> = utterances.iter().filter_map(evidence::Segment::new).collect();
        let found = fields::read(self, facts, &segments);
        sections::assemble(facts, utterances, coverage, found)
    }
}

/// The published JSON Schema (draft 2020-12) of [`TicketDraft`].
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(TicketDraft).to_value()
}
