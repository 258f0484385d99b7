//! The productions of RFC 3261 section 25 that the screen judges by, and how each is written so that the stack,
//! which splits at the first `;`, `,`, `<` or `?` it sees, reads the same thing.

pub(super) mod address;
pub(super) mod uri;
pub(super) mod via;

use rsipstack::sip::Param as StackParam;

use crate::config::limits;

/// Text that breaks the grammar; which of its rules is nobody's business beyond the 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// RFC 3261 section 25.1 `token`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

/// Digits only: `parse` alone would take a plus sign.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Where `wanted` first stands outside quoted strings. A quoted string that does not end is malformed.
fn find_outside_quotes(text: &str, wanted: &[u8]) -> Result<Option<usize>, Malformed> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if !quoted && wanted.contains(&byte) => return Ok(Some(at)),
            _ => {}
        }
    }
    if quoted { Err(Malformed) } else { Ok(None) }
}

/// Splits before `at`; ASCII found it, so it is a boundary.
fn split_before(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Both sides of the first `separator` outside quoted strings.
fn split_outside_quotes(text: &str, separator: u8) -> Result<(&str, Option<&str>), Malformed> {
    Ok(match find_outside_quotes(text, &[separator])? {
        Some(at) => {
            let (before, after) = split_before(text, at);
            (before, after.get(1..))
        }
        None => (text, None),
    })
}

/// One of the `;name=value` after an address or a sent-by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param<'a> {
    pub name: &'a str,
    pub value: Option<&'a str>,
}

impl<'a> Param<'a> {
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim_ascii(), Some(value.trim_ascii())),
            None => (text.trim_ascii(), None),
        };
        let fits = match value {
            None => true,
            Some(value) if value.starts_with('"') => quoted_end(value) == Some(value.len()),
            Some(value) => !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "\"<>,".contains(c)),
        };
        if is_token(name) && fits { Ok(Self { name, value }) } else { Err(Malformed) }
    }

    /// The stack fails on these when it does not know the value, and drops the message in silence.
    fn is_read_by_stack(&self) -> bool {
        let typed = ["transport", "method", "rport"].iter().any(|name| self.is(name));
        !typed || StackParam::try_from((self.name, self.value)).is_ok()
    }

    pub fn write(&self, out: &mut String) {
        out.push(';');
        out.push_str(self.name);
        if let Some(value) = self.value {
            out.push('=');
            if value.starts_with('"') { write_tame(value, out) } else { out.push_str(value) }
        }
    }
}

/// The parameters of `text`, which is empty or begins with `;`. An empty one is malformed (RFC 4475 section 3.1.2.1).
pub(super) fn params(text: &str) -> impl Iterator<Item = Result<Param<'_>, Malformed>> {
    let mut rest = text.trim_ascii();
    let mut left = limits::MAX_SIP_PARAMS;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if left == 0 {
            rest = "";
            return Some(Err(Malformed));
        }
        left = left.saturating_sub(1);
        let Some(after) = rest.strip_prefix(';') else {
            rest = "";
            return Some(Err(Malformed));
        };
        let Ok((one, more)) = split_outside_quotes(after, b';') else {
            rest = "";
            return Some(Err(Malformed));
        };
        // The semicolon stays, so that one at the end leaves an empty parameter to be refused.
        rest = if more.is_some() { after.get(one.len()..).unwrap_or_default() } else { "" };
        Some(Param::parse(one))
    })
}

/// Length of the quoted string that `text` begins with.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A quoted string without what the stack would trip over: it knows no escapes, and looks for brackets, commas and
/// semicolons inside quotes as well.
fn write_tame(quoted: &str, out: &mut String) {
    let inside = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted);
    out.push('"');
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '\\' => out.push_str("\\\\"),
            '"' => out.push('\''),
            '<' => out.push('('),
            '>' => out.push(')'),
            ';' => out.push(','),
            c if c.is_ascii_control() && c != '\t' => {}
            c => out.push(c),
        }
        escaped = false;
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_separators_and_must_be_closed() {
        assert_eq!(split_outside_quotes("\"a,\\\",\" b, c", b','), Ok(("\"a,\\\",\" b", Some(" c"))));
        assert_eq!(split_outside_quotes("\"a, b", b','), Err(Malformed));
        let read = |text| params(text).map(|p| p.map(|p| (p.name, p.value))).collect::<Result<Vec<_>, _>>();
        assert_eq!(
            read("; a = 1 ;b;c=\"x;tag=y\""),
            Ok(vec![("a", Some("1")), ("b", None), ("c", Some("\"x;tag=y\""))])
        );
        for bad in [";", ";;a", ";a;", ";a=", ";=1", "a", ";a=b c", ";a=\"b\"c", ";a b", ";\u{e9}=1"] {
            assert_eq!(read(bad), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn a_tamed_string_is_tame() {
        let tamed = |text| {
            let mut out = String::new();
            write_tame(text, &mut out);
            out
        };
        assert_eq!(tamed("\"A \\\"B\\\" <c>;\u{7}\\\u{0} \\\\\""), "\"A 'B' (c), \\\\\"");
        let once = tamed("\"\\\\\\\" <;\"");
        assert_eq!(tamed(&once), once);
    }
}
