//! What the gateway says and when a call ends by itself. Pure: time comes in as media time, words go out as actions.
//!
//! One short notice, then the caller speaks; no menu. Unless the caller hangs up first, nobody is cut off without a
//! spoken close (architecture: "How a call ends").

use super::follow_up::{FollowUps, Understood};
use crate::call::{EndCause, MediaSpan, MediaTime, ReadBack};
use crate::config::CallRules;

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// The recording notice in every language of the line, each followed by the emergency number.
    Notice,
    AnythingElse,
    Warning,
    /// Hang up and call the emergency number.
    Emergency,
    /// Where is it?
    AskPlace,
    /// On what number can we call you back?
    AskNumber,
    /// This number, digit by digit: is it right?
    ReadBack(String),
    /// Thanks, the reference, goodbye.
    Close,
    /// "We will call you back", then the close.
    CloseWithCallBack,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Say(Say),
    /// Drops what is still queued to be said.
    StopTalking,
    End(EndCause),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Notice,
    Listening,
    /// "Anything else?" was asked; `since` is when it had been said.
    Asked {
        since: Option<MediaTime>,
    },
    /// A question about what is missing, or a number, is being said.
    FollowUp,
    /// The close is being said.
    Closing {
        since: MediaTime,
        cause: EndCause,
    },
    Ended,
}

/// One call's conversation.
#[derive(Debug)]
pub struct Conversation {
    rules: CallRules,
    state: State,
    notice: MediaSpan,
    /// Last sign of life: speech, a key, the end of our own words.
    active: MediaTime,
    warned: bool,
    emergency: Emergency,
    follow_ups: FollowUps,
    keys: String,
}

/// Whether the caller was heard to be in danger, and was told what to dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Emergency {
    None,
    /// The words are owed, once: not over the caller's own.
    Owed,
    Said,
}

/// A close that was not said to its end after this long (the caller is on hold) ends the call all the same.
const CLOSE_AT_MOST_MS: u64 = 30_000;
/// Keys kept of one call.
const MAX_KEYS: usize = 64;

impl Conversation {
    pub fn start(rules: CallRules) -> (Self, Action) {
        let conversation = Self {
            rules,
            state: State::Notice,
            notice: MediaSpan::default(),
            active: MediaTime::ZERO,
            warned: false,
            emergency: Emergency::None,
            follow_ups: FollowUps::default(),
            keys: String::new(),
        };
        (conversation, Action::Say(Say::Notice))
    }

    /// Audio arrived up to `now`; `speaking` while the endpointer hears speech, `held` while the caller's phone
    /// has us on hold (nobody is listening, so nothing is asked).
    pub fn audio(&mut self, now: MediaTime, speaking: bool, held: bool) -> Option<Action> {
        if speaking {
            self.follow_ups.caller_spoke();
        }
        if speaking || held {
            self.active = now;
            if matches!(self.state, State::Asked { .. } | State::FollowUp) {
                self.state = State::Listening;
            }
        }
        let quiet_ms = now - self.active;
        match self.state {
            State::Ended => None,
            State::Closing { since, cause } => (now - since > CLOSE_AT_MOST_MS).then(|| self.end(cause)),
            _ if now.as_millis() >= self.rules.end_after_s * 1000 => Some(self.close(now, EndCause::MaxDuration)),
            State::Listening | State::Asked { since: Some(_) }
                if self.emergency == Emergency::Owed && !speaking && !held =>
            {
                self.emergency = Emergency::Said;
                self.state = State::Listening;
                self.active = now;
                Some(Action::Say(Say::Emergency))
            }
            _ if !self.warned && now.as_millis() >= self.rules.warn_after_s * 1000 => {
                self.warned = true;
                self.active = now;
                Some(Action::Say(Say::Warning))
            }
            State::Listening if quiet_ms >= self.rules.silence_ask_s * 1000 => {
                self.state = State::Asked { since: None };
                Some(Action::Say(Say::AnythingElse))
            }
            State::Asked { since: Some(since) } if now - since >= self.rules.silence_end_s * 1000 => {
                Some(self.close(now, EndCause::SystemEnd))
            }
            State::Notice | State::Listening | State::FollowUp | State::Asked { .. } => None,
        }
    }

    /// The caller was heard to be in danger; for the rest of the call. `notice`: tell them what to dial.
    pub fn raise_emergency(&mut self, notice: bool) {
        if self.emergency == Emergency::None {
            self.emergency = if notice { Emergency::Owed } else { Emergency::Said };
        }
    }

    /// A question about what is still missing, once the caller has stopped. Call it after [`Self::audio`], and only
    /// when `heard` is about all that was said.
    pub fn follow_up(&mut self, now: MediaTime, heard: &Understood) -> Option<Action> {
        let stopped = self.state == State::Listening && now - self.active >= self.rules.follow_up_after_s * 1000;
        if !self.rules.follow_up || !stopped || heard.emergency || self.emergency() {
            return None;
        }
        let say = self.follow_ups.next(now, heard)?;
        self.state = State::FollowUp;
        Some(Action::Say(say))
    }

    /// Whether an emergency was raised: nothing more is asked of this caller.
    pub fn emergency(&self) -> bool {
        self.emergency != Emergency::None
    }

    /// Everything queued has been said.
    pub fn said(&mut self, now: MediaTime) -> Option<Action> {
        match self.state {
            State::Notice => {
                self.notice = MediaSpan::new(MediaTime::ZERO, now);
                self.state = State::Listening;
                self.active = self.active.max(now);
                None
            }
            State::Asked { since: None } => {
                self.state = State::Asked { since: Some(now) };
                None
            }
            State::Closing { cause, .. } => Some(self.end(cause)),
            State::Listening | State::FollowUp | State::Asked { .. } => {
                if self.state == State::FollowUp {
                    self.state = State::Listening;
                }
                self.active = self.active.max(now);
                None
            }
            State::Ended => None,
        }
    }

    /// A key was pressed: `#` ends, `0` asks to be called back, `1` and `2` answer a number that was read back; all are
    /// kept in the record.
    pub fn key(&mut self, digit: char, now: MediaTime) -> Vec<Action> {
        if self.keys.len() < MAX_KEYS {
            self.keys.push(digit);
        }
        self.active = self.active.max(now);
        if matches!(self.state, State::Closing { .. } | State::Ended) {
            return Vec::new();
        }
        if self.follow_ups.key(digit) && self.state == State::FollowUp {
            self.state = State::Listening;
            return vec![Action::StopTalking];
        }
        if !matches!(digit, '#' | '0') {
            return Vec::new();
        }
        if self.state == State::Notice {
            self.notice = MediaSpan::new(MediaTime::ZERO, now);
        }
        self.state = State::Closing { since: now, cause: EndCause::DtmfEnd };
        let words = if digit == '0' { Say::CloseWithCallBack } else { Say::Close };
        vec![Action::StopTalking, Action::Say(words)]
    }

    /// The gateway is ending and can wait no longer: whoever is on the line is thanked and told goodbye. Nothing
    /// changes in a call that is ending already.
    pub fn leave(&mut self, now: MediaTime) -> Vec<Action> {
        if matches!(self.state, State::Closing { .. } | State::Ended) {
            return Vec::new();
        }
        if self.state == State::Notice {
            self.notice = MediaSpan::new(MediaTime::ZERO, now);
        }
        vec![Action::StopTalking, self.close(now, EndCause::Shutdown)]
    }

    /// When the notice was said; its end is `now` while it still is.
    pub fn notice(&self, now: MediaTime) -> MediaSpan {
        if self.state == State::Notice { MediaSpan::new(MediaTime::ZERO, now) } else { self.notice }
    }

    /// Numbers that were read back, in order.
    pub fn read_backs(&self) -> &[ReadBack] {
        self.follow_ups.read_backs()
    }

    /// Keys in the order they were pressed.
    pub fn keys(&self) -> &str {
        &self.keys
    }

    fn close(&mut self, now: MediaTime, cause: EndCause) -> Action {
        self.state = State::Closing { since: now, cause };
        Action::Say(Say::Close)
    }

    fn end(&mut self, cause: EndCause) -> Action {
        self.state = State::Ended;
        Action::End(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> Conversation {
        let (mut conversation, first) = Conversation::start(CallRules::default());
        assert_eq!(first, Action::Say(Say::Notice));
        assert_eq!(conversation.said(MediaTime(7_000)), None);
        assert_eq!(conversation.notice(MediaTime(9_000)), MediaSpan::new(MediaTime(0), MediaTime(7_000)));
        conversation
    }

    /// Steps 20 ms at a time until something happens or `until`.
    fn run(c: &mut Conversation, from: u64, until: u64, speaking: bool) -> Option<(u64, Action)> {
        (from..=until).step_by(20).find_map(|t| c.audio(MediaTime(t), speaking, false).map(|action| (t, action)))
    }

    #[test]
    fn a_silent_caller_is_asked_then_thanked_then_the_call_ends() {
        let mut c = listening();
        assert_eq!(run(&mut c, 7_000, 60_000, false), Some((19_000, Action::Say(Say::AnythingElse))));
        assert_eq!(run(&mut c, 19_020, 20_500, false), None);
        assert_eq!(c.said(MediaTime(20_500)), None);
        assert_eq!(run(&mut c, 20_500, 60_000, false), Some((28_500, Action::Say(Say::Close))));
        assert_eq!(c.said(MediaTime(34_000)), Some(Action::End(EndCause::SystemEnd)));
        assert_eq!(run(&mut c, 34_000, 60_000, false), None);
    }

    #[test]
    fn a_caller_who_goes_on_speaking_after_the_question_is_heard_out() {
        let mut c = listening();
        run(&mut c, 7_000, 19_000, false);
        c.said(MediaTime(20_000));
        assert_eq!(run(&mut c, 20_000, 40_000, true), None);
        assert_eq!(run(&mut c, 40_020, 60_000, false), Some((52_000, Action::Say(Say::AnythingElse))));
    }

    #[test]
    fn hash_ends_and_zero_asks_to_be_called_back_even_over_the_notice() {
        for (key, words) in [('#', Say::Close), ('0', Say::CloseWithCallBack)] {
            let (mut c, _) = Conversation::start(CallRules::default());
            assert_eq!(c.key(key, MediaTime(900)), [Action::StopTalking, Action::Say(words)]);
            assert_eq!(c.notice(MediaTime(5_000)).end, MediaTime(900));
            assert!(c.key('#', MediaTime(950)).is_empty(), "a second key changes nothing");
            assert_eq!(c.said(MediaTime(6_000)), Some(Action::End(EndCause::DtmfEnd)));
            assert_eq!(c.keys(), format!("{key}#"));
        }
    }

    #[test]
    fn when_the_gateway_ends_the_caller_is_told_goodbye_and_a_call_that_is_ending_keeps_its_cause() {
        let (mut over_notice, _) = Conversation::start(CallRules::default());
        for (c, cut) in [(&mut over_notice, 2_000), (&mut listening(), 7_000)] {
            assert_eq!(c.leave(MediaTime(2_000)), [Action::StopTalking, Action::Say(Say::Close)]);
            assert_eq!(c.notice(MediaTime(9_000)).end, MediaTime(cut));
            assert!(c.leave(MediaTime(2_020)).is_empty(), "asked twice, said once");
            assert_eq!(c.said(MediaTime(9_000)), Some(Action::End(EndCause::Shutdown)));
            assert!(c.leave(MediaTime(9_020)).is_empty());
        }
        let mut ending = listening();
        ending.key('#', MediaTime(8_000));
        assert!(ending.leave(MediaTime(8_100)).is_empty());
        assert_eq!(ending.said(MediaTime(12_000)), Some(Action::End(EndCause::DtmfEnd)));
    }

    /// Speaks for two seconds and stops; what is said next, if it comes before `until`.
    fn stopped(c: &mut Conversation, from: u64, until: u64, heard: &Understood) -> Option<(u64, Action)> {
        assert_eq!(run(c, from, from + 2_000, true), None);
        (from + 2_020..=until).step_by(20).find_map(|t| {
            let t = MediaTime(t);
            c.audio(t, false, false).or_else(|| c.follow_up(t, heard)).map(|action| (t.0, action))
        })
    }

    fn without_place() -> Understood {
        Understood { matter: true, ..Understood::default() }
    }

    #[test]
    fn a_caller_who_stops_is_asked_for_what_is_missing_and_then_as_ever() {
        let mut c = listening();
        assert_eq!(stopped(&mut c, 7_000, 60_000, &without_place()), Some((13_000, Action::Say(Say::AskPlace))));
        assert_eq!(run(&mut c, 13_020, 60_000, false), None, "while it is being said");
        c.said(MediaTime(15_000));
        let asked = (15_000..60_000).step_by(20).find_map(|t| {
            let t = MediaTime(t);
            c.audio(t, false, false).or_else(|| c.follow_up(t, &without_place())).map(|action| (t.0, action))
        });
        assert_eq!(asked, Some((27_000, Action::Say(Say::AnythingElse))), "nobody is pressed for an answer");
    }

    #[test]
    fn nothing_is_asked_with_the_switch_off_in_an_emergency_or_over_the_caller() {
        let off = CallRules { follow_up: false, ..CallRules::default() };
        let (mut c, _) = Conversation::start(off);
        c.said(MediaTime(7_000));
        assert_eq!(stopped(&mut c, 7_000, 20_980, &without_place()), None);

        let mut c = listening();
        let danger = Understood { emergency: true, ..without_place() };
        assert_eq!(stopped(&mut c, 7_000, 20_980, &danger), None);
        c.raise_emergency(false);
        assert_eq!(c.follow_up(MediaTime(20_980), &without_place()), None, "an emergency stays one");

        let mut c = listening();
        for t in (7_000..30_000).step_by(20).map(MediaTime) {
            assert_eq!(c.audio(t, t.0 < 19_000, t.0 >= 19_000), None);
            assert_eq!(c.follow_up(t, &without_place()), None, "speaking, then on hold");
        }
        let (mut c, _) = Conversation::start(CallRules::default());
        assert_eq!(stopped(&mut c, 0, 30_000, &without_place()), None, "over the notice");
    }

    #[test]
    fn a_caller_who_said_nothing_is_asked_nothing_but_anything_else() {
        let mut c = listening();
        for t in (7_000..19_000).step_by(20).map(MediaTime) {
            assert_eq!(c.audio(t, false, false), None);
            assert_eq!(c.follow_up(t, &Understood::default()), None);
        }
        assert_eq!(c.audio(MediaTime(19_000), false, false), Some(Action::Say(Say::AnythingElse)));
    }

    #[test]
    fn a_key_over_the_number_that_is_read_answers_it_and_ends_the_reading() {
        let known = Understood { place: true, number: Some("5550134".into()), ..without_place() };
        let mut c = listening();
        assert_eq!(
            stopped(&mut c, 7_000, 60_000, &known),
            Some((13_000, Action::Say(Say::ReadBack("5550134".into()))))
        );
        assert_eq!(c.key('1', MediaTime(14_000)), [Action::StopTalking]);
        let read = ReadBack { number: "5550134".into(), at: MediaTime(13_000), key: Some(crate::call::Answer::Yes) };
        assert_eq!((c.read_backs(), c.keys()), (&[read][..], "1"));
        assert!(c.key('1', MediaTime(15_000)).is_empty());
        assert_eq!(run(&mut c, 15_020, 60_000, false), Some((27_000, Action::Say(Say::AnythingElse))));
    }

    #[test]
    fn a_long_call_is_warned_and_closed_with_words() {
        let mut c = listening();
        assert_eq!(run(&mut c, 7_000, 1_700_000, true), Some((1_680_000, Action::Say(Say::Warning))));
        assert_eq!(run(&mut c, 1_680_020, 1_900_000, true), Some((1_800_000, Action::Say(Say::Close))));
        assert_eq!(c.said(MediaTime(1_805_000)), Some(Action::End(EndCause::MaxDuration)));
    }

    #[test]
    fn a_caller_in_danger_is_told_what_to_dial_once_and_never_over_their_own_words() {
        let mut c = listening();
        assert!(!c.emergency());
        assert_eq!(run(&mut c, 7_000, 8_000, true), None);
        c.raise_emergency(true);
        assert!(c.emergency());
        assert_eq!(run(&mut c, 8_000, 12_000, true), None, "they still speak");
        assert_eq!(c.audio(MediaTime(12_000), false, true), None, "they do not hear us");
        assert_eq!(c.audio(MediaTime(12_020), false, false), Some(Action::Say(Say::Emergency)));
        c.raise_emergency(true);
        assert_eq!(run(&mut c, 12_040, 15_000, false), None, "said once");
        c.said(MediaTime(15_000));
        assert_eq!(run(&mut c, 15_000, 60_000, false), Some((27_000, Action::Say(Say::AnythingElse))));
    }

    #[test]
    fn danger_heard_over_the_notice_or_over_a_question_waits_until_that_was_said() {
        let (mut c, _) = Conversation::start(CallRules::default());
        c.raise_emergency(true);
        assert_eq!(run(&mut c, 0, 7_000, false), None);
        c.said(MediaTime(7_000));
        assert_eq!(c.audio(MediaTime(7_020), false, false), Some(Action::Say(Say::Emergency)));

        let mut asked = listening();
        run(&mut asked, 7_000, 19_000, false);
        asked.raise_emergency(true);
        assert_eq!(run(&mut asked, 19_020, 20_000, false), None);
        asked.said(MediaTime(20_000));
        assert_eq!(asked.audio(MediaTime(20_020), false, false), Some(Action::Say(Say::Emergency)));
    }

    #[test]
    fn without_the_notice_an_emergency_is_known_and_nothing_is_said() {
        let mut c = listening();
        c.raise_emergency(false);
        assert!(c.emergency());
        assert_eq!(run(&mut c, 7_000, 18_000, false), None);
        c.key('#', MediaTime(18_000));
        c.raise_emergency(true);
        assert_eq!(run(&mut c, 18_020, 20_000, false), None, "they are being told goodbye");
    }

    #[test]
    fn nobody_is_asked_while_on_hold_and_a_close_nobody_hears_still_ends() {
        let mut c = listening();
        assert!((7_000..120_000).step_by(20).all(|t| c.audio(MediaTime(t), false, true).is_none()));
        c.key('#', MediaTime(120_000));
        let ended = (120_020..200_000).step_by(20).find_map(|t| c.audio(MediaTime(t), false, true));
        assert_eq!(ended, Some(Action::End(EndCause::DtmfEnd)));
    }
}
