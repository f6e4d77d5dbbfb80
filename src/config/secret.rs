//! Values that may stand in the settings themselves, in a file of their own, or in the environment.

use super::ConfigError;
use serde::Deserialize;
use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::standard::cipher::Key;

/// A key of 32 hex digits, or the file that holds it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct KeySource(Key);

impl KeySource {
    /// The key.
    pub fn key(&self) -> &Key {
        &self.0
    }
}

impl TryFrom<String> for KeySource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = read(&text).map_err(|e| e.to_string())?;
        Key::parse(&text).map(Self).map_err(|e| e.to_string())
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySource(..)")
    }
}

/// A text that may be secret, or the file that holds it: never shown by `Debug`.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct TextSource(String);

impl TextSource {
    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TextSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        read(&text).map(Self).map_err(|e| e.to_string())
    }
}

impl fmt::Debug for TextSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextSource(..)")
    }
}

thread_local! {
    /// Where relative paths start while settings are read: serde hands a value its text, and nothing about the file.
    static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Reads settings whose `file:` paths are seen from `folder`.
pub(super) fn within<T>(folder: &Path, read: impl FnOnce() -> T) -> T {
    let before = FOLDER.replace(Some(folder.to_owned()));
    let result = read();
    FOLDER.set(before);
    result
}

/// `file:PATH` stands for the content of the file, without the line's end.
fn read(text: &str) -> Result<String, ConfigError> {
    let Some(path) = text.strip_prefix("file:") else { return Ok(text.to_owned()) };
    let path = FOLDER.with_borrow(|folder| folder.as_deref().unwrap_or(Path::new("")).join(path));
    let content = std::fs::read_to_string(&path).map_err(|reason| ConfigError::Unreadable { path, reason })?;
    Ok(content.trim_end_matches(['\n', '\r']).to_owned())
}
