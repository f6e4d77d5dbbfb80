//! Why a dictionary cannot be used. Operators see these at start, so they name the file, the place and the remedy.

use std::io;
use std::path::PathBuf;

/// A directory or file of the data dictionary that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// A file or the directory cannot be read.
    #[error("cannot read the data dictionary {path}: {source}; check that it exists and may be read")]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// The reason the operating system gives.
        source: io::Error,
    },
    /// A file is no JSON, or lacks a part that every file has.
    #[error("data dictionary file {file}: {source}; correct the file at that place")]
    NotReadable {
        /// The name of the file.
        file: String,
        /// What the JSON reader says, with line and column.
        source: serde_json::Error,
    },
    /// A file is JSON but says something that cannot be.
    #[error("data dictionary file {file}, {place}: {reason}; {remedy}")]
    Wrong {
        /// The name of the file.
        file: String,
        /// Where in the file: `x-key`, `properties.XKZBH`.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// There is not one dataset.
    #[error("the data dictionary {path} has no dataset; put files like 001.json and codelists.json there")]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

/// Makes errors about one file.
#[derive(Clone, Copy)]
pub(super) struct InFile<'a>(pub &'a str);

impl InFile<'_> {
    pub(super) fn unreadable(self, source: serde_json::Error) -> DictionaryError {
        DictionaryError::NotReadable { file: self.0.to_owned(), source }
    }

    pub(super) fn wrong(self, place: &str, reason: impl Into<String>, remedy: impl Into<String>) -> DictionaryError {
        DictionaryError::Wrong {
            file: self.0.to_owned(),
            place: place.to_owned(),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}
