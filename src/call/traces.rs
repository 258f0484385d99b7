//! What a call leaves behind for later calls of the same person or about the same matter to be known by.

use serde::{Deserialize, Serialize};

use super::{CallId, Reference};

/// Of one call: from its draft, kept beside it, erased with its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The caller's numbers, spoken or signalled: international form where it is known, else digits.
    pub numbers: Vec<String>,
    pub matters: Vec<Matter>,
    /// A reference of ours that the caller quotes, ten digits.
    pub quoted: Option<String>,
}

/// One matter that a caller brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Code of the taxonomy.
    pub category: String,
    /// The place without spaces and marks, folded; empty when none was named.
    pub place: String,
    /// The smallest hashes of the text's neighbouring word pairs, ascending (bottom-k sketch, Broder 1997): the share
    /// that two texts have in common can be told from it, the text cannot.
    pub gist: Vec<u64>,
}

/// An earlier call that may have to do with a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    pub call: CallId,
    /// As its caller was told.
    pub reference: Reference,
    pub started_unix_ms: i64,
    /// The new caller quotes its reference.
    pub quoted: bool,
    /// One of the new call's numbers called, or was given, there.
    pub same_number: bool,
    pub matters: Vec<Matter>,
}

/// How far back earlier calls are looked for, milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// Of the same number.
    pub number_unix_ms: i64,
    /// Of the same category.
    pub matter_unix_ms: i64,
}
