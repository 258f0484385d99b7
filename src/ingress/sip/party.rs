//! Who a request says is calling: `From`, `P-Asserted-Identity` (RFC 3325), its forerunner `Remote-Party-ID`
//! (draft-ietf-sip-privacy-04) and `Privacy` (RFC 3323).

use rsipstack::sip::Request;
use rsipstack::sip::headers::Header;

use crate::call::{Identity, Party};
use crate::config::limits;

/// Fewest digits of a telephone number: emergency and service numbers have three.
const FEWEST_DIGITS: usize = 3;
/// Most digits: E.164 allows 15; trunks put an access prefix before it.
const MOST_DIGITS: usize = 20;
/// Domain of a caller who withholds the identity (RFC 3323 section 4.1.1.3).
const ANONYMOUS: &str = "anonymous.invalid";
/// User part of one, whatever domain a trunk writes behind it.
const ANONYMOUS_USER: &str = "anonymous";

/// Reads the caller's identities. `trusted`: the source is a trunk whose asserted identity is believed; from
/// anyone else such a header is dropped (RFC 3325 section 5). A wish for privacy counts whoever states it.
pub fn read(request: &Request, trusted: bool) -> Party {
    let mut party = Party::default();
    let mut asserted: Vec<Identity> = Vec::new();
    let mut remote: Vec<Identity> = Vec::new();
    for header in request.headers.iter() {
        match header {
            Header::From(from) if party.claimed.is_none() => party.claimed = identity(from.value()),
            Header::PAssertedIdentity(value) if trusted => {
                asserted.extend(split_outside(value.value(), ',').filter_map(identity));
            }
            Header::Privacy(privacy) => party.withheld |= asks_privacy(privacy.value()),
            Header::Other(name, value) if name.eq_ignore_ascii_case("Remote-Party-ID") => {
                for entry in split_outside(value, ',').filter(|entry| is_calling(entry)) {
                    party.withheld |= remote_privacy(entry);
                    remote.extend(identity(entry).filter(|_| trusted));
                }
            }
            _ => {}
        }
    }
    party.withheld |= party.claimed.as_ref().is_some_and(|claimed| is_anonymous(&claimed.uri));
    // What the standard asserts wins over its forerunner.
    let stated = if asserted.is_empty() { remote } else { asserted };
    // A trunk may assert a SIP and a tel URI (RFC 3325 section 9.1); the one with a number says more.
    let best = stated.iter().position(|a| a.number.is_some()).unwrap_or(0);
    party.asserted = stated.into_iter().nth(best);
    party
}

/// A parameter behind the address of one Remote-Party-ID entry, without quotes.
fn remote_parameter<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = entry.rsplit_once('>')?;
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// Without `party` the entry of a request is about the calling party.
fn is_calling(entry: &str) -> bool {
    remote_parameter(entry, "party").is_none_or(|party| party.eq_ignore_ascii_case("calling"))
}

/// `privacy=full`, `name` or `uri`, each perhaps with the network that asks for it: `full-network`.
fn remote_privacy(entry: &str) -> bool {
    let wishes = remote_parameter(entry, "privacy").unwrap_or_default();
    wishes.split(',').any(|wish| {
        let wish = wish.split('-').next().unwrap_or_default().trim();
        ["full", "name", "uri"].iter().any(|private| wish.eq_ignore_ascii_case(private))
    })
}

fn asks_privacy(value: &str) -> bool {
    value
        .split([';', ','])
        .map(str::trim)
        .any(|v| ["id", "user", "header"].iter().any(|private| v.eq_ignore_ascii_case(private)))
}

fn is_anonymous(uri: &str) -> bool {
    let (user, host) = uri.rsplit_once('@').unwrap_or(("", uri));
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let user = user.split_once(':').map_or(user, |(_, user)| user);
    host.eq_ignore_ascii_case(ANONYMOUS) || user.eq_ignore_ascii_case(ANONYMOUS_USER)
}

/// One `name-addr` or `addr-spec` (RFC 3261 section 25.1). `None` when it holds no URI we know.
fn identity(value: &str) -> Option<Identity> {
    let (name, address) = match find_outside_quotes(value, '<') {
        Some(open) => {
            let (name, rest) = value.split_at_checked(open)?;
            let inside = rest.strip_prefix('<')?;
            (name.trim(), inside.split_once('>').map_or(inside, |(uri, _)| uri))
        }
        None => ("", value.trim()),
    };
    let (scheme, rest) = address.split_once(':')?;
    let scheme = scheme.trim().to_ascii_lowercase();
    let (user, uri) = match scheme.as_str() {
        "sip" | "sips" => {
            let (user, host) = match rest.split_once('@') {
                Some((user, host)) => (user.split([':', ';']).next().unwrap_or_default(), host),
                None => ("", rest),
            };
            let host = host.split([';', '?']).next().unwrap_or_default();
            let at = if user.is_empty() { "" } else { "@" };
            (user, format!("{scheme}:{user}{at}{host}"))
        }
        "tel" => {
            let number = rest.split(';').next().unwrap_or_default();
            (number, format!("tel:{number}"))
        }
        _ => return None,
    };
    Some(Identity {
        uri: bounded(&uri),
        number: telephone_number(user),
        display_name: display_name(name),
        subject: None,
    })
}

/// Digits with an optional leading `+`, without the visual separators of RFC 3966.
fn telephone_number(user: &str) -> Option<String> {
    let user = match user.get(..3) {
        Some(escaped) if escaped.eq_ignore_ascii_case("%2b") => format!("+{}", user.get(3..).unwrap_or_default()),
        _ => user.to_owned(),
    };
    let number: String = user.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let shaped = digits.bytes().all(|b| b.is_ascii_digit()) && (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len());
    shaped.then_some(number)
}

fn display_name(text: &str) -> Option<String> {
    let name = match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted),
        None => text.to_owned(),
    };
    let name = bounded(name.trim());
    (!name.is_empty()).then_some(name)
}

/// The inside of a quoted string, up to its closing quote.
fn unquote(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// Without control characters and at most [`limits::MAX_PEER_STRING`] bytes, cut between characters.
fn bounded(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control() && !is_invisible(*c)) {
        if out.len() + c.len_utf8() > limits::MAX_PEER_STRING {
            break;
        }
        out.push(c);
    }
    out
}

/// Bidirectional overrides and isolates: a name must not reorder the text around it on the desk.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn find_outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let mut scan = Scan::default();
    text.char_indices().find(|(_, c)| scan.outside_quotes(*c) && *c == wanted).map(|(at, _)| at)
}

/// The parts between `separator`, which does not count inside quotes or angle brackets.
fn split_outside(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut scan = Scan::default();
    let mut bracket = false;
    text.split(move |c| {
        let outside = scan.outside_quotes(c);
        if outside && (c == '<' || c == '>') {
            bracket = c == '<';
        }
        outside && !bracket && c == separator
    })
}

/// Follows quoted strings and their escapes through a header value.
#[derive(Default)]
struct Scan {
    quoted: bool,
    escaped: bool,
}

impl Scan {
    /// Whether this character stands outside a quoted string. Call it once for each character, in order.
    fn outside_quotes(&mut self, c: char) -> bool {
        if self.escaped {
            self.escaped = false;
            return false;
        }
        match c {
            '\\' if self.quoted => self.escaped = true,
            '"' => self.quoted = !self.quoted,
            _ => return !self.quoted,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(headers: &[&str], trusted: bool) -> Party {
        let mut text = String::from("INVITE sip:311@127.0.0.1 SIP/2.0\r\n");
        for header in headers {
            text.push_str(&format!("{header}\r\n"));
        }
        text.push_str("Call-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
        read(&Request::try_from(text.as_str()).unwrap(), trusted)
    }

    #[test]
    fn claimed_and_asserted_identity_are_kept_apart_and_the_number_is_found() {
        let got = party(
            &[
                r#"From: "Ann \"A\" Lee" <sip:+1-415-555-0100@trunk.example;user=phone>;tag=1"#,
                r#"P-Asserted-Identity: "x, <y>" <sip:reception@trunk.example>, <tel:+14155550199;phone-context=a>"#,
            ],
            true,
        );
        let claimed = got.claimed.unwrap();
        assert_eq!(claimed.number.as_deref(), Some("+14155550100"));
        assert_eq!(claimed.display_name.as_deref(), Some(r#"Ann "A" Lee"#));
        assert_eq!(claimed.uri, "sip:+1-415-555-0100@trunk.example");
        let asserted = got.asserted.unwrap();
        assert_eq!((asserted.uri.as_str(), asserted.number.as_deref()), ("tel:+14155550199", Some("+14155550199")));
        assert!(!got.withheld);
    }

    #[test]
    fn an_identity_asserted_by_a_stranger_is_dropped() {
        let got = party(&["From: <sip:bob@h>;tag=1", "P-Asserted-Identity: <tel:+14155550199>"], false);
        assert_eq!(got.asserted, None);
        assert_eq!(got.claimed.unwrap().number, None, "bob is not a number");
    }

    #[test]
    fn a_caller_who_wants_privacy_is_marked() {
        assert!(party(&["From: <sip:1000@h>;tag=1", "Privacy: id;critical"], true).withheld);
        assert!(party(&[r#"From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1"#], true).withheld);
        assert!(!party(&["From: <sip:1000@h>;tag=1", "Privacy: none"], true).withheld);
    }

    #[test]
    fn a_remote_party_id_is_read_like_an_asserted_identity_and_only_from_a_trusted_trunk() {
        const REMOTE: &str = r#"Remote-Party-ID: "Lee, A" <sip:+14155550123@trunk.example>;party=calling;screen=yes"#;
        let got = party(&["From: <sip:1000@h>;tag=1", REMOTE], true);
        let asserted = got.asserted.unwrap();
        assert_eq!(asserted.number.as_deref(), Some("+14155550123"));
        assert_eq!(asserted.display_name.as_deref(), Some("Lee, A"));
        assert!(!got.withheld);
        assert_eq!(party(&["From: <sip:1000@h>;tag=1", REMOTE], false).asserted, None);
        let both = party(&["From: <sip:1000@h>;tag=1", REMOTE, "P-Asserted-Identity: <tel:+14155550199>"], true);
        assert_eq!(both.asserted.unwrap().number.as_deref(), Some("+14155550199"), "the standard wins");
        let called = party(&["From: <sip:1000@h>;tag=1", "Remote-Party-ID: <sip:311@h>;party=called"], true);
        assert_eq!(called.asserted, None, "that is whom they called");
    }

    #[test]
    fn a_wish_for_privacy_counts_in_every_form_and_from_anyone() {
        for privacy in ["full", "name", "\"uri\"", "full-network", "Full"] {
            for trusted in [true, false] {
                let remote = format!("Remote-Party-ID: <sip:1@h>;party=calling;privacy={privacy}");
                assert!(party(&["From: <sip:1000@h>;tag=1", &remote], trusted).withheld, "{privacy}");
            }
        }
        assert!(!party(&["From: <sip:1@h>;tag=1", "Remote-Party-ID: <sip:1@h>;privacy=off"], true).withheld);
        assert!(!party(&["From: <sip:1@h>;tag=1", "Remote-Party-ID: nonsense"], true).withheld);
        assert!(party(&["From: <sip:anonymous@192.0.2.1:5060>;tag=1"], true).withheld);
        assert!(!party(&["From: <sip:anonymous.coward@h>;tag=1"], true).withheld);
    }

    #[test]
    fn names_are_bounded_and_carry_no_control_or_direction_characters() {
        let long = "名".repeat(500);
        let name = identity(&format!("\"a\u{202e}\u{7}{long}\" <sip:1@h>")).unwrap().display_name.unwrap();
        assert!(name.len() <= limits::MAX_PEER_STRING && name.starts_with("a名"));
        assert!(name.chars().all(|c| !c.is_control()));
    }

    #[test]
    fn strange_values_give_no_identity_and_no_panic() {
        for value in [
            "",
            "<",
            "<>",
            ":",
            "\"",
            "\"\\",
            "<sip",
            "名<",
            "mailto:a@b",
            "%2",
            "sip:",
            "tel:",
            "<tel:%2B>",
            "sip:名@名",
        ] {
            if let Some(found) = identity(value) {
                assert_eq!(found.number, None, "{value}");
            }
        }
        assert_eq!(identity("<sip:%2b14155550100@h>").unwrap().number.as_deref(), Some("+14155550100"));
        assert_eq!(identity("sip:112@h;tag=1").unwrap().number.as_deref(), Some("112"));
    }
}
