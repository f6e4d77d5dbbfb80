//! Why a dictionary cannot be used. Operators see these at start and from `sesame dataset check`, so they name the file, the
//! line, the place and the remedy, and as many of them are told at once as can be told apart.

use super::locate::line_of;
use crate::standard::table::{BadTable, BadTables};
use jsonschema::ValidationError;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// One mistake in a directory or file of the data dictionary.
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
    #[error("{file}: {source}; correct the file at that place")]
    NotReadable {
        /// The name of the file.
        file: String,
        /// What the JSON reader says, with line and column.
        source: serde_json::Error,
    },
    /// A file is JSON but says something that cannot be.
    #[error("{file}, line {line}, {place}: {reason}; {remedy}")]
    Wrong {
        /// The name of the file.
        file: String,
        /// The line on which the place begins.
        line: usize,
        /// Where in the file: `x-key`, `properties.XKZBH`.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A row of the equipment catalogue, or of the region table, cannot be used.
    #[error(transparent)]
    Table(BadTable),
    /// There is not one dataset.
    #[error("the data dictionary {path} has no dataset; put files like 001.json and codelists.json there")]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

/// Every mistake of a dictionary; at least one.
#[derive(Debug, thiserror::Error)]
pub struct DictionaryErrors(pub Vec<DictionaryError>);

impl fmt::Display for DictionaryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data dictionary cannot be used:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl From<DictionaryError> for DictionaryErrors {
    fn from(error: DictionaryError) -> Self {
        Self(vec![error])
    }
}

impl From<BadTables> for DictionaryErrors {
    fn from(BadTables(mistakes): BadTables) -> Self {
        Self(mistakes.into_iter().map(DictionaryError::Table).collect())
    }
}

/// Makes errors about one file.
#[derive(Clone, Copy)]
pub(super) struct InFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl InFile<'_> {
    pub(super) fn unreadable(self, source: serde_json::Error) -> DictionaryError {
        DictionaryError::NotReadable { file: self.name.to_owned(), source }
    }

    /// A schema that the schema library does not take, below `within`.
    pub(super) fn schema_error(self, within: &str, error: &ValidationError<'_>) -> DictionaryError {
        // The schema itself is the instance of its meta-schema; what fails later names a place in the schema.
        let paths = [error.instance_path().as_str(), error.schema_path().as_str()];
        let below = paths.into_iter().find(|path| !path.is_empty()).unwrap_or_default().trim_start_matches('/');
        let below = below.replace('/', ".");
        let place = [within, &below].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        self.wrong(&place, error.to_string(), "correct the JSON Schema (2020-12)")
    }

    /// `place` is a path of members joined by points.
    pub(super) fn wrong(self, place: &str, reason: impl Into<String>, remedy: impl Into<String>) -> DictionaryError {
        DictionaryError::Wrong {
            file: self.name.to_owned(),
            line: line_of(self.text, place.split('.')).unwrap_or(1),
            place: place.to_owned(),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}
