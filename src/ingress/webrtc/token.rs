use crate::call::{Identity, Language};
use crate::config::WebRtc;
use crate::ops::clock::Clock;
pub struct Tokens;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct TokenKeyError;
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    #[error("missing")]
    Missing,
}
pub struct Verified {
    pub identity: Identity,
    pub language: Option<Language>,
}
impl Tokens {
    pub fn load(_: &WebRtc, _: Clock) -> Result<Option<Self>, TokenKeyError> {
        Ok(None)
    }
    pub fn check(&self, _: &str) -> Result<Verified, TokenRefused> {
        Err(TokenRefused::Missing)
    }
}
