//! The life of a call and the ways it ends.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that names none of the known values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown {what} {text:?}")]
pub struct UnknownName {
    pub what: &'static str,
    pub text: String,
}

macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in the store, the API and the draft.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;
            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text)
                    .ok_or_else(|| UnknownName { what: $what, text: text.to_owned() })
            }
        }
    };
}

pub(super) use named_enum;

named_enum!(
    /// Where a call is on its journey. Only `Done` and `Refused` are final: boot recovery carries every
    /// other one on.
    CallState, "call state", {
        /// Row written, 200 OK not yet sent.
        Ringing = "ringing",
        /// Answered; audio flows.
        Live = "live",
        /// Ended; what was recorded is still being recognised.
        Finishing = "finishing",
        /// The draft and its outbox row are committed.
        Done = "done",
        /// Never answered (refused, or cancelled before answer): no draft is owed.
        Refused = "refused",
    }
);

impl CallState {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

named_enum!(
    /// Why a call ended.
    EndCause, "end cause", {
        CallerHangup = "caller_hangup",
        /// The gateway said goodbye after silence.
        SystemEnd = "system_end",
        /// The caller pressed `#`, or `0` to be called back.
        DtmfEnd = "dtmf_end",
        /// CANCEL, or no ACK for our 200 OK.
        Cancelled = "cancelled",
        /// No RTP at all after the answer.
        NoMedia = "no_media",
        /// RTP stopped in mid-call.
        MediaLost = "media_lost",
        MaxDuration = "max_duration",
        /// The gateway died in mid-call; boot recovery ended it.
        Interrupted = "interrupted",
        Shutdown = "shutdown",
        /// The line has passed the caller on to where an agent asked it to.
        Transferred = "transferred",
        Refused = "refused",
    }
);
