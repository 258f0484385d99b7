use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A signer and the gateway that trusts it.
struct Office {
    tokens: Tokens,
    signer: Ed25519KeyPair,
    algorithm: TokenAlgorithm,
    pem: String,
    now: i64,
}

fn load(algorithm: TokenAlgorithm, key: &[u8]) -> Result<Tokens, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("identity");
    std::fs::write(&path, key).unwrap();
    let webrtc = WebRtc { token_key: Some(path), token_algorithm: algorithm, ..WebRtc::default() };
    Tokens::load(&webrtc, Clock::system()).map(|tokens| tokens.expect("configured")).map_err(|e| e.to_string())
}

fn pem(der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

impl Office {
    fn new(algorithm: TokenAlgorithm) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let signer = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let pem = pem(&[&ED25519_KEY[..], signer.public_key().as_ref()].concat());
        let key = match algorithm {
            TokenAlgorithm::EdDSA => pem.clone(),
            TokenAlgorithm::HS256 => format!("{SECRET}\n"),
        };
        let tokens = load(algorithm, key.as_bytes()).unwrap();
        let now = tokens.clock.unix_ms() / 1_000;
        Self { tokens, signer, algorithm, pem, now }
    }

    fn both() -> [Self; 2] {
        [Self::new(TokenAlgorithm::EdDSA), Self::new(TokenAlgorithm::HS256)]
    }

    /// What is valid for an hour, changed by `with`; null takes a claim away.
    fn claims(&self, with: Value) -> Value {
        let mut claims = json!({"aud": "heardline", "exp": self.now + 3_600, "iat": self.now, "sub": "citizen-17",
            "name": "Anna Walker", "phone_number": "+1 202 555 0123", "locale": "zh-Hant"});
        for (name, value) in with.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn signature(&self, signed: &str) -> Vec<u8> {
        match self.algorithm {
            TokenAlgorithm::EdDSA => self.signer.sign(signed.as_bytes()).as_ref().to_vec(),
            TokenAlgorithm::HS256 => sealed(SECRET.as_bytes(), signed),
        }
    }

    fn token_of(&self, header: &str, claims: &str) -> String {
        let signed = signed(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.signature(&signed));
        format!("{signed}.{signature}")
    }

    fn token(&self, claims: &Value) -> String {
        self.token_of(&format!("{{\"typ\":\"JWT\",\"alg\":\"{:?}\"}}", self.algorithm), &claims.to_string())
    }

    fn check(&self, token: &str) -> Result<Verified, TokenRefused> {
        self.tokens.check(format!("Bearer {token}").as_bytes())
    }

    /// The answer to a valid token changed by `with`.
    fn answer(&self, with: Value) -> Result<Verified, TokenRefused> {
        self.check(&self.token(&self.claims(with)))
    }
}

fn signed(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn sealed(secret: &[u8], signed: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()).as_ref().to_vec()
}

#[test]
fn what_a_checked_token_says_is_verified() {
    for office in Office::both() {
        let said =
            office.answer(json!({"aud": ["other", "heardline"], "nbf": office.now, "unknown": {"a": [1]}})).unwrap();
        let expected = Identity {
            uri: "tel:+12025550123".into(),
            number: Some("+12025550123".into()),
            display_name: Some("Anna Walker".into()),
            subject: Some("citizen-17".into()),
        };
        assert_eq!(said, Verified { identity: expected, language: Some(Language::Zh) });
        let bare = office.answer(json!({"sub": null, "name": null, "phone_number": null, "locale": "fr", "iat": null}));
        assert_eq!(bare, Ok(Verified { identity: identity(None, None), language: None }));
        let unproved = office.answer(json!({"phone_number_verified": false, "name": "A\u{202e}nna"})).unwrap();
        assert_eq!((unproved.identity.number, unproved.identity.display_name.as_deref()), (None, Some("Anna")));
        let lower = format!("bearer  {}", office.token(&office.claims(json!({}))));
        assert!(office.tokens.check(lower.as_bytes()).is_ok());
    }
}

#[test]
fn a_token_holds_between_its_times_and_for_a_day_at_most() {
    for office in Office::both() {
        let now = office.now;
        for (with, expected) in [
            (json!({"exp": now - 20}), None),
            (json!({"exp": now as f64 + 0.5}), None),
            (json!({"exp": now - 31}), Some(TokenRefused::Expired)),
            (json!({"exp": -1}), Some(TokenRefused::Expired)),
            (json!({"nbf": now + 20}), None),
            (json!({"nbf": now + 600}), Some(TokenRefused::NotYet)),
            (json!({"iat": now + 600}), Some(TokenRefused::NotYet)),
            (json!({"exp": now + 24 * 3_600}), None),
            (json!({"exp": now + 24 * 3_600 + 1}), Some(TokenRefused::Lifetime)),
            (json!({"exp": now + 30 * 3_600, "iat": null}), Some(TokenRefused::Lifetime)),
            (json!({"exp": 1e300}), Some(TokenRefused::Lifetime)),
        ] {
            assert_eq!(office.answer(with.clone()).err(), expected, "{with}");
        }
        let token = office.token(&office.claims(json!({})));
        office.tokens.clock.step(std::time::Duration::from_secs(3_600 + 60));
        assert_eq!(office.check(&token), Err(TokenRefused::Expired), "this gateway's clock counts");
    }
}

#[test]
fn a_claim_of_another_type_or_size_is_refused() {
    for office in Office::both() {
        for with in [
            json!({"exp": null}),
            json!({"exp": (office.now + 60).to_string()}),
            json!({"exp": true}),
            json!({"nbf": "0"}),
            json!({"iat": []}),
            json!({"aud": null}),
            json!({"aud": 1}),
            json!({"name": ["Anna"]}),
            json!({"sub": 17}),
            json!({"phone_number": 12025550123_u64}),
            json!({"phone_number_verified": "false"}),
        ] {
            assert_eq!(office.answer(with.clone()), Err(TokenRefused::Claims), "{with}");
        }
        let header = format!("{{\"alg\":\"{:?}\"}}", office.algorithm);
        let exp = office.now + 60;
        for claims in [
            format!("{{\"exp\":{exp},\"exp\":{exp},\"aud\":\"heardline\"}}"),
            format!("{{\"exp\":{exp},\"nbf\":null,\"aud\":\"heardline\"}}"),
            format!("[{exp},0,0,\"heardline\"]"),
            "null".into(),
            String::new(),
        ] {
            assert_eq!(office.check(&office.token_of(&header, &claims)), Err(TokenRefused::Claims), "{claims}");
        }
        assert_eq!(office.answer(json!({"aud": "other"})), Err(TokenRefused::Audience));
        assert_eq!(office.answer(json!({"aud": []})), Err(TokenRefused::Audience));
        assert_eq!(office.answer(json!({"name": "A".repeat(81)})), Err(TokenRefused::Claim("name")));
        assert_eq!(office.answer(json!({"phone_number": "ask her"})), Err(TokenRefused::Claim("phone_number")));
        assert_eq!(office.answer(json!({"sub": "x".repeat(257)})), Err(TokenRefused::Claim("sub")));
        assert_eq!(office.answer(json!({"sub": "a\nb"})), Err(TokenRefused::Claim("sub")));
    }
}

#[test]
fn the_algorithm_is_the_configured_one_whatever_the_header_says() {
    for office in Office::both() {
        let claims = office.claims(json!({})).to_string();
        let other = if office.algorithm == TokenAlgorithm::EdDSA { "HS256" } else { "EdDSA" };
        for alg in ["none", "None", "", "ES256", "HS512", "Ed25519", other] {
            let header = format!("{{\"alg\":\"{alg}\"}}");
            assert_eq!(office.check(&office.token_of(&header, &claims)), Err(TokenRefused::Algorithm), "{alg}");
            let unsigned = format!("{}.", signed(&header, &claims));
            assert_eq!(office.check(&unsigned), Err(TokenRefused::Algorithm), "{alg}");
        }
        // The public key is public: a secret made of it proves nothing.
        let header = format!("{{\"alg\":\"{:?}\"}}", office.algorithm);
        for key in [office.pem.as_bytes(), office.pem.trim().as_bytes(), office.signer.public_key().as_ref(), b""] {
            let signed = signed(&header, &claims);
            let confused = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sealed(key, &signed)));
            assert_eq!(office.check(&confused), Err(TokenRefused::Signature));
        }
        let extended = format!("{{\"alg\":\"{:?}\",\"crit\":[\"b64\"],\"b64\":false}}", office.algorithm);
        assert_eq!(office.check(&office.token_of(&extended, &claims)), Err(TokenRefused::Malformed));
        let twice = format!("{{\"alg\":\"none\",\"alg\":\"{:?}\"}}", office.algorithm);
        assert_eq!(office.check(&office.token_of(&twice, &claims)), Err(TokenRefused::Malformed));
    }
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    for office in Office::both() {
        let token = office.token(&office.claims(json!({})));
        assert!(office.check(&token).is_ok());
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(office.check(&String::from_utf8(bytes).unwrap()).is_err(), "byte {at}");
            assert!(office.check(&token[..at]).is_err(), "cut at {at}");
        }
        let another = Office::new(office.algorithm);
        if office.algorithm == TokenAlgorithm::EdDSA {
            assert_eq!(office.check(&another.token(&another.claims(json!({})))), Err(TokenRefused::Signature));
        }
        let (signed, signature) = token.rsplit_once('.').unwrap();
        for wrong in [
            format!("{token}="),
            format!("{token}.{signature}"),
            format!(".{token}"),
            format!("{signed}."),
            format!("{signed} .{signature}"),
            "..".into(),
            "a.b.c".into(),
        ] {
            assert!(office.check(&wrong).is_err(), "{wrong}");
        }
    }
}

#[test]
fn what_is_no_bearer_token_or_too_long_is_refused_before_it_is_read() {
    let office = Office::new(TokenAlgorithm::EdDSA);
    let token = office.token(&office.claims(json!({})));
    let basic = format!("Basic {token}");
    for wrong in [&b""[..], b"Bearer", b"Bearer ", token.as_bytes(), basic.as_bytes(), b"Bearer\xff a.b.c"] {
        assert_eq!(office.tokens.check(wrong), Err(TokenRefused::NotBearer));
    }
    let long = office.token(&office.claims(json!({"padding": "x".repeat(limits::MAX_TOKEN)})));
    assert_eq!(office.check(&long), Err(TokenRefused::TooLong));
}

#[test]
fn a_key_that_does_not_serve_is_found_at_start_and_never_printed() {
    let office = Office::new(TokenAlgorithm::EdDSA);
    let cut = pem(&ED25519_KEY);
    for key in
        [&b""[..], b"not a key", SECRET.as_bytes(), cut.as_bytes(), office.pem.replace("PUBLIC", "PRIVATE").as_bytes()]
    {
        let error = load(TokenAlgorithm::EdDSA, key).unwrap_err();
        assert!(error.contains("webrtc.token_key") && error.contains("PUBLIC KEY"), "{error}");
    }
    let two_lines = format!("{SECRET}\n{SECRET}\n");
    for secret in [&b""[..], b"too short", &[0xff; 64], office.pem.as_bytes(), two_lines.as_bytes()] {
        let error = load(TokenAlgorithm::HS256, secret).unwrap_err();
        assert!(error.contains("webrtc.token_key") && error.contains("openssl rand -hex 32"), "{error}");
    }
    let absent = WebRtc { token_key: Some("/nowhere/identity.pem".into()), ..WebRtc::default() };
    let error = Tokens::load(&absent, Clock::system()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/identity.pem") && error.contains("may read it"), "{error}");
    assert!(Tokens::load(&WebRtc::default(), Clock::system()).unwrap().is_none());
    assert_eq!(format!("{:?}", load(TokenAlgorithm::HS256, SECRET.as_bytes()).unwrap()), "Tokens(hidden)");
}
