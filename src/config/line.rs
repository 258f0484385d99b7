//! A line: who reaches it, what is spoken there, and how long a call may be silent or last.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::limits;
use crate::call::{Language, Places, Script, SpokenHere};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Line {
    pub name: String,
    /// Dialled numbers that reach this line; `*` is any.
    pub numbers: Vec<String>,
    /// Spoken languages, the first one is greeted first.
    pub languages: Vec<Language>,
    /// How Chinese is written: `zh-Hans` or `zh-Hant`. Without it: as the recogniser writes it, which may mix both.
    pub script: Option<Script>,
    /// Names of streets, districts and agencies that callers say; the recogniser is told to expect them.
    pub hot_words: Vec<String>,
    /// File with more names of places, one a line, each perhaps with a tab and its district.
    pub gazetteer: Option<PathBuf>,
    /// Hot words and gazetteer, as read at start.
    #[serde(skip)]
    pub places: Arc<Places>,
    /// Country codes (ISO 3166-1 alpha-2) whose numbering plans a spoken number is read by, in this order.
    pub regions: Vec<String>,
    /// The number the notice names for danger.
    pub emergency_number: String,
    /// SIP URI that an agent may pass a live call on to. Without it: none is passed on.
    pub emergency_transfer: Option<String>,
    /// Where its callers live, an IANA time zone: "yesterday" is counted there.
    pub time_zone: String,
    pub record_before_notice_ends: bool,
    /// Folder with `<language>/<prompt>.wav` that replaces the built-in prompts.
    pub prompts: Option<PathBuf>,
    /// Days after its end that a call is kept; then sound, words, drafts and deliveries are erased.
    pub retention_days: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            name: "default".into(),
            numbers: vec!["*".into()],
            languages: vec![Language::En, Language::Zh],
            script: None,
            hot_words: Vec::new(),
            gazetteer: None,
            places: Arc::default(),
            regions: vec!["US".into(), "CN".into(), "HK".into()],
            emergency_number: "112".into(),
            emergency_transfer: None,
            time_zone: "UTC".into(),
            record_before_notice_ends: true,
            prompts: None,
            retention_days: 90,
        }
    }
}

impl Line {
    /// What recognisers may expect of its callers.
    pub fn spoken_here(&self) -> SpokenHere {
        SpokenHere { languages: self.languages.clone(), script: self.script, hot_words: self.hot_words.clone() }
    }
}

/// Silence and length rules of a call, seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallRules {
    pub silence_ask_s: u64,
    pub silence_end_s: u64,
    /// A caller who stops is asked for the place and the number that are missing, and hears a spoken number read back.
    pub follow_up: bool,
    pub follow_up_after_s: u64,
    pub warn_after_s: u64,
    pub end_after_s: u64,
    pub no_media_s: u64,
    pub media_lost_s: u64,
    /// After SIGTERM running calls may go on this long before they end with a spoken close.
    pub drain_s: u64,
}

impl Default for CallRules {
    fn default() -> Self {
        Self {
            silence_ask_s: 12,
            silence_end_s: 8,
            follow_up: true,
            follow_up_after_s: 4,
            warn_after_s: 28 * 60,
            end_after_s: 30 * 60,
            no_media_s: limits::NO_MEDIA.as_secs(),
            media_lost_s: limits::MEDIA_LOST.as_secs(),
            drain_s: 120,
        }
    }
}
