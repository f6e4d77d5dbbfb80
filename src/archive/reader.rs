//! Reading archive files back, and knowing whether they are whole.

use super::{ENDING, LastLine, Trailer};
use sm3::{Digest, Sm3};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The operating system refuses.
    #[error("cannot {doing} {path}: {reason}; see that the folder is there, may be written to, and has room")]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file is not what it was when it was written.
    #[error("{path} is not whole: {problem}; take it from a copy")]
    Torn {
        /// The file.
        path: PathBuf,
        /// What shows it.
        problem: String,
    },
}

impl ArchiveError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| ArchiveError::Io { doing, path, reason }
    }
}

/// A file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its last line.
    pub trailer: Trailer,
    /// Its size as it lies on the disk, in bytes.
    pub bytes: u64,
}

/// Whether a file is whole.
pub fn check(path: &Path) -> Result<Checked, ArchiveError> {
    let trailer = read(path, |_| Ok(()))?;
    let bytes = fs::metadata(path).map_err(ArchiveError::io("read", path))?.len();
    Ok(Checked { trailer, bytes })
}

/// Gives every row to `take`, in the order written, then tells the last line. Rows have been given when a file turns out not to
/// be whole: [`check`] it first where that matters.
pub fn read(path: &Path, mut take: impl FnMut(&str) -> io::Result<()>) -> Result<Trailer, ArchiveError> {
    let torn = |problem: String| ArchiveError::Torn { path: path.to_owned(), problem };
    let file = File::open(path).map_err(ArchiveError::io("read", path))?;
    let decoder = zstd::stream::read::Decoder::new(file).map_err(ArchiveError::io("read", path))?;
    let mut lines = BufReader::with_capacity(1 << 16, decoder);
    let (mut digest, mut rows, mut line, mut next) = (Sm3::new(), 0, String::new(), String::new());
    let mut fetch = |into: &mut String| {
        into.clear();
        lines.read_line(into).map_err(|error| torn(error.to_string()))
    };
    if fetch(&mut line)? == 0 {
        return Err(torn("it is empty".to_owned()));
    }
    // One line ahead: the last is no row.
    while fetch(&mut next)? > 0 {
        digest.update(line.as_bytes());
        rows += 1;
        take(line.trim_end()).map_err(ArchiveError::io("print", path))?;
        std::mem::swap(&mut line, &mut next);
    }
    let LastLine { archive } = serde_json::from_str(&line).map_err(|_| torn("its last line is missing".to_owned()))?;
    let sm3 = hex::encode_upper(digest.finalize());
    if archive.rows != rows || archive.sm3 != sm3 {
        let problem = format!("{rows} rows with SM3 {sm3}, where {} with {} were written", archive.rows, archive.sm3);
        return Err(torn(problem));
    }
    Ok(archive)
}

/// The archive files in a folder, by their names.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(ArchiveError::io("read", folder))? {
        let entry = entry.map_err(ArchiveError::io("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(ENDING) && !name.starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use crate::standard::month::Month;

    fn month() -> Month {
        "2025-01".parse().unwrap()
    }

    fn write(folder: &Path, rows: &[&str]) -> PathBuf {
        let mut writer = Writer::begin(folder, "370203", "log", month()).unwrap();
        for row in rows {
            writer.row(row, None).unwrap();
        }
        writer.finish().unwrap().0
    }

    #[test]
    fn a_file_gives_back_what_was_written_with_its_bodies() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::begin(folder.path(), "370203", "batches", month()).unwrap();
        let body = zstd::bulk::compress("[{\"A\":\"一\"}]".as_bytes(), 1).unwrap();
        writer.row(r#"{"id": 1}"#, Some(&body)).unwrap();
        writer.row("{}", Some(b"\x00\xff")).unwrap();
        writer.row(r#"{"id": 3}"#, None).unwrap();
        let (path, trailer) = writer.finish().unwrap();
        assert_eq!(path.file_name().unwrap(), "batches-2025-01.jsonl.zst");
        let mut rows = Vec::new();
        let told = read(&path, |row| {
            rows.push(row.to_owned());
            Ok(())
        });
        assert_eq!(rows, [r#"{"id": 1,"busilist":"[{\"A\":\"一\"}]"}"#, r#"{"body":"00ff"}"#, r#"{"id": 3}"#]);
        assert_eq!((told.unwrap(), trailer.rows), (trailer, 3));
        assert_eq!(list(folder.path()).unwrap(), [path]);
    }

    #[test]
    fn a_torn_or_changed_file_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), &["{}"; 1000]);
        let whole = fs::read(&path).unwrap();
        for broken in [&whole[..whole.len() / 2], &whole[..0], b"no zstd".as_slice()] {
            fs::write(&path, broken).unwrap();
            assert!(check(&path).is_err());
        }
        let text = String::from_utf8(zstd::stream::decode_all(whole.as_slice()).unwrap()).unwrap();
        for changed in [text.replacen("{}", "{\"a\":1}", 1), text.replacen("{}\n", "", 1), "{}\n{}\n".to_owned()] {
            fs::write(&path, zstd::bulk::compress(changed.as_bytes(), 1).unwrap()).unwrap();
            assert!(matches!(check(&path), Err(ArchiveError::Torn { .. })), "{changed:.40}");
        }
    }

    #[test]
    fn the_same_rows_again_are_the_same_file_and_others_a_further_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path(), &["{}"]);
        assert_eq!(write(folder.path(), &["{}"]), first);
        let second = write(folder.path(), &["{\"late\":true}"]);
        assert_eq!(second.file_name().unwrap(), "log-2025-01-2.jsonl.zst");
        assert_eq!(write(folder.path(), &[]).file_name().unwrap(), "log-2025-01-3.jsonl.zst");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing partial is left");
        assert_eq!(check(&first).unwrap().trailer.rows, 1);
    }
}
