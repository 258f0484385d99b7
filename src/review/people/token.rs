//! Secrets that stand for a person: the token of a login, and the key of commands on this machine.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

use crate::store::people::TokenHash;

/// Its value is a token.
pub const COOKIE: &str = "heardline_login";
const BYTES: usize = 32;

/// 256 random bits as text. It is never stored and never logged; only its hash is.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    pub fn generate() -> Self {
        let mut bytes = [0; BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// `None`: not the form of one.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = if text.len() <= 2 * BYTES { URL_SAFE_NO_PAD.decode(text).ok()? } else { return None };
        (bytes.len() == BYTES).then(|| Self(text.to_owned()))
    }

    /// The one of the login cookie. Two of that name are none: another site of this domain may have set the second.
    pub fn of_cookie(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut ours = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        let first = ours.next()?;
        if ours.next().is_some() { None } else { Self::read(first) }
    }

    /// The one after `Authorization: Bearer`.
    pub fn of_bearer(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?)
    }

    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The `Set-Cookie` that hands it out.
pub(super) fn set_cookie(token: &Token, https: bool) -> String {
    format!("{COOKIE}={}; {}", token.expose(), attributes(https))
}

/// The `Set-Cookie` that takes it away.
pub(super) fn clear_cookie(https: bool) -> String {
    format!("{COOKIE}=; Max-Age=0; {}", attributes(https))
}

/// It ends with the browser: desks are shared.
fn attributes(https: bool) -> &'static str {
    if https { "Path=/; HttpOnly; SameSite=Strict; Secure" } else { "Path=/; HttpOnly; SameSite=Strict" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        Token::of_cookie(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_token_has_256_bits_and_is_known_by_its_hash_only() {
        let tokens: Vec<Token> = (0..100).map(|_| Token::generate()).collect();
        let hashes: std::collections::HashSet<TokenHash> = tokens.iter().map(Token::hash).collect();
        assert_eq!(hashes.len(), 100);
        assert_eq!(URL_SAFE_NO_PAD.decode(tokens[0].expose()).unwrap().len(), 32);
    }

    #[test]
    fn the_cookie_is_found_among_others_and_two_of_them_are_none() {
        let (one, two) = ("A".repeat(43), format!("{}E", "B".repeat(42)));
        let ours = format!("{COOKIE}={one}");
        assert_eq!(cookies(&[&ours]), Some(one.clone()));
        assert_eq!(cookies(&[&format!("a=b; {ours}; c=d"), "e=f"]), Some(one.clone()));
        assert_eq!(cookies(&[&ours, &format!("{COOKIE}={two}")]), None);
        assert_eq!(cookies(&[&format!("{ours}; {ours}")]), None);
        for junk in ["", "a", "A\"B", &"A".repeat(44), &"A".repeat(9_000)] {
            assert_eq!(cookies(&[&format!("{COOKIE}={junk}")]), None, "{junk:.50}");
        }
        assert_eq!(cookies(&[&format!("x{ours}")]), None);
    }
}
