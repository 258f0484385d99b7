//! Calls that a person says belong together, or not.

use serde::{Deserialize, Serialize};

use super::Work;
use crate::draft::schema::{Related, Relation, TicketDraft};

/// What a person says of another call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    reference: String,
    linked: bool,
}

/// Links that are kept of one draft.
const MOST: usize = 64;

impl Work {
    /// `None`: as the machine said. `false`: there is no room for it.
    #[must_use]
    pub fn link(&mut self, call: &str, reference: &str, linked: Option<bool>) -> bool {
        match linked {
            Some(_) if self.links.len() >= MOST && !self.links.contains_key(call) => return false,
            Some(linked) => {
                self.links.insert(call.to_owned(), Link { reference: reference.to_owned(), linked });
            }
            None => {
                self.links.remove(call);
            }
        }
        true
    }

    pub(super) fn lay_links(&self, draft: &mut TicketDraft) {
        for (call, link) in &self.links {
            match draft.related.iter_mut().find(|known| known.call_id == *call) {
                Some(known) => known.confirmed = Some(link.linked),
                None if link.linked => draft.related.push(Related {
                    reference: link.reference.clone(),
                    call_id: call.clone(),
                    relation: Relation::Linked,
                    score: 1.0,
                    confirmed: Some(true),
                }),
                None => {}
            }
        }
    }
}
