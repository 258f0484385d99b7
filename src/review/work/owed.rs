//! Reviews of calls that were completed before there were reviews.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Rules;
use crate::call::{CallId, Outline};
use crate::draft::Drafter;
use crate::draft::schema::TicketDraft;
use crate::draft::work::Work;
use crate::store::reviews::Reviews;
use crate::store::{CallRow, Store, StoreError};

/// At once, so that calls never wait long for the writer.
const BATCH: u32 = 50;

/// Makes what is owed, newest calls first, and ends. What a stop breaks off is carried on at the next start.
pub async fn take_up(
    reviews: Arc<dyn Reviews>,
    store: Arc<dyn Store>,
    drafter: Arc<Drafter>,
    rules: Arc<dyn Fn(&str) -> Rules + Send + Sync>,
    stop: CancellationToken,
) {
    let mut made = 0;
    let result = loop {
        if stop.is_cancelled() {
            break Ok(());
        }
        match batch(&*reviews, &*store, &drafter, &*rules).await {
            Ok(0) => break Ok(()),
            Ok(count) => made += count,
            Err(error) => break Err(error),
        }
    };
    match result {
        Ok(()) if made == 0 => {}
        Ok(()) | Err(StoreError::Closed) => tracing::info!(made, "earlier drafts were put into the queue"),
        Err(error) => {
            tracing::error!(%error, made, "not all earlier drafts are in the queue; the next start carries on")
        }
    }
}

async fn batch(
    reviews: &dyn Reviews,
    store: &dyn Store,
    drafter: &Drafter,
    rules: &(dyn Fn(&str) -> Rules + Send + Sync),
) -> Result<usize, StoreError> {
    let owed = reviews.owed(BATCH).await?;
    let mut made: Vec<(CallId, Outline)> = Vec::with_capacity(owed.len());
    for call in owed {
        made.push((call, outlined(store, drafter, rules, call).await?));
    }
    let count = made.len();
    reviews.take_up(made).await?;
    Ok(count)
}

/// Bare where row or draft cannot be read: it is in the queue all the same, and a person finds out.
async fn outlined(
    store: &dyn Store,
    drafter: &Drafter,
    rules: &(dyn Fn(&str) -> Rules + Send + Sync),
    call: CallId,
) -> Result<Outline, StoreError> {
    let row = match store.call(call).await {
        Err(StoreError::Damaged { .. }) => None,
        other => other?,
    };
    let draft = store.draft(call).await?.and_then(|(body, _)| serde_json::from_str::<TicketDraft>(&body).ok());
    Ok(match row.zip(draft) {
        Some((row, draft)) => outline(drafter, &rules(&row.line), &row, &draft),
        None => Outline::default(),
    })
}

pub(super) fn outline(drafter: &Drafter, rules: &Rules, call: &CallRow, draft: &TicketDraft) -> Outline {
    let ended_unix_ms = call.ended_unix_ms.unwrap_or(call.started_unix_ms);
    drafter.outline(draft, &Work::default(), ended_unix_ms, &rules.due)
}
