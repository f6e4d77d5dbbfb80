//! The data dictionary of a running node: read at start, and again whenever its files have changed.

use super::StartError;
use crate::config::Config;
use crate::dataset::{Dictionary, InUse};
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
pub(super) struct Watcher {
    directory: PathBuf,
    regions: Arc<RegionTable>,
    in_use: InUse,
}

impl Watcher {
    /// A watcher over the directory of the settings; `None` where the built-in dictionary is in use.
    pub(super) fn new(config: &Config, regions: Arc<RegionTable>, in_use: InUse) -> Option<Self> {
        Some(Self { directory: config.dictionary.datasets.clone()?, regions, in_use })
    }

    /// Looks until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let watcher = Arc::new(self);
        let mut looked = Looked::default();
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

    /// Takes what has changed once it has rested from one look to the next: an editor may be in the middle of writing it.
    fn look(&self, before: Looked) -> Looked {
        let seen = stamps(&self.directory);
        let Some(judged) = before.judged else { return Looked { judged: Some(seen.clone()), seen } };
        if seen == judged || seen != before.seen {
            return Looked { seen, judged: Some(judged) };
        }
        match Dictionary::load(&self.directory, &self.regions) {
            Ok(dictionary) => {
                tracing::info!(directory = %self.directory.display(), "a changed data dictionary is in use");
                show(&dictionary);
                self.in_use.swap(dictionary);
                ::metrics::counter!(metrics::DICTIONARY_RELOADS, "result" => "taken").increment(1);
                ::metrics::gauge!(metrics::DICTIONARY_REFUSED).set(0);
            }
            Err(error) => {
                tracing::error!(%error, "the changed data dictionary cannot be used; the one before stays in use");
                ::metrics::counter!(metrics::DICTIONARY_RELOADS, "result" => "refused").increment(1);
                ::metrics::gauge!(metrics::DICTIONARY_REFUSED).set(1);
                self.in_use.refuse(error.to_string());
            }
        }
        Looked { judged: Some(seen.clone()), seen }
    }
}

/// How the files stood at the last look, and when they were last judged.
#[derive(Debug, Clone, Default)]
struct Looked {
    seen: Stamps,
    judged: Option<Stamps>,
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
pub(super) fn show(dictionary: &Dictionary) {
    for dataset in dictionary.datasets() {
        let labels = [("busicode", dataset.code().to_string())];
        // Versions are texts; a metric has only numbers, so a version that is none shows as 0 and its name in the console.
        ::metrics::gauge!(metrics::DATASET_VERSION, &labels).set(dataset.version().parse::<f64>().unwrap_or(0.0));
    }
}
