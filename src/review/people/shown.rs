//! What the desk's answers look like to those who do not hold the call.

use super::mask::{HIDDEN, Names, number, words};
use crate::review::view::{CallDetail, CallSummary};

impl CallSummary {
    /// `names`: those of its draft.
    pub fn mask(&mut self, names: &Names) {
        self.number = self.number.as_deref().map(number);
        self.display_name = self.display_name.as_ref().map(|_| HIDDEN.to_owned());
        self.title = self.title.as_deref().map(|title| names.hide(title));
        if let Some(raised) = &mut self.raised {
            raised.quote = words(&raised.quote);
        }
    }
}

impl CallDetail {
    pub fn mask(&mut self) {
        let names = self.draft.as_ref().map(Names::of).unwrap_or_default();
        self.summary.mask(&names);
        let party = &mut self.party;
        for who in [&mut party.verified, &mut party.claimed, &mut party.asserted].into_iter().flatten() {
            *who = number(who);
        }
        self.dtmf = "•".repeat(self.dtmf.chars().count());
        for utterance in &mut self.transcript {
            utterance.text = names.hide(&utterance.text);
            // One by one they would show what is hidden as a whole.
            utterance.words.clear();
        }
        for quote in &mut self.tone.quotes {
            quote.text = names.hide(&quote.text);
        }
        if let Some(draft) = &mut self.draft {
            super::mask::draft(draft);
        }
    }
}
