//! Finding calls by what was said in them and what stands in their drafts.

use async_trait::async_trait;

use super::StoreError;
use super::reviews::QueueRow;
use crate::call::CallId;

/// An index over terms, made by whoever asks ([`crate::review::terms`]): what a term is, the store does not know.
#[async_trait]
pub trait Search: Send + Sync + 'static {
    /// Calls in which all of it is found, the newest first. Erased ones are never among them.
    async fn search(&self, wanted: &Wanted) -> Result<Vec<QueueRow>, StoreError>;
    /// Calls whose terms are missing or older than their draft, the newest first.
    async fn to_index(&self, limit: u32) -> Result<Vec<Owed>, StoreError>;
    /// Keeps their terms. Of a call that has changed since it was owed, or is erased, nothing is kept.
    async fn index(&self, indexed: Vec<Indexed>) -> Result<(), StoreError>;
}

/// Terms that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Letters and digits only.
    pub terms: Vec<String>,
    /// The last of them may go on.
    pub prefix: bool,
}

#[derive(Clone, Debug)]
pub struct Wanted {
    pub phrases: Vec<Phrase>,
    /// [`QueueRow::place`] of the last row of the page before.
    pub before: Option<i64>,
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    pub call: CallId,
    pub turn: i64,
}

#[derive(Clone, Debug)]
pub struct Indexed {
    pub owed: Owed,
    /// Parted by spaces.
    pub terms: String,
}
