//! What is made of files, and made anew when they change.

use super::pem::{Content, Source};
use super::watch::Standing;
use super::{Expiry, TlsError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A value made of files.
pub(super) struct Material<T> {
    name: String,
    sources: Vec<Source>,
    make: Box<Make<T>>,
    current: RwLock<Arc<T>>,
    /// Counts the values made.
    generation: AtomicU64,
    look: Mutex<Look>,
}

type Make<T> = dyn Fn(&[Content<'_>]) -> Result<Made<T>, TlsError> + Send + Sync;

/// A value, and when the certificates in it end.
pub(super) struct Made<T> {
    pub(super) value: T,
    pub(super) expiries: Vec<Expiry>,
}

/// What the last look found.
struct Look {
    /// The files' content when a value was last made of them, or failed to be.
    content: Option<Vec<Vec<u8>>>,
    expiries: Vec<Expiry>,
    /// Why the files as they are now are not used.
    refused: Option<String>,
}

/// What a look changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// New files are in use.
    Taken,
    /// New files cannot be used; the old stay in use.
    Refused,
}

/// Something made of files, whatever it is.
pub(super) trait Watched: Send + Sync {
    fn look(&self) -> Change;
    fn standing(&self) -> Standing;
}

impl<T: Send + Sync> Material<T> {
    /// Makes the first value.
    pub(super) fn new(
        name: &str,
        sources: Vec<Source>,
        make: impl Fn(&[Content<'_>]) -> Result<Made<T>, TlsError> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, TlsError> {
        let content = read(&sources)?;
        let Made { value, expiries } = make(&contents(&sources, &content))?;
        Ok(Arc::new(Self {
            name: name.to_owned(),
            sources,
            make: Box::new(make),
            current: RwLock::new(Arc::new(value)),
            generation: AtomicU64::new(0),
            look: Mutex::new(Look { content: Some(content), expiries, refused: None }),
        }))
    }

    /// The value in use.
    pub(super) fn current(&self) -> Arc<T> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often the value has been replaced.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl<T: Send + Sync> Watched for Material<T> {
    fn look(&self) -> Change {
        // The lock guards plain data, which is whole even if a holder panicked.
        let mut look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        let (content, made) = match read(&self.sources) {
            Ok(content) if look.content.as_ref() == Some(&content) => return Change::None,
            Ok(content) => {
                let made = (self.make)(&contents(&self.sources, &content));
                (Some(content), made)
            }
            Err(error) => (None, Err(error)),
        };
        look.content = content;
        match made {
            Ok(Made { value, expiries }) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                self.generation.fetch_add(1, Ordering::Release);
                (look.expiries, look.refused) = (expiries, None);
                Change::Taken
            }
            Err(error) => {
                let known = look.refused.replace(error.to_string());
                if known == look.refused { Change::None } else { Change::Refused }
            }
        }
    }

    fn standing(&self) -> Standing {
        let look = self.look.lock().unwrap_or_else(PoisonError::into_inner);
        Standing { name: self.name.clone(), expiries: look.expiries.clone(), refused: look.refused.clone() }
    }
}

fn read(sources: &[Source]) -> Result<Vec<Vec<u8>>, TlsError> {
    sources.iter().map(Source::read).collect()
}

fn contents<'a>(sources: &'a [Source], content: &'a [Vec<u8>]) -> Vec<Content<'a>> {
    sources.iter().zip(content).map(|(source, bytes)| Content { source, bytes }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_taken_and_a_bad_one_leaves_the_old_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let source = Source::new("x", "y", &path);
        let material = Material::new("number", vec![source], |contents| {
            let text = String::from_utf8_lossy(contents[0].bytes).into_owned();
            let unfit = |e: std::num::ParseIntError| TlsError::Unfit { setting: "x".to_owned(), reason: e.to_string() };
            Ok(Made { value: text.parse::<u32>().map_err(unfit)?, expiries: Vec::new() })
        });
        let material = material.unwrap();
        assert_eq!((*material.current(), material.look()), (1, Change::None));
        std::fs::write(&path, "2").unwrap();
        assert_eq!((material.look(), *material.current(), material.generation()), (Change::Taken, 2, 1));
        std::fs::write(&path, "two").unwrap();
        assert_eq!((material.look(), *material.current(), material.generation()), (Change::Refused, 2, 1));
        assert!(material.standing().refused.is_some());
        assert_eq!(material.look(), Change::None, "said once");
        std::fs::remove_file(&path).unwrap();
        assert_eq!((material.look(), material.look(), *material.current()), (Change::Refused, Change::None, 2));
        std::fs::write(&path, "3").unwrap();
        assert_eq!((material.look(), *material.current()), (Change::Taken, 3));
        assert_eq!(material.standing().refused, None);
    }
}
