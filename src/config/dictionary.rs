//! `[dictionary]`

use serde::Deserialize;
use std::path::PathBuf;

/// Where the data dictionary is, if not the built-in one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DictionarySettings {
    /// Folder of the datasets: `001.json` and so on, and the code lists.
    pub datasets: Option<PathBuf>,
    /// The region table.
    pub regions: Option<PathBuf>,
}
