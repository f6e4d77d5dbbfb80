//! Writing an archive file: under another name until it is whole and on the disk.

use super::{ArchiveError, LastLine, Trailer, check, file_name};
use crate::standard::month::Month;
use sm3::{Digest, Sm3};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use zstd::stream::write::Encoder;

/// A file being written.
pub struct Writer {
    folder: PathBuf,
    partial: PathBuf,
    encoder: Encoder<'static, BufWriter<File>>,
    digest: Sm3,
    trailer: Trailer,
    month: Month,
}

/// Files are written once and read seldom.
const LEVEL: i32 = 9;

impl Writer {
    /// Begins a file of a node's table and month in a folder that is there. What an earlier attempt left is written over.
    pub fn begin(folder: &Path, node: &str, table: &str, month: Month) -> Result<Self, ArchiveError> {
        let partial = folder.join(format!(".{}.partial", file_name(table, month, 1)));
        let file = File::create(&partial).map_err(ArchiveError::io("create", &partial))?;
        let encoder = Encoder::new(BufWriter::new(file), LEVEL).map_err(ArchiveError::io("write", &partial))?;
        let trailer = Trailer {
            node: node.to_owned(),
            table: table.to_owned(),
            month: month.to_string(),
            rows: 0,
            sm3: String::new(),
        };
        Ok(Self { folder: folder.to_owned(), partial, encoder, digest: Sm3::new(), trailer, month })
    }

    /// Adds a row: the text of a JSON object, and a body (zstd), which becomes its member `busilist`. A body that is no
    /// compressed text is kept as it is, in hex, as `body`.
    pub fn row(&mut self, json: &str, body: Option<&[u8]>) -> Result<(), ArchiveError> {
        let line = match body {
            Some(body) => format!("{}\n", with_body(json.trim_end(), body)),
            None => format!("{}\n", json.trim_end()),
        };
        self.digest.update(line.as_bytes());
        self.trailer.rows += 1;
        self.encoder.write_all(line.as_bytes()).map_err(ArchiveError::io("write", &self.partial))
    }

    /// Ends the file, brings it to the disk and gives it its name, which is returned. A file of this name with the same rows is
    /// what an earlier attempt has written; with other rows, this one becomes a further file of the month.
    pub fn finish(mut self) -> Result<(PathBuf, Trailer), ArchiveError> {
        self.trailer.sm3 = hex::encode_upper(self.digest.finalize());
        let failed = |doing| ArchiveError::io(doing, &self.partial);
        let last = serde_json::to_string(&LastLine { archive: self.trailer.clone() })
            .map_err(|e| failed("write")(e.into()))?;
        self.encoder.write_all(format!("{last}\n").as_bytes()).map_err(failed("write"))?;
        let buffered = self.encoder.finish().map_err(failed("write"))?;
        let file = buffered.into_inner().map_err(|e| failed("write")(e.into_error()))?;
        file.sync_all().map_err(failed("write"))?;
        for nth in 1.. {
            let path = self.folder.join(file_name(&self.trailer.table, self.month, nth));
            if path.exists() {
                if check(&path).is_ok_and(|checked| checked.trailer == self.trailer) {
                    fs::remove_file(&self.partial).map_err(failed("remove"))?;
                    return Ok((path, self.trailer));
                }
                continue;
            }
            fs::rename(&self.partial, &path).map_err(failed("rename"))?;
            // The name is on the disk once its folder is.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("name"))?;
            return Ok((path, self.trailer));
        }
        Err(failed("name")(std::io::ErrorKind::AlreadyExists.into()))
    }
}

/// The object with one more member.
fn with_body(json: &str, body: &[u8]) -> String {
    let text = zstd::stream::decode_all(body).ok().and_then(|text| String::from_utf8(text).ok());
    let (member, value) = match text {
        Some(text) => ("busilist", text),
        None => ("body", hex::encode(body)),
    };
    let open = json.strip_suffix('}').unwrap_or(json);
    let comma = if open.trim_end().ends_with('{') { "" } else { "," };
    format!("{open}{comma}\"{member}\":{}}}", serde_json::Value::String(value))
}
