//! `[retention]`

use serde::{Deserialize, Deserializer, de::Error};
use std::path::PathBuf;

/// How long the interface log, bodies and changes are kept in the store, and where they go then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Whole months kept in the store before the present one.
    #[serde(deserialize_with = "months")]
    pub keep_months: u16,
    /// Folder that older months are written to before they are dropped. None: they are kept.
    pub archive: Option<PathBuf>,
    /// Whether older months are dropped without having been archived.
    pub drop_unarchived: bool,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { keep_months: 13, archive: None, drop_unarchived: false }
    }
}

/// More is for ever.
const MOST: u16 = 1_200;

fn months<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    match u16::deserialize(deserializer)? {
        months @ 1..=MOST => Ok(months),
        months => Err(D::Error::custom(format!("keep_months is {months}: give 1 to {MOST} months"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_kept_for_a_year_and_one_by_default_and_none_is_refused() {
        assert_eq!(toml::from_str::<RetentionSettings>("").unwrap(), RetentionSettings::default());
        assert_eq!(toml::from_str::<RetentionSettings>("keep_months = 1").unwrap().keep_months, 1);
        for bad in ["keep_months = 0", "keep_months = 1201", "keep_months = -1", "keep = 3"] {
            assert!(toml::from_str::<RetentionSettings>(bad).is_err(), "{bad}");
        }
    }
}
