//! The ticket that a call should become.

use super::keys::Keys;
use crate::draft::schema::{Disposition, Urgency};

/// `None`: nothing to be known of it.
#[derive(Debug)]
pub(super) struct Gold {
    pub request_type: String,
    pub category: String,
    /// Categories as good as `category`.
    pub accepted: Vec<String>,
    pub urgency: Urgency,
    pub emergency: bool,
    pub name: Option<String>,
    /// Digits.
    pub phone: Option<String>,
    pub address: Option<String>,
    pub district: Option<String>,
    pub occurred_at: Option<String>,
    pub disposition: Disposition,
    pub issues: Vec<Matter>,
    pub more: More,
}

#[derive(Debug)]
pub(super) struct Matter {
    pub category: String,
    /// `None`: not judged.
    pub request_type: Option<String>,
}

/// What a ticket may leave out; `None`: not judged, and not scored.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Numbers said in the call that are not the one to call back on, by their digits.
    pub other_phones: Option<Vec<String>>,
    /// The caller's name is wanted by nobody, or to be kept from others.
    pub anonymous: Option<bool>,
    pub desired_outcome: Option<Told>,
    /// Language to be interpreted from.
    pub interpreter: Option<Told>,
    /// Case number of an earlier matter.
    pub reference: Option<Told>,
}

/// What is said of one thing; `None`: nothing.
pub(super) type Told = Option<String>;

const REQUEST_TYPES: [&str; 7] = ["complaint", "help", "enquiry", "suggestion", "report", "praise", "none"];

/// `known` tells whether a category exists. The error names the key and what would be right.
pub(super) fn read(keys: &Keys<'_>, known: &dyn Fn(&str) -> bool) -> Result<Gold, String> {
    let text = |key: &str| keys.read::<Told>(key, TOLD);
    let category = |keys: &Keys<'_>| -> Result<String, String> {
        let code: String = keys.read("category", "a category's code, as text")?;
        existing(keys, "category", code, known)
    };
    let matter = |keys: &Keys<'_>| -> Result<Matter, String> {
        let judged = keys.object.contains_key("request_type");
        let request_type = judged.then(|| keys.one_of("request_type", &REQUEST_TYPES)).transpose()?;
        Ok(Matter { category: category(keys)?, request_type })
    };
    let accepted: Option<Vec<String>> = keys.optional("accept_categories", "a list of category codes")?;
    let accepted = accepted.unwrap_or_default().into_iter();
    Ok(Gold {
        request_type: keys.one_of("request_type", &REQUEST_TYPES)?,
        category: category(keys)?,
        accepted: accepted.map(|code| existing(keys, "accept_categories", code, known)).collect::<Result<_, _>>()?,
        urgency: keys.read("urgency", "one of low, normal, high, urgent, emergency")?,
        emergency: keys.read("emergency", "true or false")?,
        name: text("caller_name")?,
        phone: text("phone")?,
        address: text("address")?,
        district: text("district")?,
        occurred_at: text("occurred_at_text")?,
        disposition: keys
            .read("disposition", "one of draft_ticket, answer_only, redirect, callback, wrong_number, discard")?,
        issues: keys.objects("issues")?.iter().map(matter).collect::<Result<_, _>>()?,
        more: more(keys)?,
    })
}

const TOLD: &str = "text, or null when the call does not tell";

fn more(keys: &Keys<'_>) -> Result<More, String> {
    let told = |key: &str| keys.object.contains_key(key).then(|| keys.read::<Told>(key, TOLD)).transpose();
    Ok(More {
        other_phones: keys.optional("other_phones", "a list of numbers, as text")?,
        anonymous: keys.optional("anonymous", "true or false")?,
        desired_outcome: told("desired_outcome")?,
        interpreter: told("needs_interpreter")?,
        reference: told("related_ref")?,
    })
}

fn existing(keys: &Keys<'_>, key: &str, code: String, known: &dyn Fn(&str) -> bool) -> Result<String, String> {
    if known(&code) {
        return Ok(code);
    }
    let such = "\"utility.heating\" is one, src/draft/data/taxonomy.json has them all";
    Err(format!("{}{key}: {code:?} is no category of the taxonomy; {such}", keys.path))
}
