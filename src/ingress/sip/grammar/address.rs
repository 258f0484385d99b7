//! `name-addr` and `addr-spec` of From, To and Contact (RFC 3261 section 20.10).

use super::uri::Uri;
use super::{
    Malformed, Param, find_outside_quotes, params, quoted_end, split_before, split_outside_quotes, write_tame,
};

/// `"display" <uri>;params`, or a bare URI whose parameters are the header's.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingress::sip) struct Address<'a> {
    /// With its quotes, if it has any.
    display: &'a str,
    pub uri: Uri<'a>,
    params: &'a str,
}

impl<'a> Address<'a> {
    /// The first address of `value`, and what follows its comma.
    pub fn parse(value: &'a str) -> Result<(Self, Option<&'a str>), Malformed> {
        let value = value.trim_ascii();
        let (display, rest) = split_display(value)?;
        let (uri, rest) = match rest.strip_prefix('<') {
            Some(inside) => inside.split_once('>').ok_or(Malformed)?,
            None => {
                let (uri, rest) = split_before(rest, rest.find([';', ',']).unwrap_or(rest.len()));
                // Without brackets a question mark could belong to either side.
                if uri.contains('?') {
                    return Err(Malformed);
                }
                (uri.trim_ascii(), rest)
            }
        };
        let (params_text, next) = split_outside_quotes(rest, b',')?;
        let mut tags = 0;
        for param in params(params_text) {
            tags += usize::from(param?.is("tag"));
        }
        if tags > 1 {
            return Err(Malformed);
        }
        Ok((Self { display, uri: Uri::parse(uri)?, params: params_text }, next))
    }

    /// The only address of `value`.
    pub fn only(value: &'a str) -> Result<Self, Malformed> {
        match Self::parse(value)? {
            (address, None) => Ok(address),
            (_, Some(_)) => Err(Malformed),
        }
    }

    pub fn tag(&self) -> Option<&'a str> {
        params(self.params).flatten().find(|param| param.is("tag"))?.value
    }

    /// In brackets, so that the stack cannot take the header's parameters for the URI's.
    pub fn write(&self, out: &mut String) {
        if self.display.starts_with('"') {
            write_tame(self.display, out);
        } else {
            out.push_str(self.display);
        }
        if !self.display.is_empty() {
            out.push(' ');
        }
        out.push('<');
        self.uri.write(out);
        out.push('>');
        for param in params(self.params).flatten().filter(Param::is_read_by_stack) {
            param.write(out);
        }
    }
}

/// The display name, and what begins with `<` or is a bare URI.
fn split_display(value: &str) -> Result<(&str, &str), Malformed> {
    if value.starts_with('"') {
        let (display, rest) = split_before(value, quoted_end(value).ok_or(Malformed)?);
        let rest = rest.trim_ascii_start();
        return if rest.starts_with('<') { Ok((display, rest)) } else { Err(Malformed) };
    }
    match find_outside_quotes(value, b"<,;")? {
        Some(at) if value.get(at..).is_some_and(|rest| rest.starts_with('<')) => {
            let (display, rest) = split_before(value, at);
            // More than the tokens the RFC allows: phones send names with accents and brackets without quotes.
            if display.contains(['"', '\\', '>']) { Err(Malformed) } else { Ok((display.trim_ascii(), rest)) }
        }
        _ => Ok(("", value)),
    }
}

/// Does the header's value carry a tag? Also where the rest of it breaks the grammar.
pub(in crate::ingress::sip) fn has_tag(value: &str) -> bool {
    match Address::parse(value) {
        Ok((address, _)) => address.tag().is_some(),
        Err(Malformed) => {
            let parameters = value.rsplit('>').next().unwrap_or_default();
            parameters.split(';').skip(1).any(|parameter| {
                parameter.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("tag"))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> Option<String> {
        let mut out = String::new();
        Address::only(value).ok()?.write(&mut out);
        Some(out)
    }

    #[test]
    fn names_and_parameters_are_told_apart_whatever_they_contain() {
        let table = [
            ("<sip:a@b>;tag=1", "<sip:a@b>;tag=1"),
            ("sip:a@b;tag=1", "<sip:a@b>;tag=1"),
            ("sip:b;x=a@b;tag=1", "<sip:b>;x=a@b;tag=1"),
            ("caller<sip:a@b>", "caller <sip:a@b>"),
            ("M\u{fc}ller (home) <sip:a@b>", "M\u{fc}ller (home) <sip:a@b>"),
            ("\"a <b>, \\\"c\\\"\"<sip:a@b> ; tag = 1", "\"a (b), 'c'\" <sip:a@b>;tag=1"),
            ("<sip:a@b>;x=\"1;tag=evil\";tag=2", "<sip:a@b>;x=\"1,tag=evil\";tag=2"),
            ("<sip:a@b;method=X;transport=q>;rport=z;tag=2", "<sip:a@b>;tag=2"),
        ];
        for (value, expected) in table {
            assert_eq!(written(value).as_deref(), Some(expected), "{value}");
            assert_eq!(written(expected).as_deref(), Some(expected), "not a fixed point");
        }
    }

    #[test]
    fn an_address_that_could_be_read_two_ways_is_none() {
        for bad in [
            "",
            "<>",
            "<sip:a@b",
            "sip:a@b>",
            "\"a <sip:a@b>",
            "a, b <sip:a@b>",
            "a \"b\" <sip:a@b>",
            "< sip:a@b >",
            "sip:a@b?x=y",
            "sip:a@b, sip:c@d",
            "<sip:a@b>;;tag=1",
            "<sip:a@b>;tag=1;",
            "<sip:a@b>;tag=1;tag=2",
            "*",
            "<sip:a@b> x",
            "sip:a b@c",
            "<<sip:a@b>>",
            "\"a\" sip:a@b",
        ] {
            assert!(Address::only(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tag_counts_only_as_a_parameter_of_the_header() {
        assert!(has_tag("<sip:a@b>;tag=1") && has_tag("sip:a@b ; tag = 1") && has_tag("\"x <sip:a@b>;tag=1"));
        assert!(!has_tag("<sip:a@b;tag=1>") && !has_tag("\";tag=1\" <sip:a@b>") && !has_tag("<sip:a@b>;x=\";tag=1\""));
    }
}
