//! Transmissions on disk: a small JSON file each, written whole or not at all. Never a key, never a record.

use super::{Content, Transmission};
use crate::standard::code::{Action, BusinessCode};
use crate::standard::moment::Moment;
use crate::standard::random::Random;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The folder they lie in.
pub struct Shelf {
    folder: PathBuf,
}

/// Why what is on disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The disk refuses.
    #[error("cannot {act} {path}: {reason}; give another folder with --state, or let this user write there")]
    Disk {
        /// What was to be done.
        act: &'static str,
        /// With what.
        path: PathBuf,
        /// The operating system's words.
        reason: io::Error,
    },
    /// A file holds something else.
    #[error(
        "{path} holds no transmission ({reason}); if it cannot be mended, delete it: its content is then sent as a new exchange"
    )]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A transmission as its file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    url: String,
    appid: String,
    busicode: String,
    action: String,
    digest: String,
    random: String,
    file: PathBuf,
    begun: String,
    tries: u32,
    marked: u32,
    reason: String,
    next: Option<String>,
}

const EXTENSION: &str = "json";

impl Shelf {
    /// Opens a folder, and makes it where there is none. It is its owner's alone: who sends what to whom is nobody else's.
    pub fn open(folder: &Path) -> Result<Self, ShelfError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|reason| ShelfError::Disk { act: "make", path: folder.to_owned(), reason })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where a content's file is, or would be.
    pub fn path(&self, content: &Content) -> PathBuf {
        self.folder.join(content.id()).with_extension(EXTENSION)
    }

    /// The transmission of a content, if it is not settled.
    pub fn find(&self, content: &Content) -> Result<Option<Transmission>, ShelfError> {
        read(&self.path(content))
    }

    /// Puts a new transmission there. Where another process was quicker with the same content, gives the one that is there: two
    /// randoms for one content would be two exchanges.
    pub fn begin(&self, transmission: &Transmission) -> Result<Option<Transmission>, ShelfError> {
        let path = self.path(&transmission.content);
        let whole = self.write(transmission)?;
        // A link is made whole or not at all, and never over another file.
        let linked = fs::hard_link(&whole, &path);
        let removed = fs::remove_file(&whole).map_err(disk("remove", &whole));
        match linked {
            Ok(()) => {
                removed?;
                self.settle()?;
                Ok(None)
            }
            Err(reason) if reason.kind() == io::ErrorKind::AlreadyExists => read(&path),
            Err(reason) => Err(ShelfError::Disk { act: "make", path, reason }),
        }
    }

    /// Replaces what is there of a transmission.
    pub fn put(&self, transmission: &Transmission) -> Result<(), ShelfError> {
        let (whole, path) = (self.write(transmission)?, self.path(&transmission.content));
        fs::rename(&whole, &path).map_err(disk("replace", &path))?;
        self.settle()
    }

    /// Takes a settled transmission away; that another process has done so before is as good.
    pub fn remove(&self, content: &Content) -> Result<(), ShelfError> {
        let path = self.path(content);
        match fs::remove_file(&path) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                Err(ShelfError::Disk { act: "remove", path, reason })
            }
            _ => self.settle(),
        }
    }

    /// Everything that is not settled, the oldest first, and what cannot be read, which is no reason to hold up the rest.
    pub fn all(&self) -> Result<(Vec<Transmission>, Vec<ShelfError>), ShelfError> {
        let (mut all, mut bad) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.folder).map_err(disk("read", &self.folder))? {
            let path = entry.map_err(disk("read", &self.folder))?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                match read(&path) {
                    Ok(kept) => all.extend(kept),
                    Err(error) => bad.push(error),
                }
            }
        }
        all.sort_by_key(|transmission| transmission.begun);
        Ok((all, bad))
    }

    /// Writes a file of another name, and sees it on disk.
    fn write(&self, transmission: &Transmission) -> Result<PathBuf, ShelfError> {
        let path = self.folder.join(format!("{}.writing", Uuid::new_v4()));
        let text = serde_json::to_string_pretty(&Kept::of(transmission));
        let text = text.map_err(|error| disk("write", &path)(error.into()))?;
        let mut file = File::create_new(&path).map_err(disk("make", &path))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(disk("write", &path))?;
        Ok(path)
    }

    /// Sees the names of the folder on disk.
    fn settle(&self) -> Result<(), ShelfError> {
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(disk("write", &self.folder))
    }
}

fn disk<'a>(act: &'static str, path: &'a Path) -> impl Fn(io::Error) -> ShelfError + use<'a> {
    move |reason| ShelfError::Disk { act, path: path.to_owned(), reason }
}

fn read(path: &Path) -> Result<Option<Transmission>, ShelfError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(reason) => return Err(ShelfError::Disk { act: "read", path: path.to_owned(), reason }),
    };
    let bad = |reason: String| ShelfError::Bad { path: path.to_owned(), reason };
    let kept: Kept = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    kept.read().map(Some).map_err(bad)
}

impl Kept {
    fn of(transmission: &Transmission) -> Self {
        let content = &transmission.content;
        Self {
            url: content.url.clone(),
            appid: content.appid.clone(),
            busicode: content.busicode.to_string(),
            action: content.action.code().to_owned(),
            digest: content.digest.clone(),
            random: transmission.random.to_string(),
            file: transmission.file.clone(),
            begun: transmission.begun.to_rfc3339(),
            tries: transmission.tries,
            marked: transmission.marked,
            reason: transmission.reason.clone(),
            next: transmission.next.map(Moment::to_rfc3339),
        }
    }

    fn read(self) -> Result<Transmission, String> {
        let moment = |text: &str| Moment::parse(text).map_err(|error| error.to_string());
        let content = Content {
            url: self.url,
            appid: self.appid,
            busicode: BusinessCode::parse(&self.busicode).map_err(|error| error.to_string())?,
            action: Action::parse(&self.action).map_err(|error| error.to_string())?,
            digest: self.digest,
        };
        Ok(Transmission {
            content,
            random: Random::parse(&self.random).map_err(|error| error.to_string())?,
            file: self.file,
            begun: moment(&self.begun)?,
            tries: self.tries,
            marked: self.marked,
            reason: self.reason,
            next: self.next.as_deref().map(moment).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transmission(list: &str, random: &str) -> Transmission {
        let content = Content::new("http://n/sesame", "a", BusinessCode::parse("003").unwrap(), Action::Add, list);
        let begun = Moment::from_micros(1_700_000_000_000_000 + list.len() as i64);
        Transmission::new(content, Random::parse(random).unwrap(), "/data/a.json".into(), begun)
    }

    #[test]
    fn what_is_kept_is_found_again_until_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a/b")).unwrap();
        let (mut one, other) = (transmission("[1]", "r1"), transmission("[12]", "r2"));
        assert_eq!(shelf.find(&one.content).unwrap(), None);
        assert_eq!((shelf.begin(&one).unwrap(), shelf.begin(&other).unwrap()), (None, None));
        one.tries = 3;
        one.reason = "the node\nis \"away\"".to_owned();
        one.next = Some(Moment::from_micros(1_800_000_000_000_000));
        shelf.put(&one).unwrap();
        let shelf = Shelf::open(&folder.path().join("a/b")).unwrap();
        assert_eq!(shelf.find(&one.content).unwrap().as_ref(), Some(&one));
        assert_eq!(shelf.all().unwrap().0, [one.clone(), other]);
        shelf.remove(&one.content).unwrap();
        shelf.remove(&one.content).unwrap();
        assert_eq!(shelf.find(&one.content).unwrap(), None);
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1, "nothing else is left over");
    }

    #[test]
    fn invariant_2_one_content_has_one_random_whoever_begins_first() {
        let folder = tempfile::tempdir().unwrap();
        let randoms: Vec<String> = (0..16).map(|n| format!("r{n}")).collect();
        let found: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let begun: Vec<_> = randoms
                .iter()
                .map(|random| {
                    let shelf = Shelf::open(folder.path()).unwrap();
                    scope.spawn(move || {
                        let mine = transmission("[1]", random);
                        shelf.begin(&mine).unwrap().unwrap_or(mine).random.to_string()
                    })
                })
                .collect();
            begun.into_iter().map(|begun| begun.join().unwrap()).collect()
        });
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_file_half_written_by_a_crash_is_not_taken_for_a_transmission() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(folder.path()).unwrap();
        fs::write(folder.path().join("x.writing"), "{\"url\":").unwrap();
        assert!(shelf.all().unwrap().0.is_empty());
        let kept = transmission("[1]", "r");
        shelf.begin(&kept).unwrap();
        fs::write(shelf.path(&kept.content), "{\"url\":").unwrap();
        let error = shelf.find(&kept.content).unwrap_err().to_string();
        assert!(error.contains("holds no transmission") && error.contains("delete it"), "{error}");
        let good = transmission("[2]", "r");
        shelf.begin(&good).unwrap();
        let (all, bad) = shelf.all().unwrap();
        assert_eq!((all, bad.len()), (vec![good], 1), "one that is damaged holds up no other");
    }
}
