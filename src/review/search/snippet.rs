//! The words around what was found. Pure.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::terms::{folded, needles};

/// Characters shown before what was found, and in all.
const BEFORE: usize = 24;
const SHOWN: usize = 90;

/// A piece of the words around what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::review) struct Piece {
    pub text: String,
    /// It is what was looked for.
    pub hit: bool,
}

/// Of these texts the one in which most of the query stands, cut around it; the first, when it stands in none (it is hidden,
/// or a number that was said in words).
pub fn snippet(query: &str, texts: &[String]) -> Vec<Piece> {
    let needles = needles(query);
    let marked = texts.iter().map(|text| (text, hits(text, &needles)));
    let best = marked.max_by_key(|(_, (found, _))| *found).filter(|(_, (found, _))| *found > 0);
    match best {
        Some((text, (_, hits))) => cut(text, &hits),
        None => texts.first().map(|text| cut(text, &[])).unwrap_or_default(),
    }
}

/// How many of the needles stand in it, and which characters they are.
fn hits(text: &str, needles: &[(Vec<char>, bool)]) -> (usize, Vec<bool>) {
    let chars: Vec<char> = text.chars().map(folded).collect();
    let mut marks = vec![false; chars.len()];
    let mut found = 0;
    for (needle, word) in needles {
        let starts = |at: usize| !word || at == 0 || chars.get(at - 1).is_none_or(|before| !before.is_alphabetic());
        let places = chars.windows(needle.len()).enumerate();
        let places: Vec<usize> =
            places.filter(|(at, window)| window == needle && starts(*at)).map(|(at, _)| at).collect();
        found += usize::from(!places.is_empty());
        for mark in places.iter().flat_map(|at| *at..*at + needle.len()) {
            if let Some(mark) = marks.get_mut(mark) {
                *mark = true;
            }
        }
    }
    (found, marks)
}

fn cut(text: &str, hits: &[bool]) -> Vec<Piece> {
    let first = hits.iter().position(|hit| *hit).unwrap_or(0);
    let start = first.saturating_sub(BEFORE);
    let mut pieces: Vec<Piece> = Vec::new();
    if start > 0 {
        pieces.push(Piece { text: "…".into(), hit: false });
    }
    for (at, c) in text.chars().enumerate().skip(start).take(SHOWN) {
        let hit = hits.get(at).copied().unwrap_or(false);
        match pieces.last_mut().filter(|piece| piece.hit == hit) {
            Some(piece) => piece.text.push(c),
            None => pieces.push(Piece { text: c.to_string(), hit }),
        }
    }
    if text.chars().count() > start + SHOWN {
        pieces.push(Piece { text: "…".into(), hit: false });
    }
    pieces
}

/// Everything in a draft's JSON that somebody may remember: values of its fields, and numbers.
pub fn values(draft: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for part in ["summary", "caller", "issues", "quoted_reference"] {
        if let Some(part) = draft.get(part) {
            collect(part, &mut found);
        }
    }
    found
}

fn collect(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "value" || name == "number" => found.push(text.clone()),
                    // The words of the evidence are in the transcript.
                    _ if name == "evidence" => {}
                    member => collect(member, found),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(pieces: &[Piece]) -> String {
        pieces.iter().map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
    }

    #[test]
    fn what_was_found_is_marked_in_the_words_as_they_were_said() {
        let texts = ["hello".to_owned(), "屋企冇暖氣呀，42 Maple Street".to_owned()];
        assert_eq!(shown(&snippet("暖气 maple", &texts)), "屋企冇[暖氣]呀，42 [Maple] Street");
        assert_eq!(shown(&snippet("apple", &texts)), "hello", "not within a word");
        assert_eq!(shown(&snippet("0134", &["call 2125550134".to_owned()])), "call 212555[0134]");
        assert_eq!(snippet("x", &[]), []);
    }

    #[test]
    fn long_words_are_cut_around_it() {
        let text = format!("{} 停水 {}", "前".repeat(200), "后".repeat(200));
        let pieces = snippet("停水", &[text]);
        let shown = shown(&pieces);
        assert!(shown.starts_with('…') && shown.ends_with('…') && shown.contains("[停水]"), "{shown}");
        assert!(shown.chars().count() < 100);
    }

    #[test]
    fn values_of_fields_and_numbers_are_what_a_draft_is_found_by() {
        let draft = json!({
            "caller": {"name": {"value": "Ann", "evidence": [{"text": "not this"}], "alternatives": [{"value": "Anne"}]},
                       "phones": [{"number": "2125550134"}]},
            "issues": [{"location": {"address_text": {"value": "42 Maple Street"}}}],
            "call": {"id": "not this either"},
        });
        let mut found = values(&draft);
        found.sort();
        assert_eq!(found, ["2125550134", "42 Maple Street", "Ann", "Anne"]);
    }
}
