//! What can be wrong with certificates' files.

use std::path::PathBuf;

/// Files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path} ({setting}): {reason}; give the right path, or let this user read it")]
    Unreadable {
        /// Section and key of the settings.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A file holds nothing of the kind.
    #[error("{path} ({setting}) holds no {wanted} in PEM form (-----BEGIN ...)")]
    Empty {
        /// Section and key of the settings.
        setting: String,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A file holds something that cannot be used.
    #[error("{path} ({setting}) cannot be used: {reason}")]
    Invalid {
        /// Section and key of the settings.
        setting: String,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The files do not go together.
    #[error("{setting}: {reason}")]
    Unfit {
        /// Section of the settings.
        setting: String,
        /// Why.
        reason: String,
    },
}
