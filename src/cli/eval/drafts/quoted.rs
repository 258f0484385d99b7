//! The words that a draft quotes for a field, held against the gold value: right evidence says what is right. Pure.

use serde_json::Value;

use super::claims::quotes;
use super::fields::digits;
use super::gold::Gold;
use super::scores::{Check, Got};
use crate::draft::dictated_digits;
use crate::draft::said::{Said, name_letters};

pub(super) fn checks(gold: &Gold, draft: &Value) -> Vec<Check> {
    let mut phones = draft.pointer("/caller/phones").and_then(Value::as_array).into_iter().flatten();
    let preferred = phones.find(|phone| phone["preferred"] == true);
    let mut out = Vec::new();
    let mut hold =
        |pointer: &str, field: Option<&Value>, known: Option<&str>, says: &dyn Fn(&[String], &str) -> bool| {
            let Some(known) = known else { return };
            let quotes = field.and_then(|field| quotes(draft, field)).filter(|quotes| !quotes.is_empty());
            let told = quotes.as_ref().is_some_and(|quotes| says(quotes, known));
            let got = quotes.map_or(Got::Missing, |quotes| Got::Value(quotes.join(" … ")));
            out.push(got.check("evidence_gold", pointer, known, |_| told));
        };
    let dictates = |quotes: &[String], known: &str| dictated_digits(&quotes.join(", ")).contains(&digits(known));
    hold("/caller/phones", preferred, gold.phone.as_deref(), &dictates);
    let (case, known) = ("/quoted_reference", gold.more.reference.as_ref().and_then(Option::as_deref));
    hold(case, draft.pointer(case), known, &dictates);
    hold("/caller/name", draft.pointer("/caller/name"), gold.name.as_deref(), &|quotes, known| {
        name_letters(&quotes.join(" ")).contains(&name_letters(known))
    });
    let address = "/issues/0/location/address_text";
    hold(address, draft.pointer(address), gold.address.as_deref(), &|quotes, known| {
        let (said, known) = (Said::of(&quotes.join(". ")), Said::of(known));
        known.numbers.iter().all(|number| said.holds_number(number))
    });
    let time = "/issues/0/occurred_at/text";
    hold(time, draft.pointer(time), gold.occurred_at.as_deref(), &|quotes, known| {
        Said::of(&quotes.join(". ")).holds(&Said::of(known))
    });
    out
}
