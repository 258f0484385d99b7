//! What is hidden of callers from everybody but the one who holds the call: numbers but for their last four digits, names,
//! numbers within words. Pure.
//!
//! What a caller says in words (an address, a relative's name) cannot be found by a rule and stays.

use serde_json::Value;

use crate::call::{CallEvent, Hypothesis, Utterance};

/// In the place of what is hidden.
pub const HIDDEN: &str = "•••";
/// Digits that stay of a number, and those it must have for them to stay.
const SHOWN: usize = 4;
const LONG: usize = 7;
/// So many digits in a row, spoken or written, are a number and no year or house.
const RUN: usize = 5;
/// While a call goes on, what is said in pauses comes piece by piece, and no draft tells yet that they are one number.
const LIVE_RUN: usize = 3;
/// Characters of a name below which it is not looked for in other words: a single one is in half of them.
const NAME: usize = 2;

/// `••• 0134`, of an address by what stands before its host. A short one, or one without digits, is hidden whole.
pub fn number(text: &str) -> String {
    let user = text.split_once('@').map_or(text, |(user, _host)| user);
    let digits: Vec<char> = user.chars().filter(char::is_ascii_digit).collect();
    match digits.get(digits.len().saturating_sub(SHOWN)..) {
        Some(last) if digits.len() >= LONG => format!("{HIDDEN} {}", last.iter().collect::<String>()),
        _ => HIDDEN.to_owned(),
    }
}

/// Words with every number in them hidden, however it is written: `555-0134`, `五五五零一三四`, `five five five …`.
pub fn words(text: &str) -> String {
    without_runs(text, RUN)
}

fn without_runs(text: &str, least: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // A spoken digit is a word of its own: there is none in "someone".
        let within = c.is_ascii_alphabetic() && out.ends_with(|before: char| before.is_ascii_alphabetic());
        let taken = match if within { None } else { run(rest) } {
            Some((count, length)) if count >= least => {
                out.push_str(HIDDEN);
                length
            }
            Some((_, length)) => {
                out.push_str(rest.get(..length).unwrap_or_default());
                length
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Digits in a row at the beginning: how many, and bytes until behind the last of them.
fn run(text: &str) -> Option<(usize, usize)> {
    let (mut count, mut end, mut at) = (0, 0, 0);
    while let Some(length) = text.get(at..).and_then(digit) {
        count += 1;
        at += length;
        end = at;
        let between = text.get(at..).unwrap_or_default();
        let gap = between.find(|c: char| !(c.is_whitespace() || "-.,()/+、，·".contains(c))).unwrap_or(between.len());
        at += gap;
    }
    (count > 0).then_some((count, end))
}

const SPOKEN: [&str; 13] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh", "double", "triple"];

/// Bytes of the digit at the beginning, written or spoken.
fn digit(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first.is_ascii_digit() || ('０'..='９').contains(&first) || "零〇一二三四五六七八九幺两兩".contains(first)
    {
        return Some(first.len_utf8());
    }
    let is_word = |spoken: &&&str| {
        let (word, rest) = text.split_at_checked(spoken.len()).unwrap_or_default();
        word.eq_ignore_ascii_case(spoken) && !rest.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    SPOKEN.iter().find(is_word).map(|spoken| spoken.len())
}

/// A draft's JSON: the caller's name and numbers, wherever they are repeated, and numbers in everything that was said. Ids,
/// times and codes stay.
pub fn draft(draft: &mut Value) {
    let names = Names::of(draft);
    if let Some(caller) = draft.get_mut("caller") {
        hide_caller(caller);
    }
    for part in ["issues", "summary", "emergency", "transcript", "quoted_reference"] {
        if let Some(part) = draft.get_mut(part) {
            each_said(part, &mut |text| *text = names.hide(text));
        }
    }
}

/// What a draft takes for the caller's name, and what else it might be; and the pieces that a number was said in, each of
/// which may be too short to be taken for one.
#[derive(Default)]
pub struct Names(Vec<String>);

impl Names {
    /// Of a draft's JSON.
    pub fn of(draft: &Value) -> Self {
        let name = draft.pointer("/caller/name");
        let others = list(name.and_then(|field| field.get("alternatives")));
        let values = name.into_iter().chain(others).filter_map(|one| one.get("value")?.as_str());
        let mut names: Vec<String> = values.filter(|name| name.chars().count() >= NAME).map(str::to_owned).collect();
        let said = list(draft.pointer("/caller/phones")).iter().flat_map(|phone| list(phone.get("evidence")));
        let pieces = said.filter_map(|one| one.get("text")?.as_str()).filter(|text| is_digits(text));
        names.extend(pieces.map(str::to_owned));
        // The longer ones first: one name may be within another.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self(names)
    }

    /// Words without these names and without numbers.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(words(text), |text, name| text.replace(name.as_str(), HIDDEN))
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Two digits or more, and nothing else.
fn is_digits(text: &str) -> bool {
    without_runs(text, 2) == HIDDEN
}

fn hide_caller(caller: &mut Value) {
    if let Some(name) = caller.get_mut("name") {
        each_said(name, &mut |text| *text = HIDDEN.to_owned());
    }
    for phone in caller.get_mut("phones").and_then(Value::as_array_mut).into_iter().flatten() {
        each_said(phone, &mut |text| *text = number(text));
    }
    if let Some(subject) = caller.get_mut("subject").filter(|subject| subject.is_string()) {
        *subject = HIDDEN.into();
    }
    each_said(caller, &mut |text| *text = words(text));
}

/// Members of a draft that hold what was said or read out of it.
const SAID: [&str; 7] = ["value", "text", "raw", "number", "display", "quote", "title"];

fn each_said(value: &mut Value, hide: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if SAID.contains(&key.as_str()) => hide(text),
                    member => each_said(member, hide),
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(|member| each_said(member, hide)),
        _ => {}
    }
}

/// A live event. The words one by one are left out, for a number is hidden only as a whole.
pub fn event(event: CallEvent) -> CallEvent {
    match event {
        CallEvent::Partial { call, at, hypothesis } => {
            let hypothesis =
                Hypothesis { text: without_runs(&hypothesis.text, LIVE_RUN), words: Vec::new(), ..hypothesis };
            CallEvent::Partial { call, at, hypothesis }
        }
        CallEvent::Final { call, utterance } => {
            let utterance = Utterance { text: without_runs(&utterance.text, LIVE_RUN), words: Vec::new(), ..utterance };
            CallEvent::Final { call, utterance }
        }
        CallEvent::Draft { call, complete, draft: mut body } => {
            draft(&mut body);
            CallEvent::Draft { call, complete, draft: body }
        }
        CallEvent::Dtmf { call, at, .. } => CallEvent::Dtmf { call, digit: '•', at },
        CallEvent::Emergency { call, state, mut danger } => {
            danger.quote = words(&danger.quote);
            CallEvent::Emergency { call, state, danger }
        }
        CallEvent::State { .. }
        | CallEvent::Review { .. }
        | CallEvent::Transfer { .. }
        | CallEvent::Answered { .. }
        | CallEvent::Delivery { .. }
        | CallEvent::Erased { .. } => event,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_number_the_last_four_digits_stay_and_of_a_short_one_nothing() {
        assert_eq!(number("2125550134"), "••• 0134");
        assert_eq!(number("+852 2555 0134"), "••• 0134");
        assert_eq!(number("sip:5550134@127.0.0.1"), "••• 0134");
        for whole in ["12345", "110", "", "sip:anna@example.org", "anonymous"] {
            assert_eq!(number(whole), HIDDEN, "{whole}");
        }
    }

    #[test]
    fn numbers_within_words_are_hidden_however_they_are_written() {
        for (said, shown) in [
            ("call 212-555-0134 please", "call ••• please"),
            ("my number is five five five, oh one three four.", "my number is •••."),
            ("double five five oh one three four", "•••"),
            ("我的电话是一三八零零一三八零零零，姓陈", "我的电话是•••，姓陈"),
            ("打 5 5 5 0 1 3 4 搵我", "打 ••• 搵我"),
            ("電話：２５５５０１３４", "電話：•••"),
        ] {
            assert_eq!(words(said), shown);
        }
    }

    #[test]
    fn years_houses_times_and_plain_words_stay() {
        for said in [
            "at 88 Oak Street since 2024, about 10:30",
            "someone told no one at two",
            "三号楼二单元五零一室，二〇二四年",
            "the one two three of it",
            "",
        ] {
            assert_eq!(words(said), said);
        }
    }

    #[test]
    fn a_draft_keeps_its_form_and_loses_name_and_number_wherever_they_stand() {
        let field = |value: &str| {
            json!({"value": value, "confidence": 0.9, "source": "caller", "alternatives":
            [{"value": "Hanna Li", "confidence": 0.1}], "evidence": [{"segment_id": "s12345678", "text": value}]})
        };
        let mut body = json!({
            "draft_id": "018f0000-0000-7000-8000-000000000000", "created_at": "2026-01-01T00:00:00Z",
            "caller": {"name": field("Anna Li"), "subject": "anna", "number_withheld": false,
                       "phones": [{"number": "+12125550134", "raw": "two one two five five five oh one three four",
                                   "display": "(212) 555-0134", "evidence": [{"text": "212 555 0134"}]}]},
            "issues": [{"title": field("Lamp out"), "category": {"value": "lighting.street"},
                        "description": {"value": "Anna Li, 2125550134, says the lamp at 88 Oak Street is out"}}],
            "summary": {"text": {"value": "Hanna Li called"}},
            "transcript": {"segments": [{"id": "s1", "text": "I am Anna Li, 212 555 0134"}]},
        });
        draft(&mut body);
        let text = body.to_string();
        for hidden in ["Anna", "anna", "555", "2125550134", "five five"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        assert_eq!(body["caller"]["phones"][0]["number"], "••• 0134");
        assert_eq!(body["issues"][0]["description"]["value"], "•••, •••, says the lamp at 88 Oak Street is out");
        assert_eq!(body["draft_id"], "018f0000-0000-7000-8000-000000000000");
        assert_eq!(body["caller"]["name"]["evidence"][0]["segment_id"], "s12345678");
        assert_eq!(body["issues"][0]["category"]["value"], "lighting.street");
    }

    #[test]
    fn a_number_said_in_pieces_is_hidden_piece_by_piece() {
        let said = ["two one two", "five five five.", "oh one three four", "at two one three Oak Street"];
        let mut body = json!({
            "caller": {"phones": [{"number": "2125550134", "evidence": [{"text": "two one two"}, {"text": "five five five"},
                {"text": "oh one three four"}, {"text": "call me"}, {"text": "5"}]}]},
            "transcript": {"segments": said.map(|text| json!({"text": text}))},
        });
        draft(&mut body);
        let shown: Vec<&str> = body["transcript"]["segments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].as_str().unwrap())
            .collect();
        assert_eq!(shown, ["•••", "•••.", "•••", "at two one three Oak Street"]);
        assert_eq!(without_runs("my number is two one two", LIVE_RUN), "my number is •••");
    }

    #[test]
    fn hiding_takes_time_in_proportion_to_the_text() {
        // Runs that are almost numbers, a million of them: quadratic work would not end within the test.
        let text = "1 2 3 4 x ".repeat(100_000);
        assert_eq!(words(&text), text);
        assert_eq!(words(&"5".repeat(1_000_000)), HIDDEN);
        let word = "a".repeat(1_000_000);
        assert_eq!(words(&word), word);
    }
}
