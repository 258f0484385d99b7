//! What was understood of the own call: a few values of the draft, nothing of how they were found.

use std::collections::HashMap;

use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use crate::draft::Names;
use crate::draft::schema::TicketDraft;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in crate::review) struct Fields {
    pub category: Option<Category>,
    pub place: Option<String>,
    pub name: Option<String>,
    /// The number to call back on, as it was said or signalled.
    pub number: Option<String>,
    pub summary: Option<String>,
    pub emergency: bool,
    /// Some of it could not be understood; a person will listen.
    pub needs_listening: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(in crate::review) struct Category {
    pub code: String,
    pub name: Names,
}

impl Fields {
    /// A draft of another shape says nothing.
    pub fn of(draft: &Value, categories: &HashMap<String, Names>) -> Self {
        let Ok(draft) = TicketDraft::deserialize(draft) else { return Self::default() };
        let issue = draft.issues.into_iter().next();
        let (code, place) =
            issue.map_or((None, None), |issue| (issue.category.value, issue.location.address_text.value));
        Self {
            category: code.and_then(|code| Some(Category { name: categories.get(&code)?.clone(), code })),
            place,
            name: draft.caller.name.value,
            number: draft.caller.phones.into_iter().find(|phone| phone.preferred).map(|phone| phone.number),
            summary: draft.summary.text.value,
            emergency: draft.emergency.flag.value == Some(true),
            needs_listening: draft.needs_listening,
        }
    }
}
