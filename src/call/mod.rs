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
mod state;
mod time;
mod traces;
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
pub use state::{CallState, EndCause, UnknownName};
pub use time::{MediaSpan, MediaTime};
pub use traces::{Earlier, Matter, Since, Traces};
pub use words::{Alignment, Band, Hypothesis, Language, Script, SegmentOutcome, SpokenHere, Unheard, Utterance, Word};
