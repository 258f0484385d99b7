//! A prompt as the sender plays it.

/// Speech of the gateway, 8 kHz mono, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub pcm: Vec<i16>,
    pub text: String,
}
