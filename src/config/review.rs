//! How soon drafts are decided by a person.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::check::value_error;
use super::{Config, ConfigError};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    pub due_min: DueMinutes,
}

/// Minutes after the end of its call by which a draft is to be decided, by the draft's urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DueMinutes {
    pub emergency: u32,
    pub urgent: u32,
    pub high: u32,
    pub normal: u32,
    pub low: u32,
}

impl Default for DueMinutes {
    fn default() -> Self {
        Self { emergency: 0, urgent: 10, high: 30, normal: 120, low: 480 }
    }
}

/// Two weeks: more is a slip of the key.
const MOST_MIN: u32 = 14 * 24 * 60;

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let DueMinutes { emergency, urgent, high, normal, low } = config.review.due_min;
    let classes = [("emergency", emergency), ("urgent", urgent), ("high", high), ("normal", normal), ("low", low)];
    for pair in classes.windows(2) {
        let [(sooner, less), (class, minutes)] = pair else { continue };
        if minutes < less {
            let expected = format!("not below {sooner} = {less}: what is less urgent waits no shorter");
            return value_error(path, &format!("review.due_min.{class}"), minutes, &expected);
        }
    }
    if low > MOST_MIN {
        return value_error(path, "review.due_min.low", &low, "at most 20160 minutes, two weeks");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("heardline.toml")).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_less_urgent_waits_no_shorter() {
        let due = parsed("[review]\ndue_min = { high = 15, low = 120 }").unwrap().review.due_min;
        assert_eq!((due.urgent, due.high, due.low), (10, 15, 120), "what is left out has its default");
        let error = parsed("[review.due_min]\nnormal = 5").unwrap_err();
        assert!(error.contains("review.due_min.normal = 5") && error.contains("not below high = 30"), "{error}");
        assert!(parsed("[review.due_min]\nlow = 30000").unwrap_err().contains("two weeks"));
        assert!(parsed("[review.due_min]\nlowest = 9").is_err());
    }
}
