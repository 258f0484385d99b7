//! `Heardline-Call-Info`: what the caller typed into the page, sent beside the offer. All of it is optional, and none of
//! it is proved.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::sessions::Bearer;
use crate::call::{Identity, Language, Party};
use crate::config::limits;

/// Name of the header: base64url without padding of a JSON object in UTF-8.
pub const HEADER: &str = "heardline-call-info";

/// What the page says about the call it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallInfo {
    /// As typed, without what cannot be seen.
    pub name: Option<String>,
    /// Digits with an optional leading `+`.
    pub number: Option<String>,
    /// The language the caller reads.
    pub language: Option<Language>,
    /// Bearer of the earlier call that this one adds to.
    pub related: Option<Bearer>,
}

/// Why the header is refused with 400. Names what is wrong and never repeats what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InfoError {
    #[error("Heardline-Call-Info: at most {} bytes", limits::MAX_CALL_INFO)]
    TooLong,
    #[error("Heardline-Call-Info: expected base64url without padding (RFC 4648 section 5)")]
    Encoding,
    #[error("Heardline-Call-Info: expected a JSON object whose name, number, language and related are texts")]
    Json,
    #[error("Heardline-Call-Info: name: at most {} characters", limits::MAX_TYPED_NAME)]
    Name,
    #[error(
        "Heardline-Call-Info: number: expected a telephone number of at least 3 digits and at most {} characters; \
         spaces, dots, hyphens, brackets and a + before it may stand in it",
        limits::MAX_TYPED_NUMBER
    )]
    Number,
    #[error("Heardline-Call-Info: language: expected en, zh or yue")]
    Language,
    #[error("Heardline-Call-Info: related: expected the Heardline-Token of an earlier call")]
    Related,
}

/// The object as sent. Keys that are not known are a newer page's.
#[derive(Deserialize)]
struct Sent {
    name: Option<String>,
    number: Option<String>,
    language: Option<String>,
    related: Option<String>,
}

impl CallInfo {
    /// Reads the value of the header.
    pub fn read(value: &[u8]) -> Result<Self, InfoError> {
        if value.len() > limits::MAX_CALL_INFO {
            return Err(InfoError::TooLong);
        }
        let json = URL_SAFE_NO_PAD.decode(value).map_err(|_| InfoError::Encoding)?;
        let sent: Sent = object(&json).ok_or(InfoError::Json)?;
        Ok(Self {
            name: filled(sent.name)
                .map(|text| name(&text).ok_or(InfoError::Name))
                .transpose()?
                .filter(|n| !n.is_empty()),
            number: filled(sent.number).map(|text| number(&text).ok_or(InfoError::Number)).transpose()?,
            language: filled(sent.language)
                .map(|code| Language::from_code(&code).ok_or(InfoError::Language))
                .transpose()?,
            related: filled(sent.related).map(|text| bearer(&text).ok_or(InfoError::Related)).transpose()?,
        })
    }
}

/// Who calls: what was typed is claimed, and only a checked token (`super::token`) verifies.
pub fn party(info: &CallInfo, verified: Option<Identity>) -> Party {
    let typed = info.name.is_some() || info.number.is_some();
    let claimed = typed.then(|| identity(info.name.clone(), info.number.clone()));
    Party { verified, claimed, asserted: None, withheld: false }
}

/// A number in international form has a URI of its own (RFC 3966 section 5.1.4); others mean nothing without their place.
pub(super) fn identity(name: Option<String>, number: Option<String>) -> Identity {
    let global = number.as_deref().filter(|number| number.starts_with('+'));
    Identity {
        uri: global.map(|number| format!("tel:{number}")).unwrap_or_default(),
        number,
        display_name: name,
        subject: None,
    }
}

/// A JSON object of this shape, and not an array of its values, which serde would read too.
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok().filter(|_| json.trim_ascii_start().first() == Some(&b'{'))
}

/// A field that was left empty was not filled in.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A name without characters that cannot be seen or that turn the text around them (Unicode's bidirectional controls);
/// any white space is one space. `None`: too long.
pub(super) fn name(text: &str) -> Option<String> {
    let visible: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !hidden(*c)).collect();
    let name = visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    (name.chars().count() <= limits::MAX_TYPED_NAME).then_some(name)
}

/// Joiners (U+200C, U+200D) stay: Persian and Indian names are spelled with them.
fn hidden(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let unseen = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || turns || unseen
}

/// Digits, those of Chinese keyboards (full width) too. `None`: anything that makes it no telephone number; guessing
/// which digits were meant would call back a stranger.
pub(super) fn number(text: &str) -> Option<String> {
    if text.chars().count() > limits::MAX_TYPED_NUMBER {
        return None;
    }
    let mut kept = String::with_capacity(limits::MAX_TYPED_NUMBER);
    for c in text.chars().filter(|c| !hidden(*c)) {
        match c {
            '0'..='9' => kept.push(c),
            '\u{ff10}'..='\u{ff19}' => kept.push(char::from_digit(u32::from(c) - 0xff10, 10)?),
            '+' | '\u{ff0b}' if kept.is_empty() => kept.push('+'),
            '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    (kept.trim_start_matches('+').len() >= 3).then_some(kept)
}

/// As the gateway makes them: 43 characters of base64url.
fn bearer(text: &str) -> Option<Bearer> {
    let shaped = text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    shaped.then(|| Bearer::from_header(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CallInfo, InfoError> {
        CallInfo::read(URL_SAFE_NO_PAD.encode(json).as_bytes())
    }

    #[test]
    fn what_was_typed_is_claimed_and_only_a_token_is_verified() {
        let bearer = "A".repeat(43);
        let sent = format!(
            r#"{{"name":" Anna  Walker ","number":"+1 (202) 555-0123","language":"yue","related":"{bearer}","new":[1]}}"#
        );
        let info = read(&sent).unwrap();
        assert_eq!((info.name.as_deref(), info.number.as_deref()), (Some("Anna Walker"), Some("+12025550123")));
        assert_eq!((info.language, &info.related), (Some(Language::Yue), &Some(Bearer::from_header(&bearer))));
        assert!(!format!("{info:?}").contains(&bearer));
        let proved = identity(Some("Anna Walker".into()), None);
        let both = party(&info, Some(proved.clone()));
        let claimed = both.claimed.expect("typed");
        assert_eq!((claimed.uri.as_str(), both.verified, both.asserted), ("tel:+12025550123", Some(proved), None));
        assert_eq!(party(&CallInfo::default(), None), Party::default());
    }

    #[test]
    fn empty_fields_are_fields_that_were_not_filled_in() {
        for empty in [r"{}", r#"{"name":null,"number":""}"#, r#"{"name":"  ","number":" ","language":"","related":""}"#]
        {
            assert_eq!(read(empty), Ok(CallInfo::default()), "{empty}");
        }
        assert_eq!(read("{\"name\":\"\\u202e\\u0007\"}"), Ok(CallInfo::default()), "nothing of it can be seen");
    }

    #[test]
    fn a_name_carries_nothing_that_cannot_be_seen() {
        let turned = "Anna\u{202e} \u{2066}Walker\u{2069}\u{0}\r\nX-Header:\u{200b}\u{2028}1\u{feff}";
        assert_eq!(name(turned).as_deref(), Some("Anna Walker X-Header: 1"));
        assert_eq!(name("علی\u{200c}رضا").as_deref(), Some("علی\u{200c}رضا"));
        assert_eq!(name(&"陈".repeat(limits::MAX_TYPED_NAME)).unwrap().chars().count(), limits::MAX_TYPED_NAME);
        assert_eq!(name(&"陈".repeat(limits::MAX_TYPED_NAME + 1)), None);
    }

    #[test]
    fn a_number_is_its_digits_or_is_no_number() {
        for (typed, kept) in [
            ("555 0134", "5550134"),
            ("（０１０）６５５５－０１３４", "01065550134"),
            ("＋852 2555.0134", "+85225550134"),
            ("112", "112"),
        ] {
            assert_eq!(number(typed).as_deref(), Some(kept), "{typed}");
        }
        for wrong in ["12", "+", "555-CALL", "5550134 ext 5", "1+2025550134", "++12025550134", &"1".repeat(33)] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_header_that_is_not_what_it_should_be_is_refused_with_what_is_wrong() {
        assert_eq!(CallInfo::read(&[b'A'; limits::MAX_CALL_INFO + 1]), Err(InfoError::TooLong));
        for wrong in [&b"e30="[..], b"e3 0", b"{}", &[0xff; 4]] {
            assert_eq!(CallInfo::read(wrong), Err(InfoError::Encoding), "{wrong:?}");
        }
        let deep = format!("{{\"new\":{}", "[".repeat(1_000));
        for wrong in
            ["", "[]", "[null,null,null,null]", "null", "{\"name\":1}", "{\"name\":\"a\",\"name\":\"b\"}", &deep]
        {
            assert_eq!(read(wrong), Err(InfoError::Json), "{wrong}");
        }
        assert_eq!(CallInfo::read(URL_SAFE_NO_PAD.encode(b"{\"name\":\"\xff\"}").as_bytes()), Err(InfoError::Json));
        assert_eq!(read(r#"{"number":"call me"}"#), Err(InfoError::Number));
        assert_eq!(read(r#"{"language":"fr"}"#), Err(InfoError::Language));
        assert_eq!(read(r#"{"related":"../../etc"}"#), Err(InfoError::Related));
    }
}
