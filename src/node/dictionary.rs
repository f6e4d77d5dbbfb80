//! The data dictionary of a running node: read at start, and again whenever its files have changed.

use super::StartError;
use crate::config::Config;
use crate::dataset::{Dataset, Dictionary, InUse};
use crate::metrics;
use crate::standard::region::RegionTable;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// The region table of the settings, or the built-in one.
pub fn regions_of(config: &Config) -> Result<Arc<RegionTable>, StartError> {
    let Some(path) = &config.dictionary.regions else { return Ok(Arc::new(RegionTable::builtin())) };
    let text = std::fs::read_to_string(path).map_err(|reason| StartError::Unreadable { path: path.clone(), reason })?;
    Ok(Arc::new(RegionTable::parse(&path.to_string_lossy(), &text)?))
}

/// The dictionary of the settings, or the built-in one.
pub fn dictionary_of(config: &Config, regions: &Arc<RegionTable>) -> Result<Dictionary, StartError> {
    Ok(match &config.dictionary.datasets {
        Some(directory) => Dictionary::load(directory, regions)?,
        None => Dictionary::builtin(),
    })
}

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

/// Keeps the dictionary in use as its files are.
pub struct Watcher {
    directory: PathBuf,
    regions: Arc<RegionTable>,
    in_use: InUse,
    /// How the files stood before they were read at start.
    at_start: Stamps,
}

impl Watcher {
    /// Reads the dictionary of the settings, and says what is to watch over it; nothing where the built-in one is in use.
    pub(super) fn read(config: &Config, regions: &Arc<RegionTable>) -> Result<(InUse, Option<Self>), StartError> {
        // Looked at first: what changes while they are read is read again.
        let at_start = config.dictionary.datasets.as_deref().map(stamps).unwrap_or_default();
        let dictionary = dictionary_of(config, regions)?;
        show(&dictionary);
        let in_use = InUse::new(dictionary);
        let watcher = config.dictionary.datasets.clone().map(|directory| Self {
            directory,
            regions: regions.clone(),
            in_use: in_use.clone(),
            at_start,
        });
        Ok((in_use, watcher))
    }

    /// Looks until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut looked = Looked { seen: self.at_start.clone(), judged: self.at_start.clone() };
        let watcher = Arc::new(self);
        loop {
            let (this, before) = (watcher.clone(), looked.clone());
            // The files may lie on a network drive that does not answer.
            match tokio::task::spawn_blocking(move || this.look(before)).await {
                Ok(after) => looked = after,
                Err(error) => tracing::error!(%error, "cannot look at the data dictionary"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Takes what has changed once it has rested from one look to the next: an editor may be in the middle of writing it. What could
    /// not be used is tried again, since the reason may have passed.
    fn look(&self, before: Looked) -> Looked {
        let seen = stamps(&self.directory);
        let refused = self.in_use.refused();
        if seen != before.seen || (seen == before.judged && refused.is_none()) {
            return Looked { seen, ..before };
        }
        match self.load() {
            Ok(dictionary) => {
                tracing::info!(directory = %self.directory.display(), "a changed data dictionary is in use");
                show(&dictionary);
                self.in_use.swap(dictionary);
                ::metrics::counter!(metrics::DICTIONARY_RELOADS, "result" => "taken").increment(1);
                ::metrics::gauge!(metrics::DICTIONARY_REFUSED).set(0);
            }
            Err(error) if refused.as_ref() == Some(&error) => {}
            Err(error) => {
                tracing::error!(error, "the changed data dictionary cannot be used; the one before stays in use");
                ::metrics::counter!(metrics::DICTIONARY_RELOADS, "result" => "refused").increment(1);
                ::metrics::gauge!(metrics::DICTIONARY_REFUSED).set(1);
                self.in_use.refuse(error);
            }
        }
        Looked { judged: seen.clone(), seen }
    }

    fn load(&self) -> Result<Dictionary, String> {
        let dictionary = Dictionary::load(&self.directory, &self.regions).map_err(|error| error.to_string())?;
        for dataset in self.in_use.now().datasets() {
            let Some(changed) = dictionary.get(dataset.code()) else { continue };
            let identity = |dataset: &Dataset| {
                (dataset.key().to_vec(), dataset.region_field().to_owned(), dataset.time_field().to_owned())
            };
            if identity(dataset) != identity(changed) {
                return Err(format!(
                    "{}.json: x-key, x-region or x-time is another: records that are there would not be found again. Stop the \
                     nodes, bring the records under the new key, and start them anew",
                    dataset.code()
                ));
            }
            if dataset.version() == changed.version() && dataset.schema() != changed.schema() {
                tracing::warn!(dataset = %dataset.code(), "changed under the same x-version: raise it, so that batches tell which rules they were held against");
            }
        }
        Ok(dictionary)
    }
}

/// How the files stood at the last look, and when they were last judged.
#[derive(Debug, Clone)]
struct Looked {
    seen: Stamps,
    judged: Stamps,
}

/// Length and time of change of each file.
type Stamps = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// A directory that cannot be read has no files; judging it says why.
fn stamps(directory: &Path) -> Stamps {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json" || extension == "csv"))
        .filter_map(|entry| {
            let metadata = std::fs::metadata(entry.path()).ok()?;
            Some((entry.path(), (metadata.len(), metadata.modified().ok())))
        })
        .collect()
}

/// Tells which version of each dataset is in use.
fn show(dictionary: &Dictionary) {
    for dataset in dictionary.datasets() {
        let labels = [("busicode", dataset.code().to_string())];
        // Versions are texts; a metric has only numbers, so a version that is none shows as 0 and its name in the console.
        ::metrics::gauge!(metrics::DATASET_VERSION, &labels).set(dataset.version().parse::<f64>().unwrap_or(0.0));
    }
}
