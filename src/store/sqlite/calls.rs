//! Changes of a call and of what was heard in it. A call only moves forward: an answer that comes too late fails,
//! so that nobody is connected to a call that is over; a late or repeated end is accepted and changes nothing.

use rand::Rng as _;
use sqlx::SqliteConnection;

use super::rows::{finite, json, stored};
use super::writer::Command;
use crate::call::{Alignment, CallId, CallState, EndCause, Language, Reference, SegmentOutcome, Unheard, Utterance};
use crate::store::{CallEnd, NewCall, Progress, StoreError};

/// Draws before giving up: with a million calls stored, one draw collides once in a thousand times.
const DRAWS: u32 = 100;

pub(super) fn draw_nine_digits() -> u32 {
    rand::rng().random_range(0..1_000_000_000)
}

pub(super) struct CreateCall {
    pub call: NewCall,
    /// Nine random digits (`0..1_000_000_000`); handed in so that a test can make it collide.
    pub draw: fn() -> u32,
}

impl Command for CreateCall {
    type Answer = Reference;

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<Reference, StoreError> {
        let call = &self.call;
        let (party, origin) = (json(&call.party)?, json(&call.origin)?);
        let (follows, ticket) = earlier(conn, call.follows).await?.unzip();
        for _ in 0..DRAWS {
            let reference = Reference::from_random((self.draw)());
            let inserted = sqlx::query(
                "INSERT INTO call (id, reference, line, state, party, origin, dialled, started_unix_ms, follows, ticket)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reference) DO NOTHING",
            )
            .bind(call.id.to_string())
            .bind(reference.as_str())
            .bind(&call.line)
            .bind(CallState::Ringing.as_str())
            .bind(&party)
            .bind(&origin)
            .bind(&call.dialled)
            .bind(call.started_unix_ms)
            .bind(&follows)
            .bind(ticket.as_ref().map(Reference::as_str))
            .execute(&mut *conn)
            .await?;
            if inserted.rows_affected() == 1 {
                return Ok(ticket.unwrap_or(reference));
            }
        }
        Err(StoreError::Database(format!(
            "no free call reference in {DRAWS} draws; start with another [data] dir and keep this one"
        )))
    }
}

/// The call that a new one adds to, and the reference its caller was told. `None`: it is not there any more.
async fn earlier(
    conn: &mut SqliteConnection,
    follows: Option<CallId>,
) -> Result<Option<(String, Reference)>, StoreError> {
    let Some(id) = follows.map(|call| call.to_string()) else { return Ok(None) };
    let told: Option<String> =
        sqlx::query_scalar("SELECT COALESCE(ticket, reference) FROM call WHERE id = ? AND erased_unix_ms IS NULL")
            .bind(&id)
            .fetch_optional(conn)
            .await?;
    // One that cannot be read is as good as gone: the new call needs a reference that can be quoted.
    Ok(told.and_then(|told| told.parse().ok()).map(|told| (id, told)))
}

pub(super) struct AnswerCall {
    pub call: CallId,
    pub at_unix_ms: i64,
}

impl Command for AnswerCall {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let changed =
            sqlx::query("UPDATE call SET state = 'live', answered_unix_ms = ? WHERE id = ? AND state = 'ringing'")
                .bind(self.at_unix_ms)
                .bind(self.call.to_string())
                .execute(&mut *conn)
                .await?;
        match changed.rows_affected() {
            0 => Err(wrong_state(conn, self.call, "ringing").await?),
            _ => Ok(()),
        }
    }
}

pub(super) struct RefuseCall {
    pub call: CallId,
    pub cause: EndCause,
    pub at_unix_ms: i64,
}

impl Command for RefuseCall {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        // `live` too: the row says so just before the 200 OK leaves, and the caller may cancel in between.
        let changed = sqlx::query(
            "UPDATE call SET state = 'refused', cause = ?, ended_unix_ms = ?
             WHERE id = ? AND state IN ('ringing', 'live')",
        )
        .bind(self.cause.as_str())
        .bind(self.at_unix_ms)
        .bind(self.call.to_string())
        .execute(&mut *conn)
        .await?;
        unchanged_but_known(conn, self.call, changed.rows_affected()).await
    }
}

pub(super) struct NoteProgress {
    pub call: CallId,
    pub progress: Progress,
}

impl Command for NoteProgress {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let progress = &self.progress;
        // Only `live`: a note that was under way when the call ended must not undo what its end said.
        let changed = sqlx::query(
            "UPDATE call SET lost = ?, notice_start_ms = ?, notice_end_ms = ?, dtmf = ?, read_backs = ?,
                    transfer = ?, heard_ms = ?
             WHERE id = ? AND state = 'live'",
        )
        .bind(json(&progress.lost)?)
        .bind(progress.notice.map(|n| stored(n.start.as_millis())))
        .bind(progress.notice.map(|n| stored(n.end.as_millis())))
        .bind(&progress.dtmf)
        .bind(json(&progress.read_backs)?)
        .bind(progress.transfer.as_ref().map(json).transpose()?)
        .bind(stored(progress.heard_ms))
        .bind(self.call.to_string())
        .execute(&mut *conn)
        .await?;
        unchanged_but_known(conn, self.call, changed.rows_affected()).await
    }
}

pub(super) struct EndCall {
    pub call: CallId,
    pub end: CallEnd,
}

impl Command for EndCall {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let end = &self.end;
        let recording = end.recording.as_ref();
        let changed = sqlx::query(
            "UPDATE call SET state = 'finishing', cause = ?, ended_unix_ms = ?, duration_ms = ?, recording_sha256 = ?,
                    recording_duration_ms = ?, recording_rate = ?, lost = ?, notice_start_ms = ?, notice_end_ms = ?,
                    dtmf = ?, read_backs = ?, transfer = ?, line_quality = ?
             WHERE id = ? AND state IN ('ringing', 'live')",
        )
        .bind(end.cause.as_str())
        .bind(end.ended_unix_ms)
        .bind(stored(end.duration_ms))
        .bind(recording.map(|r| r.sha256.as_str()))
        .bind(recording.map(|r| stored(r.duration_ms)))
        .bind(recording.map(|r| r.rate))
        .bind(json(&end.lost)?)
        .bind(end.notice.map(|n| stored(n.start.as_millis())))
        .bind(end.notice.map(|n| stored(n.end.as_millis())))
        .bind(&end.dtmf)
        .bind(json(&end.read_backs)?)
        .bind(end.transfer.as_ref().map(json).transpose()?)
        .bind(end.line_quality.as_ref().map(json).transpose()?)
        .bind(self.call.to_string())
        .execute(&mut *conn)
        .await?;
        unchanged_but_known(conn, self.call, changed.rows_affected()).await
    }
}

pub(super) struct AppendUtterance {
    pub call: CallId,
    pub utterance: Utterance,
}

impl Command for AppendUtterance {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let said = &self.utterance;
        sqlx::query(
            "INSERT INTO utterance (call, seq, start_ms, end_ms, outcome, text, language, words, confidence, model,
                                    alignment, voiced, unheard)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call, seq) DO NOTHING",
        )
        .bind(self.call.to_string())
        .bind(said.seq)
        .bind(stored(said.span.start.as_millis()))
        .bind(stored(said.span.end.as_millis()))
        .bind(outcome(said))
        .bind(&said.text)
        .bind(said.language.map(Language::code))
        .bind(words(said)?)
        .bind(finite(said.confidence))
        .bind(&said.model)
        .bind(alignment(said))
        .bind(json(&said.voiced)?)
        .bind(said.unheard.map(Unheard::as_str))
        .execute(&mut *conn)
        .await
        .map_err(|e| or_unknown_call(e, self.call))?;
        Ok(())
    }
}

fn words(said: &Utterance) -> Result<String, StoreError> {
    let mut words = said.words.clone();
    for word in &mut words {
        word.confidence = finite(word.confidence);
    }
    json(&words)
}

fn outcome(said: &Utterance) -> &'static str {
    match said.outcome {
        SegmentOutcome::Text => "text",
        SegmentOutcome::NoSpeech => "no_speech",
        SegmentOutcome::Unrecognised => "unrecognised",
    }
}

fn alignment(said: &Utterance) -> &'static str {
    match said.alignment {
        Alignment::Word => "word",
        Alignment::Segment => "segment",
    }
}

/// Words for a segment that had none. One that has them by now, or is no more, stays as it is.
pub(super) struct FillIn {
    pub call: CallId,
    pub utterance: Utterance,
}

impl Command for FillIn {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let said = &self.utterance;
        // That no engine was there is no try.
        let tries = u32::from(said.unheard != Some(Unheard::NoEngine));
        let filled = sqlx::query(
            "UPDATE utterance SET outcome = ?, text = ?, language = ?, words = ?, confidence = ?, model = ?,
                    alignment = ?, unheard = ?, tries = tries + ?
             WHERE call = ? AND seq = ? AND unheard IN ('no_engine', 'engine_failed')",
        )
        .bind(outcome(said))
        .bind(&said.text)
        .bind(said.language.map(Language::code))
        .bind(words(said)?)
        .bind(finite(said.confidence))
        .bind(&said.model)
        .bind(alignment(said))
        .bind(said.unheard.map(Unheard::as_str))
        .bind(tries)
        .bind(self.call.to_string())
        .bind(said.seq)
        .execute(&mut *conn)
        .await?;
        if filled.rows_affected() > 0 && said.unheard.is_none() {
            sqlx::query("UPDATE call SET redraft = 1 WHERE id = ?").bind(self.call.to_string()).execute(conn).await?;
        }
        Ok(())
    }
}

pub(super) struct PutLiveDraft {
    pub call: CallId,
    pub body: String,
}

impl Command for PutLiveDraft {
    type Answer = ();

    async fn apply(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO live_draft (call, body) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM draft WHERE call = ?1)
             ON CONFLICT (call) DO UPDATE SET body = excluded.body",
        )
        .bind(self.call.to_string())
        .bind(&self.body)
        .execute(&mut *conn)
        .await
        .map_err(|e| or_unknown_call(e, self.call))?;
        Ok(())
    }
}

/// A foreign key that points at nothing means one thing here.
pub(super) fn or_unknown_call(error: sqlx::Error, call: CallId) -> StoreError {
    match &error {
        sqlx::Error::Database(e) if e.is_foreign_key_violation() => {
            StoreError::NotFound { what: "call", id: call.to_string() }
        }
        _ => error.into(),
    }
}

/// Why a change that asks for one state hit no row.
pub(super) async fn wrong_state(
    conn: &mut SqliteConnection,
    call: CallId,
    wanted: &'static str,
) -> Result<StoreError, StoreError> {
    let state: Option<String> =
        sqlx::query_scalar("SELECT state FROM call WHERE id = ?").bind(call.to_string()).fetch_optional(conn).await?;
    Ok(match state {
        Some(state) => StoreError::WrongState { id: call, state, wanted },
        None => StoreError::NotFound { what: "call", id: call.to_string() },
    })
}

/// A change that hit no row is fine when the call is further on already, and an error when there is no such call.
async fn unchanged_but_known(conn: &mut SqliteConnection, call: CallId, changed: u64) -> Result<(), StoreError> {
    if changed > 0 {
        return Ok(());
    }
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM call WHERE id = ?)")
        .bind(call.to_string())
        .fetch_one(conn)
        .await?;
    if known { Ok(()) } else { Err(StoreError::NotFound { what: "call", id: call.to_string() }) }
}
