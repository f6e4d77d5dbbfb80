//! Which dictionary a command is about.

use crate::config;
use crate::dataset::Dictionary;
use crate::dataset::error::DictionaryErrors;
use crate::standard::region::RegionTable;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;

/// The dictionary a command works with: the built-in one unless told otherwise.
#[derive(clap::Args)]
pub(super) struct Source {
    /// Folder of the dictionary: 001.json and so on, and codelists.json
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    datasets: Option<PathBuf>,
    /// The region table, where it is not the built-in one
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    regions: Option<PathBuf>,
    /// The settings of a node, whose dictionary is meant
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Source {
    /// Reads it. The outer error is about what is around it, the inner one about its files.
    pub(super) fn read(&self) -> anyhow::Result<Result<Dictionary, DictionaryErrors>> {
        let (mut datasets, mut regions) = (self.datasets.clone(), self.regions.clone());
        if let Some(file) = &self.config {
            let dictionary = config::load(file)?.dictionary;
            (datasets, regions) = (dictionary.datasets, dictionary.regions);
        }
        let table = match regions {
            None => RegionTable::builtin(),
            Some(path) => {
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                match RegionTable::parse(&path.to_string_lossy(), &text) {
                    Ok(table) => table,
                    Err(mistakes) => return Ok(Err(mistakes.into())),
                }
            }
        };
        Ok(match datasets {
            Some(directory) => Dictionary::load(&directory, &Arc::new(table)),
            None => Ok(Dictionary::builtin()),
        })
    }
}
