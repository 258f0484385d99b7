//! Who called, and how far that is verified.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// An identity as one header stated it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `sip:`, `sips:` or `tel:` URI, without parameters. Empty when only a name was given.
    pub uri: String,
    /// User part when it looks like a telephone number: digits with an optional leading `+`.
    pub number: Option<String>,
    /// Display name, bounded and without control characters.
    pub display_name: Option<String>,
    /// The caller's name in the books of who signed the token (`sub`, RFC 7519 section 4.1.2), bounded.
    #[serde(default)]
    pub subject: Option<String>,
}

/// Identities are never mixed: `From`, or what was typed into a form, is what the caller says, P-Asserted-Identity
/// (RFC 3325) is what a trusted trunk says. One from an untrusted source is dropped before it gets here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// What a signed token says that was checked (RFC 7519): the only identity that is proved.
    #[serde(default)]
    pub verified: Option<Identity>,
    pub claimed: Option<Identity>,
    pub asserted: Option<Identity>,
    /// The caller asked for privacy (`Privacy: id`, RFC 3323, or `anonymous.invalid`).
    pub withheld: bool,
}

impl Party {
    /// The surest number known of the caller: proved, asserted by a trusted trunk, claimed. `None` when withheld.
    pub fn number(&self) -> Option<&str> {
        let known = [&self.verified, &self.asserted, &self.claimed].into_iter().flatten();
        known.filter(|_| !self.withheld).find_map(|identity| identity.number.as_deref())
    }
}

/// The door the call came through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Origin {
    /// A file given on the command line: nobody called.
    File,
    Sip {
        /// The peer's Call-ID string, bounded; for logs of both sides to be matched, never a key.
        sip_call_id: String,
        source: SocketAddr,
        transport: String,
        user_agent: Option<String>,
    },
    /// From a browser, or another WHIP client (RFC 9725).
    #[serde(rename = "webrtc")]
    WebRtc {
        /// Where the offer came from; behind a trusted proxy, the address it names.
        source: IpAddr,
        user_agent: Option<String>,
        /// Page that asked, when it is another site's.
        origin: Option<String>,
    },
}
