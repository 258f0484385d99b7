//! What a person does with the draft of a call.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::state::{UnknownName, named_enum};

/// What a list shows of a draft, and what decides when it is seen to. Kept beside the draft, erased with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    pub title: Option<String>,
    /// Code of the taxonomy, of the first matter.
    pub category: Option<String>,
    pub urgency: Option<String>,
    /// Danger was heard.
    pub emergency: bool,
    /// The one to call back on.
    pub number: Option<String>,
    pub place: Option<String>,
    /// Required fields that nothing is known of.
    pub missing: u32,
    /// Values that a person is asked to look at.
    pub check: u32,
    /// Earlier calls it may have to do with.
    pub repeats: u32,
    /// When a person is to have decided it.
    pub due_unix_ms: i64,
}

/// Bits of a rank for how much is unsure, and for the minute it is due.
const UNSURE_BITS: u32 = 10;
const MINUTE_BITS: u32 = 40;
const MINUTE_MS: i64 = 60_000;

impl Outline {
    /// Its place among those that wait, the first has the least: emergencies, then the minute it is due, then how much of
    /// it is unsure (a person is of most use there). Of one rank, the older call goes first.
    pub fn rank(&self) -> i64 {
        let most = (1_i64 << UNSURE_BITS) - 1;
        let unsure = i64::from(self.missing).saturating_add(i64::from(self.check)).min(most);
        let minute = self.due_unix_ms.div_euclid(MINUTE_MS).clamp(0, (1 << MINUTE_BITS) - 1);
        (i64::from(!self.emergency) << (MINUTE_BITS + UNSURE_BITS)) | (minute << UNSURE_BITS) | (most - unsure)
    }
}

named_enum!(
    /// Where the work at a draft stands.
    ReviewState, "review state", {
        /// The call is up, or its words are not all there.
        Live = "live",
        Waiting = "waiting",
        /// Somebody works at it.
        Held = "held",
        /// Decided, and not on its way yet: it can be taken back.
        Deciding = "deciding",
        Decided = "decided",
    }
);

named_enum!(
    /// What a person decided of a draft.
    Decision, "decision", {
        /// A ticket, as the draft says.
        Approve = "approve",
        /// For another unit.
        Redirect = "redirect",
        /// The caller is to be called back first.
        CallBack = "call_back",
        WrongNumber = "wrong_number",
        /// No ticket, for the reason given.
        Reject = "reject",
        /// Settled while the caller was on the line.
        Answered = "answered",
        /// It brings nothing new: it belongs to another call.
        Merge = "merge",
    }
);

named_enum!(
    /// How a person's value stands to the machine's.
    CorrectionKind, "kind of correction", {
        /// The machine had none.
        Entered = "entered",
        Corrected = "corrected",
        /// The caller did not say it, whatever the machine read.
        NotSaid = "not_said",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergencies_go_first_then_the_minute_then_the_unsure() {
        let outline = |emergency, due_unix_ms, check| Outline { emergency, due_unix_ms, check, ..Outline::default() };
        let minute = 1_795_400_040_000;
        let ordered = [
            outline(true, minute + 600_000, 0),
            outline(false, i64::MIN, 0),
            outline(false, minute, 2_000),
            outline(false, minute + 59_999, 3),
            outline(false, minute, 0),
            outline(false, minute + 60_000, 9),
            outline(false, i64::MAX, 1),
        ];
        let ranks: Vec<i64> = ordered.iter().map(Outline::rank).collect();
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }
}
