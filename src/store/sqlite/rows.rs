//! Rows to values and back. What cannot be read is [`StoreError::Damaged`] with the row's id, and harms no other row.

use std::fmt::Display;
use std::str::FromStr;

use metrics::counter;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::call::{
    Alignment, CallId, Danger, HeardIn, Language, LostSpan, MediaSpan, MediaTime, SegmentOutcome, ServiceKind, Speaker,
    Unheard, Utterance,
};
use crate::store::{
    Acknowledged, CallRow, DeliveryRow, DeliveryState, EmergencyRow, RecordingRow, StoreError, Subject,
};

/// Milliseconds as SQLite keeps them (signed).
pub(super) fn stored(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A probability that is no number counts as none: JSON and SQLite would turn it into a null.
pub(super) fn finite(probability: f32) -> f32 {
    if probability.is_finite() { probability } else { 0.0 }
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Database(format!("value has no JSON form: {e}")))
}

/// Keeps the readable rows of a list. A damaged one is logged and counted and must not hide the others.
pub(super) fn readable<T>(rows: impl IntoIterator<Item = Result<T, StoreError>>) -> Vec<T> {
    rows.into_iter().filter_map(|row| row.inspect_err(report_damage).ok()).collect()
}

/// The readable calls and the ids of the others.
pub(super) fn calls(rows: &[SqliteRow]) -> (Vec<CallRow>, Vec<CallId>) {
    let (mut readable, mut damaged) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match call(row) {
            Ok(call) => readable.push(call),
            Err(error) => {
                report_damage(&error);
                damaged.extend(call_id(row).ok());
            }
        }
    }
    (readable, damaged)
}

pub(super) fn report_damage(error: &StoreError) {
    counter!("heardline_store_damaged_rows_total").increment(1);
    tracing::error!(%error, "a stored row cannot be read; restore the data folder from a backup");
}

/// One row under one name, so that every failure of a column says which row it was.
pub(super) struct Reader<'r> {
    row: &'r SqliteRow,
    what: &'static str,
    id: String,
}

impl<'r> Reader<'r> {
    /// `id`: the column that names the row.
    pub(super) fn new(row: &'r SqliteRow, what: &'static str, id: &'static str) -> Self {
        Self { row, what, id: id_of(row, id) }
    }

    fn damaged(&self, column: &str, reason: &dyn Display) -> StoreError {
        StoreError::Damaged { what: self.what, id: self.id.clone(), reason: format!("{column}: {reason}") }
    }

    pub(super) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row.try_get(column).map_err(|e| self.damaged(column, &e))
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.get::<&str>(column)?.parse().map_err(|e| self.damaged(column, &e))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        // Only the place is told: serde's message may quote what the caller said.
        serde_json::from_str(self.get(column)?).map_err(|e| {
            self.damaged(column, &format!("not the expected JSON at line {} column {}", e.line(), e.column()))
        })
    }

    /// A count or a length: never negative.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        let value: i64 = self.get(column)?;
        T::try_from(value).map_err(|_| self.damaged(column, &format!("{value} is out of range")))
    }

    pub(super) fn optional_number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        match self.get::<Option<i64>>(column)? {
            Some(_) => self.number(column).map(Some),
            None => Ok(None),
        }
    }

    fn optional_span(&self, start: &'static str, end: &'static str) -> Result<Option<MediaSpan>, StoreError> {
        let bounds = (self.optional_number(start)?, self.optional_number(end)?);
        Ok(match bounds {
            (Some(start), Some(end)) => Some(MediaSpan::new(MediaTime(start), MediaTime(end))),
            _ => None,
        })
    }
}

/// The row's own id as text, for messages; unreadable ids still get a message.
fn id_of(row: &SqliteRow, column: &'static str) -> String {
    row.try_get(column).unwrap_or_else(|_| "(unreadable id)".to_owned())
}

pub(super) fn call(row: &SqliteRow) -> Result<CallRow, StoreError> {
    let r = Reader { row, what: "call", id: id_of(row, "id") };
    let cause = match r.get::<Option<&str>>("cause")? {
        Some(_) => Some(r.parse("cause")?),
        None => None,
    };
    let coverage = match r.get::<Option<&str>>("coverage")? {
        Some(_) => Some(r.json("coverage")?),
        None => None,
    };
    let line_quality = match r.get::<Option<&str>>("line_quality")? {
        // Told beside the call, not part of it: a damaged one hides nothing else.
        Some(_) => r.json("line_quality").inspect_err(report_damage).ok(),
        None => None,
    };
    let follows = match r.get::<Option<&str>>("follows")? {
        // Told beside the call as well.
        Some(_) => r.parse("follows").inspect_err(report_damage).ok(),
        None => None,
    };
    let transfer = match r.get::<Option<&str>>("transfer")? {
        Some(_) => r.json("transfer").inspect_err(report_damage).ok(),
        None => None,
    };
    let recording = match r.get::<Option<String>>("recording_sha256")? {
        Some(sha256) => Some(RecordingRow {
            sha256,
            duration_ms: r.number("recording_duration_ms")?,
            rate: r.number("recording_rate")?,
        }),
        None => None,
    };
    let told = r.get::<Option<&str>>("ticket")?.map_or("reference", |_| "ticket");
    Ok(CallRow {
        id: r.parse("id")?,
        reference: r.parse(told)?,
        line: r.get("line")?,
        state: r.parse("state")?,
        cause,
        party: r.json("party")?,
        origin: r.json("origin")?,
        dialled: r.get("dialled")?,
        follows,
        started_unix_ms: r.get("started_unix_ms")?,
        answered_unix_ms: r.get("answered_unix_ms")?,
        ended_unix_ms: r.get("ended_unix_ms")?,
        notice: r.optional_span("notice_start_ms", "notice_end_ms")?,
        duration_ms: r.optional_number("duration_ms")?,
        coverage,
        recording,
        line_quality,
        dtmf: r.get("dtmf")?,
        read_backs: r.json("read_backs")?,
        transfer,
        heard_ms: r.optional_number("heard_ms")?,
        redraft: r.get("redraft")?,
        erased_unix_ms: r.get("erased_unix_ms")?,
    })
}

pub(super) fn call_id(row: &SqliteRow) -> Result<CallId, StoreError> {
    Reader { row, what: "call", id: id_of(row, "id") }.parse("id")
}

/// The spans that can be read. What is damaged is reported, and must not keep the draft from being made for ever.
pub(super) fn lost_spans(row: &SqliteRow) -> Vec<LostSpan> {
    let r = Reader { row, what: "call", id: id_of(row, "id") };
    let spans = r.json::<Vec<serde_json::Value>>("lost").unwrap_or_else(|error| {
        report_damage(&error);
        Vec::new()
    });
    readable(
        spans
            .into_iter()
            .map(|span| serde_json::from_value(span).map_err(|_| r.damaged("lost", &"one of its elements is no span"))),
    )
}

/// What cannot be read becomes a gap that says "listen here": the recording still has it.
pub(super) fn utterance_or_gap(row: &SqliteRow) -> Utterance {
    utterance(row).unwrap_or_else(|error| {
        report_damage(&error);
        let number = |column| row.try_get::<i64, _>(column).ok().and_then(|value| u64::try_from(value).ok());
        let start = number("start_ms").unwrap_or(0);
        let end = number("end_ms").unwrap_or(start);
        let seq = number("seq").and_then(|seq| u32::try_from(seq).ok()).unwrap_or(u32::MAX);
        let span = MediaSpan::new(MediaTime(start), MediaTime(end));
        // Its row stays as it is: nothing is recognised over it.
        Utterance::unheard(seq, span, Unheard::Refused, row.try_get("model").unwrap_or_default())
    })
}

pub(super) fn utterance(row: &SqliteRow) -> Result<Utterance, StoreError> {
    let call = id_of(row, "call");
    let seq: i64 = row.try_get("seq").unwrap_or(-1);
    let r = Reader { row, what: "utterance", id: format!("{call}/{seq}") };
    let outcome = match r.get("outcome")? {
        "text" => SegmentOutcome::Text,
        "no_speech" => SegmentOutcome::NoSpeech,
        "unrecognised" => SegmentOutcome::Unrecognised,
        other => return Err(r.damaged("outcome", &format!("unknown outcome {other:?}"))),
    };
    let language = match r.get::<Option<&str>>("language")? {
        Some(code) => {
            Some(Language::from_code(code).ok_or_else(|| r.damaged("language", &format!("unknown code {code:?}")))?)
        }
        None => None,
    };
    let alignment = match r.get("alignment")? {
        "word" => Alignment::Word,
        "segment" => Alignment::Segment,
        other => return Err(r.damaged("alignment", &format!("unknown alignment {other:?}"))),
    };
    let unheard = match r.get::<Option<&str>>("unheard")? {
        Some(name) => Some(
            Unheard::ALL
                .into_iter()
                .find(|cause| cause.as_str() == name)
                .ok_or_else(|| r.damaged("unheard", &format!("unknown cause {name:?}")))?,
        ),
        None => None,
    };
    Ok(Utterance {
        seq: r.number("seq")?,
        // Nobody else is recorded.
        speaker: Speaker::Caller,
        span: MediaSpan::new(MediaTime(r.number("start_ms")?), MediaTime(r.number("end_ms")?)),
        outcome,
        unheard,
        text: r.get("text")?,
        language,
        words: r.json("words")?,
        alignment,
        voiced: r.json("voiced")?,
        confidence: r.get("confidence")?,
        model: r.get("model")?,
    })
}

pub(super) fn delivery(row: &SqliteRow) -> Result<DeliveryRow, StoreError> {
    let r = Reader { row, what: "delivery", id: id_of(row, "id") };
    let states = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Dead];
    let state: &str = r.get("state")?;
    let state = states
        .into_iter()
        .find(|s| s.as_str() == state)
        .ok_or_else(|| r.damaged("state", &format!("unknown state {state:?}")))?;
    let subject = match r.get::<Option<&str>>("draft")? {
        Some(_) => Subject::Draft { draft: r.parse("draft")?, version: r.number("version")? },
        None => Subject::Emergency,
    };
    Ok(DeliveryRow {
        id: r.get("id")?,
        call: r.parse("call")?,
        subject,
        endpoint: r.get("endpoint")?,
        state,
        attempts: r.number("attempts")?,
        next_attempt_unix_ms: r.get("next_attempt_unix_ms")?,
        last_status: r.optional_number("last_status")?,
        last_error: r.get("last_error")?,
        delivered_unix_ms: r.get("delivered_unix_ms")?,
        created_unix_ms: r.get("created_unix_ms")?,
    })
}

pub(super) fn emergency(row: &SqliteRow) -> Result<EmergencyRow, StoreError> {
    let r = Reader { row, what: "emergency of call", id: id_of(row, "call") };
    let name: &str = r.get("service")?;
    let service = ServiceKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    let service = service.ok_or_else(|| r.damaged("service", &format!("unknown service {name:?}")))?;
    let name: &str = r.get("heard_in")?;
    let heard_in = HeardIn::ALL.into_iter().find(|kind| kind.as_str() == name);
    let heard_in = heard_in.ok_or_else(|| r.damaged("heard_in", &format!("unknown kind of words {name:?}")))?;
    let acknowledged = match r.get::<Option<i64>>("acknowledged_unix_ms")? {
        Some(at_unix_ms) => Some(Acknowledged { at_unix_ms, by: r.get("acknowledged_by")?, reason: r.get("reason")? }),
        None => None,
    };
    Ok(EmergencyRow {
        call: r.parse("call")?,
        danger: Danger {
            service,
            number: r.get("number")?,
            quote: r.get("quote")?,
            span: MediaSpan::new(MediaTime(r.number("start_ms")?), MediaTime(r.number("end_ms")?)),
            heard_in,
            raised_unix_ms: r.get("raised_unix_ms")?,
        },
        acknowledged,
        escalated_unix_ms: r.get("escalated_unix_ms")?,
    })
}
