//! Typed identifiers. File paths and SQL keys are built only from these, and these only by parsing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not one of our identifiers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IdError {
    #[error("not a {0}: expected a UUID in its lower-case hyphenated form")]
    NotUuid(&'static str),
    #[error("not a call reference: expected ten digits whose last is the check digit")]
    NotReference,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, ordered by time (UUIDv7, RFC 9562 section 5.7).
            #[expect(clippy::new_without_default, reason = "a default identifier would not be one")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The 16 bytes of the UUID.
            pub fn as_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Accepts only the form that `Display` prints, so one id has one spelling in URLs and paths.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let uuid = Uuid::try_parse(text).map_err(|_| IdError::NotUuid($what))?;
                if uuid.as_hyphenated().to_string() == text {
                    Ok(Self(uuid))
                } else {
                    Err(IdError::NotUuid($what))
                }
            }
        }
    };
}

uuid_id!(
    /// One caller's visit. Ours; SIP's `Call-ID` is the peer's string and never used as a key or a path.
    CallId,
    "call id"
);
uuid_id!(
    /// One ticket draft.
    DraftId,
    "draft id"
);

/// The number a caller can quote: nine random digits and a check digit, spoken at the end of the call.
///
/// The check digit is the Damm digit over the first nine: it finds every single wrong digit and every
/// swap of neighbours, the two errors people make when they read a number back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// H. M. Damm's totally anti-symmetric quasigroup of order 10.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn damm(digits: impl Iterator<Item = u8>) -> u8 {
    digits.fold(0, |state, digit| DAMM[usize::from(state)][usize::from(digit)])
}

impl Reference {
    /// Builds a reference from nine digits drawn by the caller of this function (`0..1_000_000_000`).
    pub fn from_random(nine_digits: u32) -> Self {
        let mut text = format!("{:09}", nine_digits % 1_000_000_000);
        let check = damm(text.bytes().map(|b| b - b'0'));
        text.push(char::from(b'0' + check));
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ten digits, as values 0-9, in speaking order.
    pub fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.bytes().map(|b| b - b'0')
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Reference {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit());
        if shaped && damm(text.bytes().map(|b| b - b'0')) == 0 {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::NotReference)
        }
    }
}

impl TryFrom<String> for Reference {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_with_one_wrong_digit_or_two_swapped_neighbours_is_refused() {
        let good = Reference::from_random(57_204_816).as_str().to_owned();
        assert_eq!(good.parse::<Reference>().unwrap().as_str(), good);
        for at in 0..good.len() {
            for digit in b'0'..=b'9' {
                let mut bad = good.clone().into_bytes();
                if bad[at] == digit {
                    continue;
                }
                bad[at] = digit;
                assert!(String::from_utf8(bad).unwrap().parse::<Reference>().is_err());
            }
            if at > 0 && good.as_bytes()[at] != good.as_bytes()[at - 1] {
                let mut bad = good.clone().into_bytes();
                bad.swap(at, at - 1);
                assert!(String::from_utf8(bad).unwrap().parse::<Reference>().is_err());
            }
        }
    }

    #[test]
    fn an_id_has_one_spelling_and_no_path_in_it() {
        let id = CallId::new();
        assert_eq!(id.to_string().parse::<CallId>(), Ok(id));
        for bad in ["", "../etc/passwd", &id.to_string().to_uppercase(), &format!("{{{id}}}"), &format!("{id}/")] {
            assert!(bad.parse::<CallId>().is_err(), "{bad}");
        }
    }
}
