//! What a ticket still lacks, and which question asks the caller for it. Pure.
//!
//! The place, then the number, each once; at most two questions a call. A number that was said is read back.

use super::conversation::Say;
use crate::call::{Answer, MediaTime, ReadBack};
use crate::draft::schema::{Anonymity, BelongsTo, Consent, Disposition, Phone, PhoneOrigin, TicketDraft};

const MAX_QUESTIONS: u32 = 2;
const MAX_READ_BACKS: usize = 2;
/// Fewer digits are an extension, which cannot be called from outside.
const SHORTEST_NUMBER: usize = 7;

/// What the live draft knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Understood {
    /// Segments of speech it was made of.
    pub segments: u32,
    /// There is a matter: neither nothing nor a wrong number.
    pub matter: bool,
    pub emergency: bool,
    pub place: bool,
    /// The caller's number, as spoken.
    pub number: Option<String>,
    /// There is no number to call back on, and the caller does not mind being asked.
    pub number_wanted: bool,
}

impl Understood {
    /// `answers`: what was said to each of `read_backs`.
    pub fn of(draft: &TicketDraft, segments: u32, read_backs: &[ReadBack], answers: &[Option<Answer>]) -> Self {
        let denied = |number: &str| {
            let last = read_backs.iter().zip(answers).rev().find(|(read_back, _)| read_back.number == number);
            last.is_some_and(|(_, answer)| *answer == Some(Answer::No))
        };
        let phones = &draft.caller.phones;
        let spoken = phones.iter().rfind(|phone| is_callers(phone) && phone.origin == PhoneOrigin::Spoken);
        let signalled = phones.iter().any(|phone| is_usable(phone) && phone.origin != PhoneOrigin::Spoken);
        let wrong = spoken.is_some_and(|phone| denied(&phone.number));
        let said = &draft.caller;
        let private =
            said.anonymity.value == Some(Anonymity::Anonymous) || said.follow_up_consent.value == Some(Consent::No);
        let no_matter = matches!(draft.disposition_suggestion, Disposition::WrongNumber | Disposition::Discard);
        Self {
            segments,
            matter: !draft.transcript.segments.is_empty() && !no_matter,
            emergency: draft.emergency.flag.value == Some(true),
            place: draft.issues.iter().any(|issue| issue.location.address_text.value.is_some()),
            number: spoken.filter(|_| !private && !wrong).map(|phone| phone.number.clone()),
            number_wanted: !private && (wrong || spoken.is_none() && !signalled),
        }
    }
}

fn is_usable(phone: &Phone) -> bool {
    phone.belongs_to != BelongsTo::OtherParty && phone.number.len() >= SHORTEST_NUMBER
}

fn is_callers(phone: &Phone) -> bool {
    is_usable(phone) && phone.belongs_to == BelongsTo::Caller
}

/// What was asked of one caller.
#[derive(Debug, Default)]
pub struct FollowUps {
    place_asked: bool,
    /// Read-backs there had been, each time the number was asked for.
    number_asked: Vec<usize>,
    read_backs: Vec<ReadBack>,
    /// The caller did something since the last question; who does not answer is not asked on.
    due: bool,
    /// A number was read and not answered by a key yet.
    awaits_key: bool,
}

impl FollowUps {
    pub fn caller_spoke(&mut self) {
        self.due = true;
    }

    /// The next question, if there is one to ask now.
    pub fn next(&mut self, now: MediaTime, heard: &Understood) -> Option<Say> {
        if !self.due || !heard.matter {
            return None;
        }
        let say = self.choose(now, heard)?;
        self.due = false;
        self.awaits_key = matches!(say, Say::ReadBack(_));
        Some(say)
    }

    fn choose(&mut self, now: MediaTime, heard: &Understood) -> Option<Say> {
        let room =
            u32::from(self.place_asked) + u32::try_from(self.number_asked.len()).unwrap_or(u32::MAX) < MAX_QUESTIONS;
        if room && !heard.place && !self.place_asked {
            self.place_asked = true;
            return Some(Say::AskPlace);
        }
        if let Some(number) = heard.number.as_ref().filter(|number| self.may_read(number)) {
            self.read_backs.push(ReadBack { number: number.clone(), at: now, key: None });
            return Some(Say::ReadBack(number.clone()));
        }
        // Once more only where the caller said no to what was read since.
        let read = self.read_backs.len();
        if room && heard.number_wanted && self.number_asked.last().is_none_or(|asked| *asked < read) {
            self.number_asked.push(read);
            return Some(Say::AskNumber);
        }
        None
    }

    fn may_read(&self, number: &str) -> bool {
        self.read_backs.len() < MAX_READ_BACKS && self.read_backs.iter().all(|one| one.number != number)
    }

    /// Whether the key answers a number that was read.
    pub fn key(&mut self, digit: char) -> bool {
        let answer = match digit {
            '1' => Answer::Yes,
            '2' => Answer::No,
            _ => return false,
        };
        let Some(read_back) = self.read_backs.last_mut().filter(|_| self.awaits_key) else { return false };
        read_back.key = Some(answer);
        self.awaits_key = false;
        self.due = true;
        true
    }

    /// In the order in which they were read.
    pub fn read_backs(&self) -> &[ReadBack] {
        &self.read_backs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Coverage, Identity, Party};
    use crate::draft::testing::{call, facts};
    use crate::draft::{CallFacts, Drafter, answers};

    const NUMBER: &str = "2125550134";

    fn heard(place: bool, number: Option<&str>) -> Understood {
        Understood {
            matter: true,
            place,
            number: number.map(str::to_owned),
            number_wanted: number.is_none(),
            ..Understood::default()
        }
    }

    /// The caller speaks, then is asked.
    fn ask(follow_ups: &mut FollowUps, heard: &Understood) -> Option<Say> {
        follow_ups.caller_spoke();
        follow_ups.next(MediaTime(1_000), heard)
    }

    /// What the draft of these words knows. `read`: a number that was read before the last of them.
    fn understood(texts: &[&str], signalled: Option<&str>, read: Option<&str>) -> Understood {
        let utterances = call(texts);
        let at = utterances.last().unwrap().span.start;
        let read_backs: Vec<_> =
            read.iter().map(|number| ReadBack { number: (*number).to_owned(), at, key: None }).collect();
        let number = signalled.map(str::to_owned);
        let claimed = Identity { uri: String::new(), number, display_name: None, subject: None };
        let party = Party { claimed: Some(claimed), ..Party::default() };
        let facts = CallFacts { party, read_backs: read_backs.clone(), ..facts() };
        let draft = Drafter::new().unwrap().draft(&facts, &utterances, Coverage::default());
        Understood::of(&draft, 1, &read_backs, &answers(&read_backs, &utterances))
    }

    #[test]
    fn a_draft_tells_what_is_missing() {
        let light = "The street light is broken.";
        let bare = understood(&[light], Some("hotline"), None);
        assert!(bare.matter && !bare.place && bare.number_wanted && bare.number.is_none() && !bare.emergency);
        assert!(understood(&[light], Some("1001"), None).number_wanted, "an extension cannot be called");
        assert!(!understood(&[light], Some("+12025550100"), None).number_wanted);
        let full = understood(&["The light at 12 Main Street is broken.", "My number is 212-555-0134."], None, None);
        assert!(full.place && full.number.as_deref() == Some(NUMBER) && !full.number_wanted);
        assert!(understood(&["I can smell gas in the basement."], None, None).emergency);
        assert!(!understood(&["Sorry, wrong number."], None, None).matter);
    }

    #[test]
    fn a_number_that_was_denied_is_wanted_again_even_beside_a_signalled_one() {
        let said = ["The street light is broken.", "My number is 212-555-0134."];
        let no = understood(&[said[0], said[1], "No, that's wrong."], Some("+12025550100"), Some(NUMBER));
        assert!(no.number_wanted && no.number.is_none(), "{no:?}");
        let yes = understood(&[said[0], said[1], "Yes."], Some("+12025550100"), Some(NUMBER));
        assert!(!yes.number_wanted, "{yes:?}");
        let other = understood(&[said[0], said[1], "No, it's 212-555-0135."], None, Some(NUMBER));
        assert_eq!(other.number.as_deref(), Some("2125550135"), "{other:?}");
    }

    #[test]
    fn who_wants_no_name_known_or_no_call_back_is_not_asked_for_a_number() {
        let utterances = call(&["The street light is broken."]);
        let mut draft = Drafter::new().unwrap().draft(&facts(), &utterances, Coverage::default());
        assert!(Understood::of(&draft, 1, &[], &[]).number_wanted);
        draft.caller.anonymity.value = Some(Anonymity::ConfidentialToHandler);
        assert!(Understood::of(&draft, 1, &[], &[]).number_wanted);
        draft.caller.anonymity.value = Some(Anonymity::Anonymous);
        assert!(!Understood::of(&draft, 1, &[], &[]).number_wanted);
        draft.caller.anonymity.value = None;
        draft.caller.follow_up_consent.value = Some(Consent::No);
        assert!(!Understood::of(&draft, 1, &[], &[]).number_wanted);
    }

    #[test]
    fn the_place_is_asked_for_first_then_the_number_each_once() {
        let mut f = FollowUps::default();
        assert_eq!(ask(&mut f, &heard(false, None)), Some(Say::AskPlace));
        assert_eq!(ask(&mut f, &heard(false, None)), Some(Say::AskNumber));
        assert_eq!(ask(&mut f, &heard(false, None)), None);
    }

    #[test]
    fn what_is_known_is_not_asked_for() {
        let mut f = FollowUps::default();
        assert_eq!(ask(&mut f, &heard(true, None)), Some(Say::AskNumber));
        let mut f = FollowUps::default();
        let signalled = Understood { number_wanted: false, ..heard(true, None) };
        assert_eq!(ask(&mut f, &signalled), None);
        let nothing = Understood { matter: false, ..heard(false, None) };
        assert_eq!(ask(&mut f, &nothing), None, "a wrong number, or nothing said");
    }

    #[test]
    fn who_does_not_answer_is_not_asked_on() {
        let mut f = FollowUps::default();
        assert_eq!(f.next(MediaTime(1_000), &heard(false, None)), None, "nothing was said");
        assert_eq!(ask(&mut f, &heard(false, None)), Some(Say::AskPlace));
        assert_eq!(f.next(MediaTime(9_000), &heard(false, None)), None);
    }

    #[test]
    fn a_number_is_read_back_once_and_a_corrected_one_again() {
        let mut f = FollowUps::default();
        assert_eq!(ask(&mut f, &heard(true, Some(NUMBER))), Some(Say::ReadBack(NUMBER.into())));
        assert_eq!(ask(&mut f, &heard(true, Some(NUMBER))), None);
        assert_eq!(ask(&mut f, &heard(true, Some("2125550135"))), Some(Say::ReadBack("2125550135".into())));
        assert_eq!(ask(&mut f, &heard(true, Some("2125550136"))), None, "enough");
        let read: Vec<_> = f.read_backs().iter().map(|one| (one.number.as_str(), one.at, one.key)).collect();
        assert_eq!(read, [(NUMBER, MediaTime(1_000), None), ("2125550135", MediaTime(1_000), None)]);
    }

    #[test]
    fn keys_one_and_two_answer_a_number_that_was_read_and_nothing_else() {
        for (key, answer) in [('1', Answer::Yes), ('2', Answer::No)] {
            let mut f = FollowUps::default();
            assert!(!f.key(key), "nothing was read");
            ask(&mut f, &heard(true, Some(NUMBER)));
            assert!(!f.key('3') && f.key(key));
            assert_eq!(f.read_backs()[0].key, Some(answer));
            assert!(!f.key('1'), "answered already");
            assert_eq!(f.read_backs()[0].key, Some(answer));
        }
    }

    #[test]
    fn after_a_no_the_number_is_asked_for_once_more_within_the_two_questions() {
        let wrong = heard(true, None);
        let mut f = FollowUps::default();
        assert_eq!(ask(&mut f, &heard(true, None)), Some(Say::AskNumber));
        assert_eq!(ask(&mut f, &heard(true, Some(NUMBER))), Some(Say::ReadBack(NUMBER.into())));
        assert!(f.key('2'));
        assert_eq!(f.next(MediaTime(9_000), &wrong), Some(Say::AskNumber), "a key is an answer");
        assert_eq!(ask(&mut f, &wrong), None);

        let mut f = FollowUps::default();
        ask(&mut f, &heard(false, None));
        ask(&mut f, &heard(true, None));
        ask(&mut f, &heard(true, Some(NUMBER)));
        assert_eq!(ask(&mut f, &wrong), None, "two questions were asked");
    }
}
