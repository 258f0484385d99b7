//! Erasing calls: sound, words, drafts, what people made of them, deliveries and copies go, a stub stays.
//!
//! The order survives a crash at any point: tombstone (pending deliveries are cancelled), sound, words, remnants of
//! them in the database file, done. A broken-off erasure is carried on at the next start.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;

use super::{DataDir, StoreError};
use crate::call::{CallId, Reference};
use crate::ops::fault;

/// What erasing asks of a store.
#[async_trait]
pub trait Erasable: Send + Sync + 'static {
    /// The calls whose caller was given these digits, oldest first: more than one where a caller added to the first.
    async fn calls_by_reference(&self, reference: &Reference) -> Result<Vec<CallId>, StoreError>;
    /// The tombstone of all these calls or of none: from now on nothing of them is delivered, and they are erased,
    /// whatever happens. Again changes nothing. [`StoreError::WrongState`] unless each is over and its draft made.
    async fn begin_erasure(&self, calls: &[CallId], at_unix_ms: i64) -> Result<Vec<Erased>, StoreError>;
    /// Removes the words, drafts, reviews, corrections, deliveries and inbox copies of a call that has its tombstone.
    async fn erase_words(&self, call: CallId) -> Result<(), StoreError>;
    /// Overwrites what removed rows left behind in the database file and its log.
    async fn scrub(&self) -> Result<(), StoreError>;
    async fn finish_erasure(&self, call: CallId) -> Result<(), StoreError>;
    /// Calls with a tombstone whose erasure is not finished, oldest first.
    async fn erasing(&self) -> Result<Vec<CallId>, StoreError>;
    /// Lines that have calls which can be erased, whether the configuration knows them or not.
    async fn erasable_lines(&self) -> Result<Vec<String>, StoreError>;
    /// Calls of a line that were over before this time, oldest first.
    async fn ended_before(&self, line: &str, unix_ms: i64, limit: u32) -> Result<Vec<CallId>, StoreError>;
}

/// What an operator must know of an erased call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    pub call: CallId,
    pub reference: Reference,
    /// Endpoints that have its draft or its emergency: a copy there is not ours to erase.
    pub delivered_to: Vec<String>,
    /// Deliveries that will never be made.
    pub cancelled: u64,
}

/// Erases calls of one data folder.
#[derive(Clone)]
pub struct Eraser {
    store: Arc<dyn Erasable>,
    data: DataDir,
}

impl Eraser {
    pub fn new(store: Arc<dyn Erasable>, data: DataDir) -> Self {
        Self { store, data }
    }

    /// One call by its id, or all that its caller was given one reference for. Never none.
    pub async fn find(&self, text: &str) -> Result<Vec<CallId>, StoreError> {
        let unknown = || StoreError::NotFound { what: "call", id: text.chars().take(64).collect() };
        if let Ok(call) = text.parse() {
            return Ok(vec![call]);
        }
        let reference: Reference = text.parse().map_err(|_| unknown())?;
        let calls = self.store.calls_by_reference(&reference).await?;
        if calls.is_empty() { Err(unknown()) } else { Ok(calls) }
    }

    /// Erases these calls or none of them. An erased call is erased again without harm.
    pub async fn erase(&self, calls: &[CallId], at_unix_ms: i64) -> Result<Vec<Erased>, StoreError> {
        let erased = self.store.begin_erasure(calls, at_unix_ms).await?;
        fault::point("erase.begun");
        self.carry_on(calls).await?;
        Ok(erased)
    }

    /// Erases those of many that can be, and looks at the remnants once. The others are logged and left out.
    pub async fn erase_all(&self, calls: &[CallId], at_unix_ms: i64) -> Result<Vec<Erased>, StoreError> {
        let mut erased = Vec::with_capacity(calls.len());
        for call in calls {
            match self.store.begin_erasure(&[*call], at_unix_ms).await {
                Ok(begun) => erased.extend(begun),
                Err(error @ (StoreError::WrongState { .. } | StoreError::NotFound { .. })) => {
                    tracing::warn!(%call, %error, "call not erased");
                }
                Err(error) => return Err(error),
            }
        }
        let begun: Vec<_> = erased.iter().map(|one| one.call).collect();
        self.carry_on(&begun).await?;
        Ok(erased)
    }

    /// Finishes what a crash broke off. Answers how many there were.
    pub async fn resume(&self) -> Result<usize, StoreError> {
        let calls = self.store.erasing().await?;
        self.carry_on(&calls).await?;
        Ok(calls.len())
    }

    async fn carry_on(&self, calls: &[CallId]) -> Result<(), StoreError> {
        if calls.is_empty() {
            return Ok(());
        }
        self.remove_sound(calls).await?;
        fault::point("erase.sound_gone");
        for call in calls {
            self.store.erase_words(*call).await?;
        }
        fault::point("erase.words_gone");
        self.store.scrub().await?;
        for call in calls {
            self.store.finish_erasure(*call).await?;
        }
        Ok(())
    }

    async fn remove_sound(&self, calls: &[CallId]) -> Result<(), StoreError> {
        let files: Vec<_> = calls.iter().map(|call| self.data.recording(*call)).collect();
        let folder = self.data.recordings();
        let removed = tokio::task::spawn_blocking(move || {
            for file in files {
                match std::fs::remove_file(&file) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                    _ => {}
                }
            }
            std::fs::File::open(&folder)?.sync_all()
        });
        let failed = |reason: String| StoreError::NotWritable { path: self.data.recordings(), reason };
        removed.await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
    }
}
