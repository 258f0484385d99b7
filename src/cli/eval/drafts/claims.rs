//! What a draft claims, held against what it rests on: its evidence, and the transcript. Pure.

use serde_json::Value;

use super::scores::{Check, Got, Verdict};
use crate::draft::dictated_digits;
use crate::draft::said::{Said, name_letters};

/// Makes the draft of some texts alone.
pub(super) type Redraft<'a> = &'a dyn Fn(&[String]) -> Value;

/// Fields whose value is written in the words of their evidence.
const QUOTED: [&str; 3] = ["/issues/0/location/address_text", "/issues/0/description", "/summary/text"];
/// Fields whose value is concluded from the words of their evidence.
const CONCLUDED: [&str; 4] = ["/issues/0/category", "/issues/0/request_type", "/issues/0/urgency", "/emergency/flag"];
/// Sources that rest on no words.
const WORDLESS: [&str; 4] = ["default", "sip", "token", "web_form"];

/// Every value that rests on words is made once more from the words of its evidence alone. Those are also held against
/// the transcript: evidence is verbatim.
pub(super) fn evidence(draft: &Value, redraft: Redraft<'_>) -> Vec<Check> {
    let mut out = Vec::new();
    let mut claim = |pointer: &str, field: &Value, value: &str, follows: &dyn Fn(&[String]) -> bool| {
        if WORDLESS.iter().any(|source| field["source"] == *source) {
            return;
        }
        let quotes = quotes(draft, field);
        let told = quotes.as_ref().is_some_and(|quotes| !quotes.is_empty() && follows(quotes));
        let words = quotes.map_or_else(|| "not in the transcript".to_owned(), |quotes| quotes.join(" … "));
        out.push(Got::Value(value.to_owned()).check("evidence_supported", pointer, &words, |_| told));
    };
    for phone in draft.pointer("/caller/phones").and_then(Value::as_array).into_iter().flatten() {
        let number = phone["number"].as_str().unwrap_or_default();
        claim("/caller/phones", phone, number, &|quotes| dictated_digits(&quotes.join(", ")).contains(number));
    }
    if let Some((field, name)) = field(draft, "/caller/name") {
        claim("/caller/name", field, &name, &|quotes| name_letters(&quotes.join(" ")).contains(&name_letters(&name)));
    }
    for pointer in QUOTED {
        let Some((field, text)) = field(draft, pointer) else { continue };
        claim(pointer, field, &text, &|quotes| Said::of(&quotes.join(". ")).holds(&Said::of(&text)));
    }
    for pointer in CONCLUDED {
        let Some((field, value)) = field(draft, pointer).filter(|(_, value)| value != "false") else { continue };
        claim(pointer, field, &value, &|quotes| {
            let again = redraft(quotes);
            let others = again.pointer(&format!("{pointer}/alternatives")).and_then(Value::as_array);
            let others = others.into_iter().flatten().filter_map(|other| other["value"].as_str());
            self::field(&again, pointer).is_some_and(|(_, first)| first == value)
                || others.into_iter().any(|other| other == value)
        });
    }
    out
}

/// A field of the draft with its value as text.
fn field<'a>(draft: &'a Value, pointer: &str) -> Option<(&'a Value, String)> {
    let field = draft.pointer(pointer)?;
    let value = match field.get("value")? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((field, value))
}

/// The texts of a field's evidence, or `None` when one of them is not what its segment says there.
pub(super) fn quotes(draft: &Value, field: &Value) -> Option<Vec<String>> {
    let segments = draft.pointer("/transcript/segments")?.as_array()?;
    let quote = |evidence: &Value| {
        let segment = segments.iter().find(|segment| segment["id"] == evidence["segment_id"])?;
        let place = |key: &str| usize::try_from(evidence[key].as_u64()?).ok();
        let (start, end) = (place("char_start")?, place("char_end")?);
        let there: String = segment["text"].as_str()?.chars().skip(start).take(end.checked_sub(start)?).collect();
        (evidence["text"].as_str()? == there).then_some(there)
    };
    field["evidence"].as_array()?.iter().map(quote).collect()
}

/// Numbers and names of title and summary that nobody said. `labels`: the names of the draft's category, which are no
/// words of the call.
pub(super) fn summary(draft: &Value, transcript: &str, labels: &[String]) -> Vec<Check> {
    let said = Said::of(transcript);
    // A value leaves out the marks between its pieces: 七十七號，萬祥大廈.
    let letters: String = transcript.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut out = Vec::new();
    for pointer in ["/summary/title", "/summary/text"] {
        let Some((_, text)) = field(draft, pointer) else { continue };
        let text = labels.iter().find_map(|label| text.strip_prefix(label.as_str())).unwrap_or(&text);
        // Of a title that was cut, the last word may be half a word.
        let text = text.strip_suffix('…').map_or(text, |cut| cut.rsplit_once(' ').map_or(cut, |(whole, _)| whole));
        let numbers = Said::of(text).numbers.into_iter().map(|number| (said.holds_number(&number), number));
        let names = names(text).into_iter().map(|name| {
            let heard = if name.is_ascii() {
                said.words.contains(&name.to_lowercase()) || said.holds(&Said::of(&name))
            } else {
                is_pieced(&name, &letters)
            };
            (heard, name)
        });
        out.extend(numbers.chain(names).map(|(heard, got)| Check {
            score: "summary_unsupported",
            field: pointer.to_owned(),
            gold: None,
            got: Some(got),
            verdict: if heard { Verdict::Right } else { Verdict::Invented },
            hits: usize::from(!heard),
            of: 1,
        }));
    }
    out
}

/// What may be a name: a word with a capital; Chinese has none, so every stretch of Chinese characters.
fn names(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let mut ascii = true;
        let mut open = false;
        for c in word.chars() {
            match out.last_mut().filter(|_| open && ascii == c.is_ascii()) {
                Some(last) => last.push(c),
                None => out.push(c.to_string()),
            }
            (open, ascii) = (true, c.is_ascii());
        }
    }
    let capital = |text: &String| text.chars().next().is_some_and(char::is_uppercase);
    out.retain(|text| !text.is_ascii() || capital(text));
    out
}

/// The stretch is made of pieces of the transcript, of two characters or more (a value leaves out what stands between
/// them); numerals need no piece, they are checked as numbers.
fn is_pieced(stretch: &str, transcript: &str) -> bool {
    let chars: Vec<char> = stretch.chars().collect();
    if chars.len() == 1 {
        return transcript.contains(stretch);
    }
    // reached[n]: the first n characters are made of pieces.
    let mut reached = vec![false; chars.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for end in 2..=chars.len() {
        let ends = (0..=end - 2).any(|start| {
            let piece: String = chars.get(start..end).unwrap_or_default().iter().collect();
            reached.get(start) == Some(&true) && transcript.contains(&piece)
        });
        if let Some(here) = reached.get_mut(end) {
            *here = ends;
        }
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_its_evidence_does_not_say_is_found() {
        let evidence = |text: &str, start: usize| json!([{"segment_id": "s1", "char_start": start, "char_end": start + text.chars().count(), "text": text}]);
        let draft = |name: &str, text: &str| {
            json!({
                "caller": {"phones": [], "name": {"value": name, "source": "rule", "evidence": evidence(text, 8)}},
                "transcript": {"segments": [{"id": "s1", "text": "This is Ann Lee"}]},
            })
        };
        let verdicts = |draft: &Value| evidence_verdicts(&super::evidence(draft, &|_: &[String]| Value::Null));
        assert_eq!(verdicts(&draft("Ann Lee", "Ann Lee")), [Verdict::Right]);
        assert_eq!(verdicts(&draft("Ann Low", "Ann Lee")), [Verdict::Wrong]);
        // The evidence says it, but the transcript does not say the evidence.
        assert_eq!(verdicts(&draft("Ann Low", "Ann Low")), [Verdict::Wrong]);
    }

    fn evidence_verdicts(checks: &[Check]) -> Vec<Verdict> {
        checks.iter().map(|check| check.verdict).collect()
    }

    #[test]
    fn numbers_and_names_nobody_said_are_found() {
        let heard =
            "the lamp at forty two Maple Street is out。我住在朝阳区嗯望槐里小区三号楼。书槐街七十七号，万祥大厦";
        let invented = |title: &str| {
            let draft = json!({"summary": {"title": {"value": title}}});
            let checks = summary(&draft, heard, &["Street light".to_owned()]);
            checks.into_iter().filter(|check| !check.is_right()).filter_map(|check| check.got).collect::<Vec<_>>()
        };
        assert!(invented("Street light: 42 Maple Street").is_empty());
        assert!(invented("Street light: 朝阳区望槐里小区3号楼").is_empty());
        assert!(invented("Street light: 书槐街七十七号万祥大厦").is_empty(), "the comma between is no word");
        assert_eq!(invented("Street light: 43 Oak Street"), ["43", "Oak"]);
        assert_eq!(invented("朝阳区王家里"), ["朝阳区王家里"]);
    }
}
