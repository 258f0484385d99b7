//! What a language model may add to a draft that the rules made: values the rules did not find, each held against the
//! caller's words, and a look by a person where both disagree.
//!
//! The transcript is a stranger's text, and so is the answer. Names and numbers stay here: the model reads
//! placeholders. It returns a value with the turn and the words that say it; the words are looked for in that turn, and
//! what is not there is dropped. Numbers, dates and addresses are read from those words by our own rules; the model's
//! digits are never used. Pure: the requests are sent by the pipeline.

mod align;
mod answer;
mod cite;
mod exchange;
mod ground;
mod mask;
mod merge;
mod merge_issue;
mod question;
mod shape;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use exchange::{Exchange, Form, GaveUp, Reply, Step};
pub use question::{Bounds, Question};

pub(super) use merge::merge;

/// Name of the reader in a field's `extractor`.
const EXTRACTOR: &str = "llm@1";
/// Issues taken of an answer, and of a draft with those it adds.
const MAX_ISSUES: usize = 8;
