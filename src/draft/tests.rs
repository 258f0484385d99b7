//! What the draft stage promises, shown on whole calls.

mod any_address;
mod anything;
mod demo_calls;
mod dictation;
mod emergencies;
mod floods;
mod going_on;
mod matters;
mod quoted_numbers;
mod read_backs;
mod spoken_numbers;
mod web_callers;
mod whole_calls;

use super::Drafter;
use super::schema::{Phone, TicketDraft};
use super::testing::{call, facts};
use crate::call::{Coverage, Utterance};

fn drafter() -> Drafter {
    Drafter::new().unwrap()
}

fn draft_of(utterances: &[Utterance]) -> TicketDraft {
    drafter().draft(&facts(), utterances, Coverage::default())
}

fn draft_texts(texts: &[&str]) -> TicketDraft {
    draft_of(&call(texts))
}

fn preferred(draft: &TicketDraft) -> Option<&Phone> {
    draft.caller.phones.iter().find(|phone| phone.preferred)
}
