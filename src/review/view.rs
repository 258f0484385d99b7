//! The JSON of the desk API, apart from the store's rows so that either can change alone.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::emergency::EmergencyView;
use super::quality::LineQualityView;
use super::transfer::TransferView;
use crate::call::{
    Alignment, Band, CallId, Coverage, Identity, Origin, Party, SegmentOutcome, Unheard, Utterance, Word,
};
use crate::draft::tone::{Manner, Quote, Sentiment, Tone};
use crate::ops::clock::timestamp;
use crate::store::{CallRow, DeliveryRow, Erased};

/// A page of calls, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct CallList {
    pub calls: Vec<CallSummary>,
    /// Ids of calls of this page whose stored row cannot be read; the log of the gateway says why.
    pub damaged: Vec<String>,
    /// Give as `before` for the next page.
    pub next: Option<String>,
    pub notices: Vec<String>,
    /// What to dial to reach this gateway: SIP URIs, one for each listener.
    pub sip: Vec<String>,
}

/// One line of the list.
#[derive(Serialize, ToSchema)]
pub(super) struct CallSummary {
    pub id: String,
    /// The ten digits the caller can quote.
    pub reference: String,
    pub line: String,
    /// `ringing`, `live`, `finishing`, `done` or `refused`.
    pub state: &'static str,
    pub cause: Option<&'static str>,
    /// Proved by a token, else asserted by a trusted trunk, else claimed by the caller; absent when withheld.
    pub number: Option<String>,
    pub display_name: Option<String>,
    pub withheld: bool,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub answered_at: Option<String>,
    pub ended_at: Option<String>,
    pub duration_ms: Option<u64>,
    /// Whether sound may be fetched.
    pub has_recording: bool,
    pub title: Option<String>,
    pub category: Option<String>,
    /// Hazard words were heard, or an emergency was raised.
    pub emergency: bool,
    /// What was raised while the caller spoke, and whether somebody has taken it.
    pub raised: Option<EmergencyView>,
    /// When it was erased: nothing but this line is left of it.
    pub erased_at: Option<String>,
}

/// One call with everything known about it.
#[derive(Serialize, ToSchema)]
pub(super) struct CallDetail {
    #[serde(flatten)]
    pub summary: CallSummary,
    pub dialled: Option<String>,
    pub party: PartyView,
    /// `sip`, `webrtc` (from a browser) or `file`.
    pub channel: &'static str,
    /// Id of the earlier call that this one adds to; both have its reference.
    pub follows: Option<String>,
    /// Digits the caller pressed.
    pub dtmf: String,
    /// When the recording notice was spoken.
    pub notice: Option<SpanView>,
    pub transcript: Vec<UtteranceView>,
    /// A hint for this desk alone, read from the words each time; drafts hold nothing of it.
    pub tone: ToneView,
    pub coverage: Option<CoverageView>,
    /// Once the call has ended.
    pub line_quality: Option<LineQualityView>,
    /// As in `/api/schema/ticket-draft.json`.
    pub draft: Option<Value>,
    /// `false`: the draft still changes.
    pub draft_complete: bool,
    pub deliveries: Vec<DeliveryView>,
    /// Absent where the call's line names no destination, of calls that did not come over a telephone line, and once the
    /// call is over where none was asked for.
    pub transfer: Option<TransferView>,
    pub notices: Vec<String>,
}

/// Who a checked token proves the caller to be, who the caller claims to be (`From`, or what was typed into the page) and
/// who a trusted trunk says it is: a URI, else a number, a name, or the token's subject. All absent when withheld.
#[derive(Serialize, ToSchema)]
pub(super) struct PartyView {
    pub verified: Option<String>,
    pub claimed: Option<String>,
    pub asserted: Option<String>,
    pub withheld: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SpanView {
    pub start_ms: u64,
    pub end_ms: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UtteranceView {
    pub seq: u32,
    pub span: SpanView,
    /// `text`, `no_speech` or `unrecognised`.
    pub outcome: &'static str,
    /// Why it has no words: `no_engine`, `engine_failed`, `refused` or `no_sound`; only of an `unrecognised` one.
    pub unheard: Option<&'static str>,
    /// `word`: the times of words were measured. `segment`: they carry the span of all of it.
    pub alignment: &'static str,
    pub text: String,
    pub language: Option<&'static str>,
    pub words: Vec<WordView>,
    pub confidence: f32,
    pub model: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct WordView {
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
    pub confidence: f32,
    /// `sure`, `check` or `missing`, as the model's measurements say.
    pub band: &'static str,
}

/// How the caller speaks.
#[derive(Serialize, ToSchema)]
pub(super) struct ToneView {
    /// `positive`, `neutral` or `negative`.
    pub sentiment: &'static str,
    pub abusive: bool,
    /// Harm is announced to the people who answer.
    pub threat_to_staff: bool,
    /// The words it is read from, at most eight.
    pub quotes: Vec<ToneQuoteView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ToneQuoteView {
    /// `pleased`, `angry`, `abusive` or `threat`.
    pub manner: &'static str,
    pub text: String,
    /// Milliseconds into the recording.
    pub start_ms: u64,
    pub end_ms: u64,
}

/// What became of every millisecond of caller audio.
#[derive(Serialize, ToSchema)]
pub(super) struct CoverageView {
    pub text_ms: u64,
    pub silence_ms: u64,
    pub unrecognised_ms: u64,
    /// Sound that is missing, by any cause.
    pub lost_ms: u64,
    /// Packets that never came.
    pub lost_line_ms: u64,
    /// Heard, and could not be written to the disk.
    pub lost_recorder_ms: u64,
    /// On its way to the disk when the gateway ended.
    pub lost_interrupted_ms: u64,
    pub not_recorded_ms: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryView {
    pub id: String,
    pub call: String,
    /// `draft`, or `emergency`: the event of the call's emergency.
    pub kind: &'static str,
    /// Absent of an event, as is its version.
    pub draft: Option<String>,
    pub version: Option<u32>,
    pub endpoint: String,
    /// `pending`, `delivered` or `dead`.
    pub state: &'static str,
    pub attempts: u32,
    /// When the next attempt is due; only while pending.
    pub next_attempt_at: Option<String>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    pub delivered_at: Option<String>,
    pub created_at: String,
}

/// Calls that were just erased: one, or all of a reference.
#[derive(Serialize, ToSchema)]
pub(super) struct ErasedList {
    pub erased: Vec<ErasedView>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(super) struct ErasedView {
    pub id: String,
    pub reference: String,
    /// Endpoints that have its draft or its emergency: their copies are for their owners to erase.
    pub delivered_to: Vec<String>,
    /// Deliveries that will not be made any more.
    pub cancelled_deliveries: u64,
}

impl From<Erased> for ErasedView {
    fn from(erased: Erased) -> Self {
        let Erased { call, reference, delivered_to, cancelled } = erased;
        let (id, reference) = (call.to_string(), reference.to_string());
        Self { id, reference, delivered_to, cancelled_deliveries: cancelled }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryList {
    pub deliveries: Vec<DeliveryView>,
}

pub(super) fn stamp(unix_ms: i64) -> String {
    timestamp(unix_ms).to_string()
}

impl CallSummary {
    pub fn new(row: &CallRow, headline: Headline, raised: Option<EmergencyView>) -> Self {
        let party = &row.party;
        let named = |identity: &&Identity| identity.number.is_some() || identity.display_name.is_some();
        let known = [&party.verified, &party.asserted, &party.claimed].into_iter().flatten();
        let shown = known.filter(|_| !party.withheld).find(named);
        Self {
            id: row.id.to_string(),
            reference: row.reference.to_string(),
            line: row.line.clone(),
            state: row.state.as_str(),
            cause: row.cause.map(|cause| cause.as_str()),
            number: shown.and_then(|identity| identity.number.clone()),
            display_name: shown.and_then(|identity| identity.display_name.clone()),
            withheld: row.party.withheld,
            started_at: stamp(row.started_unix_ms),
            answered_at: row.answered_unix_ms.map(stamp),
            ended_at: row.ended_unix_ms.map(stamp),
            duration_ms: row.duration_ms,
            has_recording: row.answered_unix_ms.is_some() && row.erased_unix_ms.is_none(),
            title: headline.title,
            category: headline.category,
            emergency: headline.emergency || raised.is_some(),
            raised,
            erased_at: row.erased_unix_ms.map(stamp),
        }
    }
}

impl PartyView {
    pub fn new(row: &CallRow) -> Self {
        let open = !row.party.withheld;
        let text = |identity: &Option<Identity>| {
            let identity = identity.as_ref().filter(|_| open)?;
            let uri = Some(&identity.uri).filter(|uri| !uri.is_empty());
            let rest = identity.number.as_ref().or(identity.display_name.as_ref()).or(identity.subject.as_ref());
            uri.or(rest).cloned()
        };
        let Party { verified, claimed, asserted, withheld } = &row.party;
        Self { verified: text(verified), claimed: text(claimed), asserted: text(asserted), withheld: *withheld }
    }
}

pub(super) fn channel(origin: &Origin) -> &'static str {
    match origin {
        Origin::Sip { .. } => "sip",
        Origin::WebRtc { .. } => "webrtc",
        Origin::File => "file",
    }
}

impl From<Utterance> for UtteranceView {
    fn from(utterance: Utterance) -> Self {
        Self {
            seq: utterance.seq,
            span: utterance.span.into(),
            outcome: match utterance.outcome {
                SegmentOutcome::Text => "text",
                SegmentOutcome::NoSpeech => "no_speech",
                SegmentOutcome::Unrecognised => "unrecognised",
            },
            unheard: utterance.unheard.map(Unheard::as_str),
            alignment: match utterance.alignment {
                Alignment::Word => "word",
                Alignment::Segment => "segment",
            },
            text: utterance.text,
            language: utterance.language.map(|language| language.code()),
            words: utterance.words.into_iter().map(WordView::from).collect(),
            confidence: utterance.confidence,
            model: utterance.model,
        }
    }
}

impl From<Tone> for ToneView {
    fn from(tone: Tone) -> Self {
        let quote = |quote: Quote| ToneQuoteView {
            manner: match quote.manner {
                Manner::Pleased => "pleased",
                Manner::Angry => "angry",
                Manner::Abusive => "abusive",
                Manner::Threat => "threat",
            },
            text: quote.text,
            start_ms: quote.start_ms,
            end_ms: quote.end_ms,
        };
        Self {
            sentiment: match tone.sentiment {
                Sentiment::Positive => "positive",
                Sentiment::Neutral => "neutral",
                Sentiment::Negative => "negative",
            },
            abusive: tone.abusive,
            threat_to_staff: tone.threat_to_staff,
            quotes: tone.quotes.into_iter().map(quote).collect(),
        }
    }
}

impl From<Word> for WordView {
    fn from(word: Word) -> Self {
        let SpanView { start_ms, end_ms } = word.span.into();
        let band = match word.band {
            Band::Sure => "sure",
            Band::Check => "check",
            Band::Missing => "missing",
        };
        Self { text: word.text, start_ms, end_ms, confidence: word.confidence, band }
    }
}

impl From<crate::call::MediaSpan> for SpanView {
    fn from(span: crate::call::MediaSpan) -> Self {
        Self { start_ms: span.start.as_millis(), end_ms: span.end.as_millis() }
    }
}

impl From<Coverage> for CoverageView {
    fn from(sums: Coverage) -> Self {
        Self {
            text_ms: sums.text_ms,
            silence_ms: sums.silence_ms,
            unrecognised_ms: sums.unrecognised_ms,
            lost_ms: sums.lost_ms,
            lost_line_ms: sums.lost_line_ms,
            lost_recorder_ms: sums.lost_recorder_ms,
            lost_interrupted_ms: sums.lost_interrupted_ms,
            not_recorded_ms: sums.not_recorded_ms,
        }
    }
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        let pending = row.state == crate::store::DeliveryState::Pending;
        let draft = row.draft();
        Self {
            id: row.id,
            call: row.call.to_string(),
            kind: row.subject.kind().as_str(),
            draft: draft.as_ref().map(|(draft, _)| draft.to_string()),
            version: draft.map(|(_, version)| version),
            endpoint: row.endpoint,
            state: row.state.as_str(),
            attempts: row.attempts,
            next_attempt_at: pending.then(|| stamp(row.next_attempt_unix_ms)),
            last_status: row.last_status,
            last_error: row.last_error,
            delivered_at: row.delivered_unix_ms.map(stamp),
            created_at: stamp(row.created_unix_ms),
        }
    }
}

/// The few things of a draft that the list shows.
#[derive(Default)]
pub(super) struct Headline {
    pub title: Option<String>,
    pub category: Option<String>,
    pub emergency: bool,
}

impl Headline {
    /// Reads them out of a draft's JSON without building the rest of it. A draft of another shape shows nothing.
    pub fn of(body: &str) -> Self {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Parts {
            summary: Value,
            issues: Value,
            emergency: Value,
        }
        let parts: Parts = serde_json::from_str(body).unwrap_or_default();
        let text = |from: &Value, at: &str| from.pointer(at).and_then(Value::as_str).map(str::to_owned);
        Self {
            title: text(&parts.summary, "/title/value").or_else(|| text(&parts.issues, "/0/title/value")),
            category: text(&parts.issues, "/0/category/value"),
            emergency: parts.emergency.pointer("/flag/value").and_then(Value::as_bool).unwrap_or(false),
        }
    }
}

/// A cursor in a URL.
pub(super) fn cursor(next: Option<CallId>) -> Option<String> {
    next.map(|id| id.to_string())
}
