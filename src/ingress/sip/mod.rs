//! (to be written)

pub mod caller;
pub mod party;
pub mod sdp;
