//! What differs between two configurations, key by key, and what of it takes a restart.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Config;

/// Keys (or the tables they begin) that a running gateway can take over.
const LIVE: [&str; 13] = [
    "call",
    "desk.tls_certificate",
    "desk.tls_key",
    "line",
    "trunk",
    "data.min_free_mib",
    "public.tls_certificate",
    "public.tls_key",
    "review",
    "sip.max_calls",
    "sip.tls_certificate",
    "sip.tls_key",
    "urgency",
];

/// Keys that differ, in alphabetical order: `line` and `trunk` as a whole, others as `table.key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub live: Vec<String>,
    pub needs_restart: Vec<String>,
}

impl Changes {
    pub fn between(old: &Config, new: &Config) -> Self {
        let (old, new) = (leaves(old), leaves(new));
        let keys: BTreeSet<&String> = old.symmetric_difference(&new).map(|(key, _)| key).collect();
        let (live, needs_restart) = keys.into_iter().cloned().partition(|key| is_live(key));
        Self { live, needs_restart }
    }
}

impl Config {
    /// `self` with everything of `new` that can be taken over without a restart.
    pub fn with_live_of(&self, new: &Self) -> Self {
        let mut merged = self.clone();
        merged.call.clone_from(&new.call);
        merged.lines.clone_from(&new.lines);
        merged.trunks.clone_from(&new.trunks);
        merged.data.min_free_mib = new.data.min_free_mib;
        merged.desk.tls_certificate.clone_from(&new.desk.tls_certificate);
        merged.desk.tls_key.clone_from(&new.desk.tls_key);
        merged.public.tls_certificate.clone_from(&new.public.tls_certificate);
        merged.public.tls_key.clone_from(&new.public.tls_key);
        merged.sip.max_calls = new.sip.max_calls;
        merged.sip.tls_certificate.clone_from(&new.sip.tls_certificate);
        merged.sip.tls_key.clone_from(&new.sip.tls_key);
        merged.urgency = new.urgency;
        merged.review = new.review;
        merged
    }
}

fn is_live(key: &str) -> bool {
    LIVE.iter().any(|live| key == *live || key.strip_prefix(live).is_some_and(|rest| rest.starts_with('.')))
}

/// Every key with its value as text.
fn leaves(config: &Config) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    if let Ok(Value::Object(tables)) = serde_json::to_value(config) {
        for (table, value) in tables {
            match value {
                Value::Object(keys) => {
                    found.extend(keys.into_iter().map(|(key, value)| (format!("{table}.{key}"), value.to_string())));
                }
                whole => {
                    found.insert((table, whole.to_string()));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("heardline.toml")).unwrap()
    }

    #[test]
    fn each_changed_key_is_named_and_sorted_by_whether_it_takes_a_restart() {
        let old = config("");
        let new = config(
            "[data]\nmin_free_mib = 5\n[sip]\nlisten = [\"udp:127.0.0.1:5070\"]\nmax_calls = 7\n[speech]\nworkers = 1\n\
             [call]\nsilence_ask_s = 30\n[[line]]\nretention_days = 3\n[[trunk]]\nname = \"a\"\nallow = [\"192.0.2.0/24\"]\n",
        );
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.live, ["call.silence_ask_s", "data.min_free_mib", "line", "sip.max_calls", "trunk"]);
        assert_eq!(changes.needs_restart, ["sip.listen", "speech.workers"]);
        assert_eq!(Changes::between(&new, &new), Changes::default());
    }

    #[test]
    fn what_is_called_live_is_taken_over_and_nothing_else() {
        let old = config("");
        let new = config(
            "[data]\ndir = \"elsewhere\"\nmin_free_mib = 5\n[sip]\nmax_calls = 7\ntls_certificate = \"a\"\ntls_key = \"b\"\n\
             codecs = [\"pcmu\"]\n[call]\ndrain_s = 1\n[[line]]\nname = \"x\"\n[[trunk]]\nname = \"a\"\nallow = [\"::1/128\"]\n",
        );
        let changes = Changes::between(&old, &new);
        let merged = old.with_live_of(&new);
        assert_eq!(Changes::between(&old, &merged).live, changes.live);
        assert!(Changes::between(&old, &merged).needs_restart.is_empty());
        assert_eq!(Changes::between(&merged, &new), Changes { live: vec![], needs_restart: changes.needs_restart });
    }
}
