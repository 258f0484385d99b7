//! A transfer that we asked the peer for (REFER, RFC 3515): how it goes on, and when it counts as failed. Pure.
//!
//! The call itself is none of its matter: whatever fails here, the caller stays on the line with us.

use std::time::{Duration, Instant};

use crate::ingress::TransferNews;

/// How long a transfer is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the first news of a REFER that was taken.
    pub first_news: Duration,
    /// From asking to the end.
    pub at_most: Duration,
}

impl Default for Patience {
    /// Whoever takes a REFER owes a NOTIFY at once (RFC 3515 section 2.4.4): retransmissions last 32 s. A phone may ring for
    /// three minutes (RFC 3261 section 16.6, timer C), and is called before.
    fn default() -> Self {
        Self { first_news: Duration::from_secs(32), at_most: Duration::from_secs(240) }
    }
}

/// Nothing was asked for that this could be about: 481.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAsked;

/// What a NOTIFY says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// `id` of its Event: CSeq number of the REFER it is about.
    pub about: Option<u32>,
    /// What the destination has answered; `None`: it does not say.
    pub status: Option<u16>,
    /// There will be no other.
    pub last: bool,
}

/// What is due now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// REFER to this URI.
    Send(String),
    Tell(TransferNews),
}

/// The newest transfer of one call.
#[derive(Debug, Default)]
pub(super) struct TransferFlow {
    patience: Patience,
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    /// Where to, until the REFER is sent.
    unsent: Option<String>,
    /// CSeq number of our REFER, once it was answered.
    sequence: Option<u32>,
    /// When it counts as failed; `None`: its end was told.
    until: Option<Instant>,
    /// When the last moment for everything is.
    ends: Instant,
    /// What was told of it last, lest it be told twice.
    told: Option<u16>,
    done: bool,
}

impl TransferFlow {
    pub fn new(patience: Patience) -> Self {
        Self { patience, asked: None }
    }

    /// `false`: one is under way, or went through. One whose REFER was not answered is under way, whatever else was told of
    /// it: its answer would be taken for the next one's.
    pub fn ask(&mut self, to: &str, now: Instant) -> bool {
        let goes_on = |asked: &Asked| asked.done || asked.until.is_some() || asked.sequence.is_none();
        if self.asked.as_ref().is_some_and(goes_on) {
            return false;
        }
        let ends = now + self.patience.at_most;
        let unsent = Some(to.to_owned());
        self.asked = Some(Asked { unsent, sequence: None, until: Some(ends), ends, told: None, done: false });
        true
    }

    /// The final answer to our REFER and its CSeq number; `None`: none came in time.
    pub fn answered(&mut self, answer: Option<(u16, u32)>, now: Instant) -> Option<TransferNews> {
        let asked = self.asked.as_mut()?;
        match answer {
            Some((200..300, sequence)) => {
                asked.sequence = Some(sequence);
                // A NOTIFY may overtake the answer.
                if asked.until.is_some() && asked.told.is_none() {
                    asked.until = Some((now + self.patience.first_news).min(asked.ends));
                }
                None
            }
            // Whoever refuses it has no transfer under way, so none is listened for.
            refused => {
                let open = asked.until.is_some();
                self.asked = None;
                open.then(|| TransferNews::Failed(refusal(refused.map(|(status, _)| status))))
            }
        }
    }

    pub fn notified(&mut self, notice: Notice) -> Result<Option<TransferNews>, NotAsked> {
        let asked = self.asked.as_mut().ok_or(NotAsked)?;
        // Many name no number, though from the second REFER on they must (RFC 3515 section 2.4.6).
        if notice.about.zip(asked.sequence).is_some_and(|(about, ours)| about != ours) {
            return Err(NotAsked);
        }
        let open = asked.until.is_some();
        Ok(match notice.status {
            // Also when it comes after we gave up waiting: the caller is with somebody else now.
            Some(200..300) if !asked.done => {
                asked.done = true;
                asked.until = None;
                Some(TransferNews::Done)
            }
            Some(300..) if open => {
                asked.until = None;
                notice.status.map(|status| TransferNews::Failed(destination(status)))
            }
            _ if open && notice.last => {
                asked.until = None;
                Some(TransferNews::Failed("the line stopped telling what becomes of the transfer".to_owned()))
            }
            Some(status @ 100..200) if open => {
                asked.until = Some(asked.ends);
                let news = asked.told.replace(status) != Some(status);
                news.then(|| TransferNews::Trying(progress(status)))
            }
            _ => None,
        })
    }

    /// Something was asked for that a NOTIFY may be about.
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// When [`Self::due`] has something, at the latest.
    pub fn wakes_at(&self, now: Instant) -> Option<Instant> {
        let asked = self.asked.as_ref()?;
        if asked.unsent.is_some() { Some(now) } else { asked.until }
    }

    pub fn due(&mut self, now: Instant) -> Option<Step> {
        let asked = self.asked.as_mut()?;
        if let Some(to) = asked.unsent.take() {
            return Some(Step::Send(to));
        }
        asked.until.take_if(|until| now >= *until)?;
        let why = match asked.told {
            None => "the line took the transfer and told nothing of it".to_owned(),
            Some(_) => format!("the destination did not answer within {} s", self.patience.at_most.as_secs()),
        };
        Some(Step::Tell(TransferNews::Failed(why)))
    }
}

/// Why the peer would not even try.
fn refusal(status: Option<u16>) -> String {
    match status {
        None | Some(408) => "the line did not answer the transfer".to_owned(),
        Some(status @ (405 | 420 | 501)) => format!("the line cannot transfer calls ({status})"),
        Some(status @ (401 | 403 | 407)) => format!("the line does not let us transfer calls ({status})"),
        Some(status) => format!("the line refused the transfer ({status})"),
    }
}

fn progress(status: u16) -> String {
    match status {
        180..=183 => format!("the destination rings ({status})"),
        _ => format!("the line calls the destination ({status})"),
    }
}

/// Why the destination does not have the caller.
fn destination(status: u16) -> String {
    match status {
        486 | 600 => format!("the destination is busy ({status})"),
        603 | 607 | 608 => format!("the destination declined ({status})"),
        408 | 480 | 487 => format!("the destination did not answer ({status})"),
        404 | 410 | 484 | 604 => format!("the line does not know the destination ({status})"),
        _ => format!("the destination could not be reached ({status})"),
    }
}

#[cfg(test)]
#[path = "transfer_tests.rs"]
mod tests;
