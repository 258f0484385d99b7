//! (to be written)

pub mod party;
pub mod sdp;
