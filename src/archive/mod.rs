//! Files of what the store has let go: one for each table and month, compressed, one JSON object a line, with a last line that
//! tells how many there are and their digest. So a file is read with `zstd -dc`, and a torn one is known as such. Nothing here
//! knows PostgreSQL.

mod reader;
mod writer;

pub use reader::{ArchiveError, Checked, check, list, read};
pub use writer::Writer;

use crate::standard::month::Month;
use serde::{Deserialize, Serialize};

/// The last line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Region of the node.
    pub node: String,
    /// The table.
    pub table: String,
    /// The month, as 2026-01.
    pub month: String,
    /// Lines before this one.
    pub rows: u64,
    /// SM3 of everything before this line, in upper-case hex.
    pub sm3: String,
}

/// The last line, told from rows by its one key.
#[derive(Debug, Serialize, Deserialize)]
struct LastLine {
    archive: Trailer,
}

/// What a file's name ends with.
const ENDING: &str = ".jsonl.zst";

/// The name of the n-th file of a table and month, from 1: entries that came after their month was archived make a second.
fn file_name(table: &str, month: Month, nth: u32) -> String {
    if nth == 1 { format!("{table}-{month}{ENDING}") } else { format!("{table}-{month}-{nth}{ENDING}") }
}
