//! The web door: calls from browsers by WHIP (RFC 9725), sound over ICE and DTLS-SRTP.
//!
//! `whip.rs` answers HTTP, `peer.rs` is the connection to one browser (the only user of the webrtc crate on the
//! gateway's side), `signalling.rs` is the call as the pipeline sees it, `sessions.rs` remembers which bearer opens
//! which call. Who calls is what was typed (`info.rs`) and what somebody we trust has signed (`token.rs`).

pub mod info;
pub mod sessions;
pub mod token;

pub use info::CallInfo;
pub use sessions::Sessions;
pub use token::Tokens;
