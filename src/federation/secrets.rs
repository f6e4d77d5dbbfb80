//! Files that hold secrets: readable by their owner alone, and never written over.

use super::FederationError;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A new secret of 128 bits, as 32 hexadecimal digits: a key, or a password.
pub(super) fn draw() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

/// Makes a folder that its owner alone may enter, unless it is there.
pub(super) fn folder(path: &Path) -> Result<(), FederationError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|reason| FederationError::File { what: "make folder", path: path.to_owned(), reason })
}

/// The content of a file, without the line's end; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, FederationError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(FederationError::File { what: "read", path: path.to_owned(), reason }),
    }
}

/// Writes a file that must not be there yet.
pub(super) fn create(path: &Path, text: &str) -> Result<(), FederationError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{}", text.trim_end()).and_then(|()| file.sync_all()));
    written.map_err(|reason| FederationError::File { what: "write", path: path.to_owned(), reason })
}

/// Writes a file unless it is there; notes it in `created` if it was not. Answers what the file holds.
pub(super) fn keep_or_create(
    path: &Path,
    text: impl FnOnce() -> String,
    created: &mut Vec<PathBuf>,
) -> Result<String, FederationError> {
    if let Some(there) = read(path)? {
        return Ok(there);
    }
    let text = text();
    create(path, &text)?;
    created.push(path.to_owned());
    Ok(text)
}
