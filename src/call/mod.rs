//! What flows through the gateway: one caller's visit and the words about it. No I/O, no clock, knows nobody.

mod audio;
mod coverage;
mod emergency;
mod event;
mod id;
mod media_plan;
mod party;
mod place;
mod quality;
mod read_back;
mod review;
mod state;
mod time;
mod traces;
mod transfer;
mod words;

pub use audio::{AudioFrame, FrameKind};
pub use coverage::{Coverage, CoverageKind, LostCause, LostSpan};
pub use emergency::{Danger, EmergencyState, HeardIn, ServiceKind};
pub use event::{CallEvent, DeliveryKind};
pub use id::{CallId, DraftId, IdError, Reference};
pub use media_plan::{Codec, Direction, MediaPlan};
pub use party::{Identity, Origin, Party};
pub use place::{Place, Places};
pub use quality::{LineQuality, NoAudio};
pub use read_back::{Answer, ReadBack};
pub use review::{CorrectionKind, Decision, Outline, ReviewState};
pub use state::{CallState, EndCause, UnknownName};
pub use time::{MediaSpan, MediaTime};
pub use traces::{Earlier, Matter, Since, Traces};
pub use transfer::{Transfer, TransferState};
pub use words::{
    Alignment, Band, Hypothesis, Language, Script, SegmentOutcome, Speaker, SpokenHere, Unheard, Utterance, Word,
};
