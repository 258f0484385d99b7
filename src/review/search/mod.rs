//! Calls found by what was said in them and what stands in their drafts.

mod index;
mod snippet;
mod terms;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::calls::rows;
use super::people::Agent;
use super::people::mask::Names;
use super::work::view::Item;
use super::{Desk, Inner};
use crate::call::CallId;
use crate::intake::problem::Problem;
use crate::store::StoreError;
use crate::store::search::Wanted;

pub use index::{keep_index, search_terms};
use snippet::{Piece, snippet, values};

/// Calls of a page, without a number asked for.
const PAGE: u32 = 20;
/// Characters of a search.
const LONGEST: usize = 200;

#[derive(Deserialize, IntoParams)]
pub(super) struct SearchQuery {
    /// Words, two or more Chinese characters in either script, digits (four in a row of a longer number), a reference. All
    /// of it must be found; the last word may be unfinished.
    q: String,
    /// The `next` of the page before.
    before: Option<String>,
    /// Rows, 1 to 200; 20 without it.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Found {
    items: Vec<FoundItem>,
    /// Give as `before` for the next page.
    next: Option<String>,
}

/// A call, and the words around what was found in it.
#[derive(Serialize, ToSchema)]
pub(super) struct FoundItem {
    #[serde(flatten)]
    #[schema(inline)]
    item: Item,
    /// As said; the caller's name and numbers only for whoever holds the call.
    snippet: Vec<Piece>,
}

#[utoipa::path(get, path = "/api/search", tag = "work", operation_id = "search", params(SearchQuery),
    responses((status = 200, description = "calls in which all of it is found, the newest first; a call is found a second after \
               its draft is complete", body = Found),
              (status = 400, description = "a parameter out of its bounds, or nothing that could be looked for", body = Problem)))]
pub(super) async fn search(
    State(desk): State<Desk>,
    agent: Agent,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Found>, Problem> {
    let wrong = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "parameter", detail);
    if query.q.chars().count() > LONGEST {
        return Err(wrong("q: at most 200 characters"));
    }
    let phrases = terms::phrases(&query.q);
    if phrases.is_empty() {
        return Err(wrong("q: expected words, Chinese characters or digits"));
    }
    let before = query.before.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| wrong("before: expected the `next` of another page"))?;
    let limit = query.limit.map_or(Ok(PAGE), |limit| rows(Some(limit)))?;
    let mut found = desk.parts.search.search(&Wanted { phrases, before, limit: limit.saturating_add(1) }).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|row| row.place.to_string());
    let now = desk.parts.clock.unix_ms();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let call = row.review.call;
        let item = Item::new(row, &agent, now);
        let hidden = !(item.mine || agent.is_local());
        items.push(FoundItem { item, snippet: desk.snippet(call, &query.q, hidden).await? });
    }
    Ok(Json(Found { items, next }))
}

impl Inner {
    /// Empty where its words cannot be read any more.
    async fn snippet(&self, call: CallId, query: &str, hidden: bool) -> Result<Vec<Piece>, StoreError> {
        let said = self.parts.store.utterances(call).await?.into_iter().map(|utterance| utterance.text);
        let mut texts: Vec<String> = said.filter(|text| !text.is_empty()).collect();
        let draft = self.parts.store.draft(call).await?.and_then(|(body, _)| serde_json::from_str(&body).ok());
        let draft: serde_json::Value = draft.unwrap_or_default();
        texts.extend(values(&draft));
        if hidden {
            let names = Names::of(&draft);
            texts.iter_mut().for_each(|text| *text = names.hide(text));
        }
        Ok(snippet(query, &texts))
    }
}
