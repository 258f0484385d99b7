//! Names and passwords of accounts: their form, and how a password is kept (argon2id).

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use icu_normalizer::ComposingNormalizerBorrowed;
use rand::RngCore as _;

use super::agent::LOCAL;
use crate::config::limits::{MAX_ACCOUNT_NAME, MAX_PASSWORD, MIN_PASSWORD};

/// Memory in KiB, passes, lanes: the second choice of RFC 9106 is 64 MiB and three passes; this is OWASP's, some 30 ms of a
/// core, so that a morning's logins and a flood of wrong ones leave the calls their machine.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Why a name or a password is none. For the person who typed it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(
        "a name has 1 to {MAX_ACCOUNT_NAME} letters, digits and . - _ @, for example \"li.na\"; \"{LOCAL}\" is taken"
    )]
    Name,
    #[error("the password is too short: at least {MIN_PASSWORD} characters; three or four unrelated words are good")]
    Short,
    #[error("the password is too long: at most {MAX_PASSWORD} bytes")]
    Long,
    #[error("the password is too easy: it holds the name, or is one character or one sequence again and again")]
    Easy,
    #[error("the password could not be hashed: {0}")]
    NotHashed(String),
}

/// The name as accounts are known by: one form for all ways to type it.
pub fn account_name(typed: &str) -> Result<String, Unfit> {
    let name = composed(typed.trim()).to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || ".-_@".contains(c);
    let good = (1..=MAX_ACCOUNT_NAME).contains(&name.chars().count()) && name.chars().all(fits) && name != LOCAL;
    if good { Ok(name) } else { Err(Unfit::Name) }
}

/// A new password of `name`, hashed with a new salt.
pub fn hash(name: &str, password: &str) -> Result<String, Unfit> {
    let password = composed(password);
    let lower = password.to_lowercase();
    if password.chars().count() < MIN_PASSWORD {
        return Err(Unfit::Short);
    }
    if password.len() > MAX_PASSWORD {
        return Err(Unfit::Long);
    }
    if (name.chars().count() > 2 && lower.contains(name)) || is_one_sequence(&lower) {
        return Err(Unfit::Easy);
    }
    hashed(&password)
}

fn hashed(password: &str) -> Result<String, Unfit> {
    let failed = |error: &dyn std::fmt::Display| Unfit::NotHashed(error.to_string());
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|e| failed(&e))?;
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|e| failed(&e))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(|e| failed(&e))
}

/// A hash that no password has, as costly to check as any: what an unknown name is checked against.
pub(super) fn nobodys() -> Result<String, Unfit> {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hashed(&bytes.map(|byte| format!("{byte:02x}")).concat())
}

/// Takes some 30 ms and 19 MiB: not on an async thread. A hash that cannot be read fits nothing.
pub(super) fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        tracing::error!("the password hash of an account cannot be read; set it anew: heardline users password NAME");
        return false;
    };
    password.len() <= MAX_PASSWORD && Argon2::default().verify_password(composed(password).as_bytes(), &hash).is_ok()
}

/// The same key pressed on another keyboard gives the same characters.
fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned()
}

/// `aaaaaaaaaaaa`, `123456789012`, `abcabcabcabc`.
fn is_one_sequence(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let steady = |step: i64| {
        let code = |c: &char| i64::from(u32::from(*c));
        chars.windows(2).all(|two| match two {
            [a, b] => code(b) - code(a) == step || (*a, *b) == ('9', '0') || (*a, *b) == ('0', '9'),
            _ => true,
        })
    };
    let repeats = |period: usize| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b);
    steady(1) || steady(-1) || (1..=4).any(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_however_it_is_typed_and_no_other_is() {
        let kept = hash("li", "Zürich träumt 12").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(fits("Zürich träumt 12", &kept));
        assert!(fits("Zu\u{308}rich tra\u{308}umt 12", &kept), "composed from parts");
        assert!(fits("Zürich träumt １２", &kept), "full-width digits");
        for wrong in ["zürich träumt 12", "Zürich träumt 1", "", &"x".repeat(10_000)] {
            assert!(!fits(wrong, &kept), "{wrong:.20}");
        }
        assert_ne!(kept, hash("li", "Zürich träumt 12").unwrap(), "every hash has its own salt");
        assert!(!fits("", &nobodys().unwrap()) && !fits("x", "no hash"));
    }

    #[test]
    fn what_is_short_long_or_easy_is_refused_with_its_reason() {
        assert_eq!(hash("li", "elf Zeichen"), Err(Unfit::Short));
        assert_eq!(hash("li", "十一个汉字也还是太短了"), Err(Unfit::Short));
        assert_eq!(hash("li", &"word ".repeat(200)), Err(Unfit::Long));
        for easy in
            ["li.na's secret", "LI.NA12345678", "aaaaaaaaaaaaaa", "123456789012", "abcdefghijklm", "abcabcabcabc"]
        {
            assert_eq!(hash("li.na", easy), Err(Unfit::Easy), "{easy}");
        }
        assert!(hash("li.na", "correct horse battery").is_ok());
        assert!(hash("li.na", "青山 绿水 门前 三棵 柳树").is_ok());
        assert!(Unfit::Short.to_string().contains("12 characters"));
    }

    #[test]
    fn a_name_has_one_form() {
        for typed in ["li.na", " Li.Na ", "LI.NA", "ｌｉ.na"] {
            assert_eq!(account_name(typed).as_deref(), Ok("li.na"), "{typed}");
        }
        assert_eq!(account_name("陳大文").as_deref(), Ok("陳大文"));
        for unfit in ["", " ", "local", "Local", "a b", "a\nb", "<b>", "\u{202e}a", &"a".repeat(65)] {
            assert_eq!(account_name(unfit), Err(Unfit::Name), "{unfit:?}");
        }
    }
}
