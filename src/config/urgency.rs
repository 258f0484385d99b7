//! How soon matters of each urgency are seen to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::check::value_error;
use super::{Config, ConfigError};

/// Hours within which somebody must act, by the draft's urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UrgencyHours {
    pub emergency_h: u32,
    pub urgent_h: u32,
    pub high_h: u32,
    pub normal_h: u32,
    pub low_h: u32,
}

impl Default for UrgencyHours {
    fn default() -> Self {
        Self { emergency_h: 0, urgent_h: 2, high_h: 24, normal_h: 7 * 24, low_h: 15 * 24 }
    }
}

/// A year: more is a slip of the key.
const MOST_H: u32 = 366 * 24;

pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let UrgencyHours { emergency_h, urgent_h, high_h, normal_h, low_h } = config.urgency;
    let classes = [
        ("urgency.emergency_h", emergency_h),
        ("urgency.urgent_h", urgent_h),
        ("urgency.high_h", high_h),
        ("urgency.normal_h", normal_h),
        ("urgency.low_h", low_h),
    ];
    for pair in classes.windows(2) {
        let [(sooner, less), (key, hours)] = pair else { continue };
        if hours <= less {
            let expected = format!("above {sooner} = {less}: what is less urgent has more time");
            return value_error(path, key, hours, &expected);
        }
    }
    if low_h > MOST_H {
        return value_error(path, "urgency.low_h", &low_h, "at most 8784 hours, a year");
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
    fn what_is_less_urgent_has_more_time() {
        assert_eq!(parsed("[urgency]\nhigh_h = 12").unwrap().urgency.high_h, 12);
        let error = parsed("[urgency]\nurgent_h = 24").unwrap_err();
        assert!(error.contains("urgency.high_h = 24") && error.contains("above urgency.urgent_h = 24"), "{error}");
        assert!(parsed("[urgency]\nlow_h = 9000").unwrap_err().contains("a year"));
        assert!(parsed("[urgency]\nlow_hours = 9").is_err());
    }
}
