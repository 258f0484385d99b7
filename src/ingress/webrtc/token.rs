//! Signed identities: `Authorization: Bearer JWT` of a WHIP POST (RFC 6750 section 2.1, RFC 7519). A site where the caller
//! has logged in signs who that is; what a checked token says is the only identity that counts as verified.
//!
//! The configuration names one algorithm, and the token's header has no say in it (RFC 8725 section 3.1). Nothing of a
//! token is believed, or told to who sent it, before its signature fits.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::info::{identity, name, number, object};
use crate::call::{Identity, Language};
use crate::config::{TokenAlgorithm, WebRtc, limits};
use crate::ingress::text;
use crate::ops::clock::Clock;

/// Bytes of an HS256 secret: those of the hash (RFC 7518 section 3.2).
const SHORTEST_SECRET: usize = 32;
/// DER before the 32 bytes of an Ed25519 key; it has no parameters, so this is its only form (RFC 8410 section 4).
const ED25519_KEY: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why no token can be checked; found at start.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    #[error(
        "webrtc.token_key = {path}: cannot be read: {reason}; check the path, and that this program's user may read it"
    )]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "webrtc.token_key = {path}: holds no Ed25519 public key; give the file that begins with -----BEGIN PUBLIC KEY----- \
         (openssl pkey -in PRIVATE-KEY -pubout prints it), or set webrtc.token_algorithm = \"HS256\" for a shared secret"
    )]
    NoPublicKey { path: PathBuf },
    #[error(
        "webrtc.token_key = {path}: the secret of HS256 is one line of at least {SHORTEST_SECRET} characters; make one with \
         openssl rand -hex 32 and give it to who signs, or set webrtc.token_algorithm = \"EdDSA\" for a public key"
    )]
    NoSecret { path: PathBuf },
}

/// Why a token is refused with 401. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    #[error("Authorization: expected Bearer and a token")]
    NotBearer,
    #[error("the token is longer than {} bytes", limits::MAX_TOKEN)]
    TooLong,
    #[error("the token is not a signed JWT in compact form (RFC 7515 section 7.1)")]
    Malformed,
    #[error("the token is not signed with the algorithm that this gateway is set to")]
    Algorithm,
    #[error("the token's signature does not fit")]
    Signature,
    #[error(
        "the token's claims are not what they should be: exp (a number) and aud are required; nbf and iat are numbers, \
         sub, name, phone_number and locale are texts"
    )]
    Claims,
    #[error("the token's claim {0} is too long or not what its name says")]
    Claim(&'static str),
    #[error("the token has expired; reload the page that made it")]
    Expired,
    #[error("the token is not valid yet; the clock of who signed it differs from this gateway's")]
    NotYet,
    #[error("the token is valid for more than {} hours", limits::TOKEN_LIFETIME.as_secs() / 3_600)]
    Lifetime,
    #[error("the token was made for another audience")]
    Audience,
}

/// What a checked token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub identity: Identity,
    pub language: Option<Language>,
}

/// Checks tokens with the one key of the configuration. `Debug` shows nothing of it.
pub struct Tokens {
    key: Key,
    audience: String,
    clock: Clock,
}

enum Key {
    EdDsa(UnparsedPublicKey<Vec<u8>>),
    Hs256(hmac::Key),
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(hidden)")
    }
}

impl Tokens {
    /// `None`: nobody signs identities here.
    pub fn load(webrtc: &WebRtc, clock: Clock) -> Result<Option<Self>, TokenKeyError> {
        let Some(path) = &webrtc.token_key else { return Ok(None) };
        let file =
            std::fs::read(path).map_err(|e| TokenKeyError::Unreadable { path: path.clone(), reason: e.to_string() })?;
        let key = match webrtc.token_algorithm {
            TokenAlgorithm::EdDSA => public_key(&file, path)?,
            TokenAlgorithm::HS256 => secret(&file, path)?,
        };
        Ok(Some(Self { key, audience: webrtc.token_audience.clone(), clock }))
    }

    /// Reads the value of `Authorization`.
    pub fn check(&self, value: &[u8]) -> Result<Verified, TokenRefused> {
        let token = text::bearer(value).ok_or(TokenRefused::NotBearer)?;
        if token.len() > limits::MAX_TOKEN {
            return Err(TokenRefused::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefused::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenRefused::Malformed)?;
        let [header, claims, signature] = [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
        let header: Header = header.ok().and_then(|json| object(&json)).ok_or(TokenRefused::Malformed)?;
        // Extensions that must be understood (RFC 7515 section 4.1.11): there are none that we do.
        if header.crit.is_some() {
            return Err(TokenRefused::Malformed);
        }
        if header.alg != self.key.algorithm() {
            return Err(TokenRefused::Algorithm);
        }
        let signature = signature.map_err(|_| TokenRefused::Malformed)?;
        if !self.key.fits(signed.as_bytes(), &signature) {
            return Err(TokenRefused::Signature);
        }
        self.read(claims.ok().and_then(|json| object(&json)).ok_or(TokenRefused::Claims)?)
    }

    /// Claims of a token whose signature fits.
    fn read(&self, claims: Claims) -> Result<Verified, TokenRefused> {
        let now = self.clock.unix_ms() as f64 / 1_000.0;
        let leeway = limits::TOKEN_LEEWAY.as_secs_f64();
        if claims.exp <= now - leeway {
            return Err(TokenRefused::Expired);
        }
        if [claims.nbf, claims.iat].into_iter().flatten().any(|begin| begin > now + leeway) {
            return Err(TokenRefused::NotYet);
        }
        if claims.exp - claims.iat.unwrap_or(now) > limits::TOKEN_LIFETIME.as_secs_f64() {
            return Err(TokenRefused::Lifetime);
        }
        if !claims.aud.names(&self.audience) {
            return Err(TokenRefused::Audience);
        }
        let refused = TokenRefused::Claim;
        let own_name = claims.name.map(|text| name(&text).ok_or(refused("name"))).transpose()?;
        // The signer may know a number that nobody ever proved (OpenID Connect Core 1.0 section 5.1).
        let proved = claims.phone_number.filter(|_| claims.phone_number_verified != Some(false));
        let telephone = proved.map(|text| number(&text).ok_or(refused("phone_number"))).transpose()?;
        if claims.sub.as_ref().is_some_and(|sub| sub.len() > limits::MAX_PEER_STRING || sub.contains(char::is_control))
        {
            return Err(refused("sub"));
        }
        let mut identity = identity(own_name.filter(|name| !name.is_empty()), telephone);
        identity.subject = claims.sub.filter(|sub| !sub.is_empty());
        Ok(Verified { identity, language: claims.locale.as_deref().and_then(language) })
    }
}

impl Key {
    /// As the header names it (RFC 7518 section 3.1, RFC 8037 section 3.1).
    fn algorithm(&self) -> &'static str {
        match self {
            Self::EdDsa(_) => "EdDSA",
            Self::Hs256(_) => "HS256",
        }
    }

    fn fits(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::EdDsa(key) => key.verify(signed, signature).is_ok(),
            Self::Hs256(secret) => hmac::verify(secret, signed, signature).is_ok(),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// Claims that are looked at (RFC 7519 section 4.1, OpenID Connect Core 1.0 section 5.1); a wrong type is no claim, nor
/// is null. Times are seconds since the Unix epoch and may have a fraction.
#[derive(Deserialize)]
struct Claims {
    exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
    aud: Audience,
    #[serde(default, deserialize_with = "present")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    phone_number: Option<String>,
    #[serde(default, deserialize_with = "present")]
    phone_number_verified: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    locale: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Some(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(name) => name == audience,
            Self::Some(names) => names.iter().any(|name| name == audience),
        }
    }
}

/// A member that is there has its type: null is not "absent".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(member: D) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// The language of a tag like `en-GB`, `zh-Hant` or `zh_CN`, if it is one that calls can have.
fn language(tag: &str) -> Option<Language> {
    match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
        "cmn" => Some(Language::Zh),
        code => Language::from_code(code),
    }
}

fn public_key(file: &[u8], path: &Path) -> Result<Key, TokenKeyError> {
    let wrong = || TokenKeyError::NoPublicKey { path: path.into() };
    let der = SubjectPublicKeyInfoDer::from_pem_slice(file).map_err(|_| wrong())?;
    let key = der.strip_prefix(&ED25519_KEY).filter(|key| key.len() == 32).ok_or_else(wrong)?;
    Ok(Key::EdDsa(UnparsedPublicKey::new(&ED25519, key.to_vec())))
}

/// Text, so that it is plain which line break belongs to it: none. A PEM file is a key that others may know.
fn secret(file: &[u8], path: &Path) -> Result<Key, TokenKeyError> {
    let text = std::str::from_utf8(file).unwrap_or_default();
    let line = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    let usable = line.len() >= SHORTEST_SECRET && !line.contains('\n') && !line.starts_with("-----BEGIN");
    let secret = usable.then(|| hmac::Key::new(hmac::HMAC_SHA256, line.as_bytes()));
    secret.map(Key::Hs256).ok_or_else(|| TokenKeyError::NoSecret { path: path.into() })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
