//! Either caller, as `heardline call` needs it: by SIP or by WHIP, as the target says.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::call::Codec;
use crate::ingress::caller::{CallReport, HangUp, Progress, Sound};
use crate::ingress::sip::caller::{CallPlan, Caller};
use crate::ingress::webrtc::caller::{CallInfo, WebPlan, WhipCaller};
use crate::ops::clock::Clock;

/// Caller's number in From when none is given; SIP needs one.
const NOBODY: &str = "+12025550123";

/// Who calls whom.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    pub target: String,
    pub from: Option<String>,
    /// Signed identity of a browser's call.
    pub token: Option<String>,
    pub local: Option<IpAddr>,
}

/// What is said in one call.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub sound: Arc<Sound>,
    pub dtmf: Option<String>,
    pub hang_up: HangUp,
    pub record: bool,
}

/// A telephone or a browser, ready to make any number of calls.
pub(super) enum Phone {
    Sip { dial: Dial, caller: Caller },
    Web { dial: Dial, caller: WhipCaller },
}

impl Dial {
    fn is_web(&self) -> bool {
        ["http:", "https:"].iter().any(|scheme| self.target.to_ascii_lowercase().starts_with(scheme))
    }

    /// What is spoken when nothing else is asked for.
    pub fn codec(&self) -> Codec {
        if self.is_web() { Codec::Opus } else { Codec::Pcmu }
    }
}

impl Phone {
    pub async fn ready(dial: Dial, clock: Clock) -> Result<Self, Failure> {
        if dial.is_web() {
            let caller = WhipCaller::new(&dial.target, dial.local, clock).map_err(Failure::new)?;
            return Ok(Self::Web { dial, caller });
        }
        if dial.token.is_some() {
            return Err(Failure::new("--token is for calls by WHIP; a SIP call cannot carry one"));
        }
        let local = dial.local.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let caller = Caller::start(local, clock).await.map_err(Failure::new)?;
        Ok(Self::Sip { dial, caller })
    }

    /// One call, until it is over; the reason where there was none.
    pub async fn call(
        &self,
        talk: Talk,
        stop: CancellationToken,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<CallReport, String> {
        let Talk { sound, dtmf, hang_up, record } = talk;
        match self {
            Self::Sip { dial, caller } => {
                let (target, from) = (dial.target.clone(), dial.from.as_deref().unwrap_or(NOBODY));
                let plan = CallPlan { target, from_user: from.to_owned(), sound, dtmf, hang_up, record };
                caller.call(plan, stop, progress).await.map_err(|error| error.to_string())
            }
            Self::Web { dial, caller } => {
                let info = dial.from.clone().map(|number| CallInfo { number: Some(number), ..CallInfo::default() });
                let plan = WebPlan { bearer: dial.token.clone(), info, sound, dtmf, hang_up, record, fault: None };
                let report = caller.call(plan, stop, progress).await.map_err(|error| error.to_string())?;
                Ok(report.call)
            }
        }
    }
}
