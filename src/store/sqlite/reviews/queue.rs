//! Lists of calls as the desk shows them.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};

use super::review;
use crate::call::{EmergencyState, Outline};
use crate::store::reviews::{Asked, List, QueueCounts, QueueRow, ReviewRow};
use crate::store::sqlite::outbox;
use crate::store::sqlite::rows::{self, Reader};
use crate::store::{DeliveryState, StoreError};

/// What a line shows beside the review.
const SHOWN: &str = "call.id, COALESCE(call.ticket, call.reference) AS reference, call.line, call.started_unix_ms,
    call.duration_ms, emergency.raised_unix_ms, emergency.acknowledged_unix_ms, emergency.escalated_unix_ms,
    EXISTS (SELECT 1 FROM delivery WHERE delivery.call = call.id AND delivery.state = 'dead') AS any_dead,
    EXISTS (SELECT 1 FROM delivery WHERE delivery.call = call.id AND delivery.state = 'pending') AS any_pending";

/// Filters by line, category (or top level) and person.
const LINE: &str = "(?1 IS NULL OR review.line = ?1)";
const CATEGORY: &str = "(?2 IS NULL OR review.category = ?2 OR review.category LIKE ?2 || '.%')";
const MINE: &str = "(?3 IS NULL OR (review.holder = ?3 AND review.held_until_unix_ms > ?4))";

/// `CROSS JOIN` and `+` keep SQLite at the index that has the order of the list. The conditions on `review` are those of
/// the indexes, word for word.
pub(in crate::store::sqlite) fn sql(list: List) -> String {
    match list {
        List::Live => format!(
            "SELECT review.*, {SHOWN}, live_draft.body AS live_draft, emergency.call IS NULL AS place FROM call
             LEFT JOIN review ON review.call = call.id LEFT JOIN emergency ON emergency.call = call.id
             LEFT JOIN live_draft ON live_draft.call = call.id
             WHERE call.state NOT IN ('done', 'refused') AND call.state IN ('live', 'finishing')
                   AND (?1 IS NULL OR call.line = ?1) AND ?2 IS NULL AND {MINE}
                   AND (emergency.call IS NULL, call.id) > (?5, ?6)
             ORDER BY emergency.call IS NULL, call.id LIMIT ?7"
        ),
        List::Waiting => format!(
            "SELECT review.*, {SHOWN}, NULL AS live_draft, review.rank AS place FROM review
             CROSS JOIN call ON call.id = review.call LEFT JOIN emergency ON emergency.call = review.call
             WHERE review.complete = 1 AND review.decision IS NULL AND (review.rank, review.call) > (?5, ?6)
                   AND {LINE} AND {CATEGORY} AND {MINE} AND call.erased_unix_ms IS NULL
             ORDER BY review.rank, review.call LIMIT ?7"
        ),
        List::Decided => format!(
            "SELECT review.*, {SHOWN}, NULL AS live_draft, review.decided_unix_ms AS place FROM review
             CROSS JOIN call ON call.id = review.call LEFT JOIN emergency ON emergency.call = review.call
             WHERE review.decision IS NOT NULL AND (review.decided_unix_ms, review.call) < (?5, ?6)
                   AND {LINE} AND {CATEGORY} AND (?3 IS NULL OR review.decided_by = ?3)
                   AND call.erased_unix_ms IS NULL
             ORDER BY review.decided_unix_ms DESC, review.call DESC LIMIT ?7"
        ),
        List::All => format!(
            "SELECT review.*, {SHOWN}, live_draft.body AS live_draft, 0 AS place FROM call
             LEFT JOIN review ON review.call = call.id LEFT JOIN emergency ON emergency.call = call.id
             LEFT JOIN live_draft ON live_draft.call = call.id
             WHERE call.id < ?6 AND call.erased_unix_ms IS NULL
                   AND (?1 IS NULL OR call.line = ?1)
                   AND (review.call IS NOT NULL OR call.state IN ('live', 'finishing')) AND {CATEGORY} AND {MINE}
             ORDER BY call.id DESC LIMIT ?7"
        ),
    }
}

/// Calls found by their terms. The newest come first out of the index itself: however many there are, it reads a page.
pub(in crate::store::sqlite) fn found_sql() -> String {
    format!(
        "SELECT review.*, {SHOWN}, NULL AS live_draft, found.place FROM
             (SELECT rowid AS place FROM search WHERE search MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3) AS found
         CROSS JOIN search_call ON search_call.place = found.place CROSS JOIN call ON call.id = search_call.call
         LEFT JOIN review ON review.call = call.id LEFT JOIN emergency ON emergency.call = call.id
         WHERE call.erased_unix_ms IS NULL ORDER BY found.place DESC"
    )
}

pub(super) async fn page(readers: &SqlitePool, asked: &Asked) -> Result<Vec<QueueRow>, StoreError> {
    // An id in text form is below "~" and above "".
    let (place, call) = match (asked.after, asked.list) {
        (Some((place, call)), _) => (place, call.to_string()),
        (None, List::Live | List::Waiting) => (i64::MIN, String::new()),
        (None, List::Decided | List::All) => (i64::MAX, "~".to_owned()),
    };
    let found = sqlx::query(AssertSqlSafe(sql(asked.list)))
        .bind(&asked.line)
        .bind(&asked.category)
        .bind(&asked.mine)
        .bind(asked.now_unix_ms)
        .bind(place)
        .bind(call)
        .bind(asked.limit)
        .fetch_all(readers)
        .await?;
    Ok(rows::readable(found.iter().map(row)))
}

pub(in crate::store::sqlite) fn row(row: &SqliteRow) -> Result<QueueRow, StoreError> {
    let r = Reader::new(row, "call", "id");
    let touched = r.get::<Option<i64>>("revision")?.is_some();
    let review = if touched { review(row)? } else { untouched(&r)? };
    let raised: Option<i64> = r.get("raised_unix_ms")?;
    let acknowledged: Option<i64> = r.get("acknowledged_unix_ms")?;
    let escalated: Option<i64> = r.get("escalated_unix_ms")?;
    let emergency = raised.map(|_| match (acknowledged, escalated) {
        (Some(_), _) => EmergencyState::Acknowledged,
        (None, Some(_)) => EmergencyState::Escalated,
        (None, None) => EmergencyState::Raised,
    });
    let delivery = match (r.get("any_dead")?, r.get("any_pending")?) {
        (true, _) => Some(DeliveryState::Dead),
        (false, true) => Some(DeliveryState::Pending),
        (false, false) => None,
    };
    Ok(QueueRow {
        review,
        place: r.get("place")?,
        reference: r.parse("reference")?,
        line: r.get("line")?,
        started_unix_ms: r.get("started_unix_ms")?,
        duration_ms: r.optional_number("duration_ms")?,
        emergency,
        live_draft: r.get("live_draft")?,
        delivery,
    })
}

/// Of a call that is up.
fn untouched(r: &Reader<'_>) -> Result<ReviewRow, StoreError> {
    Ok(ReviewRow {
        call: r.parse("id")?,
        revision: ReviewRow::UNTOUCHED,
        complete: false,
        outline: Outline { due_unix_ms: r.get("started_unix_ms")?, ..Outline::default() },
        work: None,
        lease: None,
        decision: None,
    })
}

/// Each count is read from its partial index.
const COUNTS: &str = "SELECT
    (SELECT COUNT(*) FROM call WHERE state NOT IN ('done', 'refused') AND state IN ('live', 'finishing')) AS live,
    (SELECT COUNT(*) FROM review WHERE complete = 1 AND decision IS NULL) AS waiting,
    (SELECT COUNT(*) FROM review WHERE complete = 1 AND decision IS NULL AND due_unix_ms <= ?1) AS overdue,
    (SELECT COUNT(*) FROM review WHERE holder IS NOT NULL AND holder = ?2 AND held_until_unix_ms > ?1) AS mine";

pub(super) async fn counts(readers: &SqlitePool, who: &str, now_unix_ms: i64) -> Result<QueueCounts, StoreError> {
    let row = sqlx::query(COUNTS).bind(now_unix_ms).bind(who).fetch_one(readers).await?;
    let count = |column: &str| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(QueueCounts {
        live: count("live")?,
        waiting: count("waiting")?,
        overdue: count("overdue")?,
        mine: count("mine")?,
        dead: outbox::counts(readers).await?.dead,
    })
}
