//! How long people took, as the desk shows it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Desk, millis};
use crate::intake::problem::Problem;
use crate::review::people::Agent;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Decisions of the last 24 hours.
#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Figures {
    decided: u64,
    /// From the opening of a draft to its decision, as the page measured it.
    median_ms: Option<u64>,
    p90_ms: Option<u64>,
    /// Of whoever asks.
    mine: Mine,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Mine {
    decided: u64,
    median_ms: Option<u64>,
}

#[utoipa::path(get, path = "/api/figures", tag = "work", operation_id = "get_figures",
    responses((status = 200, description = "how long decisions of the last 24 hours took", body = Figures)))]
pub(in crate::review) async fn figures(State(desk): State<Desk>, agent: Agent) -> Result<Json<Figures>, Problem> {
    let since = desk.parts.clock.unix_ms().saturating_sub(millis(A_DAY));
    let took = desk.parts.reviews.decision_times(since).await?;
    let count = |of: &[(String, Option<u64>)]| u64::try_from(of.len()).unwrap_or(u64::MAX);
    let own: Vec<_> = took.iter().filter(|(by, _)| *by == agent.name).cloned().collect();
    let all = sorted(&took);
    let mine = Mine { decided: count(&own), median_ms: at(&sorted(&own), 50) };
    Ok(Json(Figures { decided: count(&took), median_ms: at(&all, 50), p90_ms: at(&all, 90), mine }))
}

fn sorted(took: &[(String, Option<u64>)]) -> Vec<u64> {
    let mut known: Vec<u64> = took.iter().filter_map(|(_, took)| *took).collect();
    known.sort_unstable();
    known
}

/// The value that so many of a hundred do not exceed (nearest rank).
fn at(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_is_one_of_them() {
        assert_eq!((at(&[], 50), at(&[7], 50), at(&[7], 90)), (None, Some(7), Some(7)));
        let ten: Vec<u64> = (1..=10).collect();
        assert_eq!((at(&ten, 50), at(&ten, 90)), (Some(5), Some(9)));
    }
}
