//! What a person typed into a field, checked. The error says what would be right.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::table::Kind;
use crate::draft::extract::plan::{self, Reading};

/// Of a telephone number: an emergency number is the shortest, ITU-T E.164 sets the longest.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=15;
/// People or households.
const MOST_AFFECTED: u64 = 100_000_000;
/// Why a unit that a person chose is in charge.
const CHOSEN: &str = "desk";

/// The value as the draft has it.
pub fn value(kind: Kind, given: &Value, knows_category: impl Fn(&str) -> bool) -> Result<Value, String> {
    match kind {
        Kind::Line(most) => Ok(text(given, most, false)?.into()),
        Kind::Prose(most) => Ok(text(given, most, true)?.into()),
        Kind::Category => match given.as_str().filter(|code| knows_category(code)) {
            Some(code) => Ok(code.into()),
            None => Err("expected the code of a category; GET /api/categories lists them".into()),
        },
        Kind::Choice(choices) => match given.as_str().and_then(|name| choices.iter().find(|one| **one == name)) {
            Some(name) => Ok((*name).into()),
            None => Err(format!("expected one of {}", choices.join(", "))),
        },
        Kind::Choices(choices) => {
            let names: Option<Vec<&str>> = given.as_array().and_then(|all| all.iter().map(Value::as_str).collect());
            let wrong = || format!("expected a list of {}, each once", choices.join(", "));
            let names = names.ok_or_else(wrong)?;
            let once: BTreeSet<&str> = names.iter().copied().filter(|name| choices.contains(name)).collect();
            if !names.is_empty() && once.len() == names.len() { Ok(names.into()) } else { Err(wrong()) }
        }
        Kind::Count => match given.as_u64().filter(|count| (1..=MOST_AFFECTED).contains(count)) {
            Some(count) => Ok(count.into()),
            None => Err(format!("expected a whole number from 1 to {MOST_AFFECTED}")),
        },
        Kind::YesNo => given.as_bool().map(Value::Bool).ok_or_else(|| "expected true or false".into()),
        Kind::Unit => {
            let unit = given.get("unit").unwrap_or(given);
            Ok(json!({"unit": text(unit, 200, false)?, "basis": CHOSEN}))
        }
    }
}

/// Text without space around it and without control characters; of several lines only where those are meant.
pub fn text(given: &Value, most: usize, lines: bool) -> Result<String, String> {
    let text = given.as_str().ok_or("expected text")?.trim();
    if text.is_empty() {
        return Err("expected text; where the caller did not say it, send \"not_said\": true".into());
    }
    if text.chars().any(|c| c.is_control() && !(lines && c == '\n')) {
        return Err("control characters (line breaks, tabs) cannot stand here".into());
    }
    let count = text.chars().count();
    if count > most { Err(format!("{count} characters; at most {most}")) } else { Ok(text.to_owned()) }
}

/// A telephone number's digits, and its international form where exactly one plan of the line fits.
pub fn number(given: &Value, regions: &[String]) -> Result<(String, Option<String>), String> {
    let wrong = || "expected a telephone number: 3 to 15 digits, + before a country's code".to_owned();
    let typed = given.as_str().ok_or_else(wrong)?.trim();
    // An input method for Chinese may type the wide forms.
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
        '＋' => '+',
        '－' => '-',
        other => other,
    };
    let typed: String = typed.chars().map(narrow).collect();
    let (plus, rest) = typed.strip_prefix('+').map_or((false, typed.as_str()), |rest| (true, rest));
    if !rest.chars().all(|c| c.is_ascii_digit() || " -().".contains(c)) {
        return Err(wrong());
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    if !DIGITS.contains(&digits.len()) || plus && digits.starts_with('0') {
        return Err(wrong());
    }
    let e164 = match plan::read(&digits, regions, None, plus) {
        Reading::Full { e164 } => Some(e164),
        // Whoever writes a country's code means it, known plan or not.
        _ if plus && digits.len() >= 7 => Some(format!("+{digits}")),
        _ => None,
    };
    Ok((digits, e164))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(kind: Kind, given: Value) -> Result<Value, String> {
        value(kind, &given, |code| code == "road.tree")
    }

    #[test]
    fn text_is_trimmed_bounded_and_without_control_characters() {
        assert_eq!(typed(Kind::Line(5), json!("  楼梯灯 ")), Ok(json!("楼梯灯")));
        assert_eq!(typed(Kind::Prose(9), json!("a\nb")), Ok(json!("a\nb")));
        for (kind, given, says) in [
            (Kind::Line(5), json!("楼梯灯坏了吗"), "6 characters; at most 5"),
            (Kind::Line(5), json!("a\nb"), "control characters"),
            (Kind::Prose(5), json!("a\u{1b}b"), "control characters"),
            (Kind::Line(5), json!("  "), "not_said"),
            (Kind::Line(5), json!(null), "expected text"),
            (Kind::Line(5), json!(["a"]), "expected text"),
        ] {
            let error = typed(kind, given.clone()).unwrap_err();
            assert!(error.contains(says), "{given}: {error}");
        }
    }

    #[test]
    fn what_is_chosen_is_one_of_what_there_is() {
        assert_eq!(typed(Kind::Category, json!("road.tree")), Ok(json!("road.tree")));
        assert!(typed(Kind::Category, json!("road.cheese")).unwrap_err().contains("/api/categories"));
        assert_eq!(typed(Kind::Choice(&["a", "b"]), json!("b")), Ok(json!("b")));
        assert_eq!(typed(Kind::Choice(&["a", "b"]), json!("c")), Err("expected one of a, b".into()));
        assert_eq!(typed(Kind::Choices(&["a", "b"]), json!(["b", "a"])), Ok(json!(["b", "a"])));
        for wrong in [json!([]), json!(["a", "a"]), json!(["c"]), json!("a"), json!([1])] {
            assert!(typed(Kind::Choices(&["a", "b"]), wrong.clone()).is_err(), "{wrong}");
        }
        for wrong in [json!(0), json!(-1), json!(1.5), json!("3"), json!(u64::MAX)] {
            assert!(typed(Kind::Count, wrong.clone()).is_err(), "{wrong}");
        }
        assert_eq!(typed(Kind::YesNo, json!("yes")), Err("expected true or false".into()));
        let unit = json!({"unit": "Roads", "basis": "desk"});
        assert_eq!(typed(Kind::Unit, json!("Roads")), Ok(unit.clone()));
        assert_eq!(typed(Kind::Unit, json!({"unit": " Roads ", "basis": "x"})), Ok(unit));
    }

    #[test]
    fn a_number_is_digits_however_they_are_grouped() {
        let regions = ["US".to_owned(), "HK".to_owned()];
        let read = |text: &str| number(&json!(text), &regions);
        let us = ("2125550134".to_owned(), Some("+12125550134".to_owned()));
        assert_eq!(read("(212) 555-0134"), Ok(us.clone()));
        assert_eq!(read("２１２５５５０１３４"), Ok(us));
        assert_eq!(read("+44 20 7946 0018"), Ok(("442079460018".into(), Some("+442079460018".into()))));
        assert_eq!(read("1004"), Ok(("1004".into(), None)), "an extension");
        for wrong in ["", "12", "555-HOME", "+0212555", "1234567890123456", "212;555", "2125550134\u{0}"] {
            assert!(read(wrong).unwrap_err().contains("3 to 15 digits"), "{wrong:?}");
        }
    }
}
