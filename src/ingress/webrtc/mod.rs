//! The web door: calls from browsers by WHIP (RFC 9725), sound over ICE and DTLS-SRTP.
//!
//! `whip.rs` answers HTTP, `peer.rs` is the connection to one browser (the only user of the webrtc crate on the
//! gateway's side), `door.rs` says who may call, `call.rs` is one call as the pipeline sees it. Who calls is what was
//! typed (`info.rs`) and what somebody we trust has signed (`token.rs`); `source.rs` says from where. `sessions.rs`
//! remembers which bearer opens which call, `ice_servers.rs` which servers help a browser to reach us.
//! `caller/` is the other side: a browser made of software.

mod answer;
mod call;
pub mod caller;
mod callers;
mod door;
mod fragment;
pub mod ice_servers;
pub mod info;
pub mod offer;
mod peer;
mod ports;
pub mod sessions;
mod socket;
pub mod source;
mod tap;
pub mod token;
mod whip;

pub use door::WebDoor;
pub use ice_servers::IceServers;
pub use sessions::Sessions;
pub use token::{TokenKeyError, Tokens};
pub use whip::routes;
