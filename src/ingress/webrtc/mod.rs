//! The web door: calls from browsers by WHIP (RFC 9725), sound over ICE and DTLS-SRTP.
//!
//! `whip.rs` answers HTTP, `peer.rs` is the connection to one browser (the only user of the webrtc crate on the
//! gateway's side), `signalling.rs` is the call as the pipeline sees it, `sessions.rs` remembers which bearer opens
//! which call. `source.rs` says whose request it is, `ice_servers.rs` which servers help a browser to reach us.

pub mod ice_servers;
pub mod sessions;
pub mod source;

pub use ice_servers::IceServers;
pub use sessions::Sessions;
