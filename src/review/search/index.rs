//! Keeps the index of the search: what is owed of it is read, folded into terms and written, a few calls at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::snippet::values;
use super::terms::terms;
use crate::call::Utterance;
use crate::store::search::{Indexed, Owed, Search};
use crate::store::{Store, StoreError};

/// At once, so that calls never wait long for the writer.
const BATCH: u32 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Between two batches: after an upgrade there are very many, and calls come first.
const BREATH: Duration = Duration::from_millis(20);
/// After an error of the store.
const REST: Duration = Duration::from_secs(10);
/// Bytes of the words of one call; three hours of talk are a tenth.
const MOST: usize = 2 << 20;

/// Runs until `stop`.
pub async fn keep_index(search: Arc<dyn Search>, store: Arc<dyn Store>, stop: CancellationToken) {
    loop {
        let rest = match batch(&*search, &*store).await {
            Ok(0) => LOOK_EVERY,
            Ok(_) => BREATH,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::error!(%error, "calls are not found by their words yet; tried again in 10 s");
                REST
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

async fn batch(search: &dyn Search, store: &dyn Store) -> Result<usize, StoreError> {
    let owed = search.to_index(BATCH).await?;
    let mut indexed = Vec::with_capacity(owed.len());
    for owed in owed {
        indexed.push(Indexed { terms: words(store, &owed).await?, owed });
    }
    let count = indexed.len();
    if count > 0 {
        search.index(indexed).await?;
    }
    Ok(count)
}

/// Of what cannot be read, nothing: it must not keep others from being found.
async fn words(store: &dyn Store, owed: &Owed) -> Result<String, StoreError> {
    let readable = |error| match error {
        StoreError::Damaged { .. } => Ok(None),
        other => Err(other),
    };
    let Some(call) = store.call(owed.call).await.or_else(readable)? else { return Ok(String::new()) };
    let draft = store.draft(owed.call).await?.map_or_else(String::new, |(body, _)| body);
    let said = store.utterances(owed.call).await?;
    Ok(format!("{} {}", terms(call.reference.as_str()), search_terms(&draft, &said)))
}

/// Terms of a call: of everything in its draft (JSON) that somebody may remember, and of what was said.
pub fn search_terms(draft: &str, said: &[Utterance]) -> String {
    let draft: serde_json::Value = serde_json::from_str(draft).unwrap_or_default();
    let mut texts = values(&draft);
    texts.extend(draft["reference"].as_str().map(str::to_owned));
    texts.extend(said.iter().map(|utterance| utterance.text.clone()));
    let mut all = String::new();
    for text in &texts {
        let terms = terms(text);
        if all.len() + terms.len() < MOST {
            all.push_str(&terms);
            all.push(' ');
        }
    }
    all
}
