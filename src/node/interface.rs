//! What a node's settings say of its interface: addresses, limits, dictionary. For running nodes and for commands alike.

use super::StartError;
use crate::config::{Config, InterfaceSettings};
use crate::dataset::Dictionary;
use crate::interface::{BadAlias, Interface, Limits};
use crate::standard::region::RegionTable;

/// The interface that the settings describe.
pub fn interface_of(settings: &InterfaceSettings) -> Result<Interface, BadAlias> {
    let limits = Limits { body_bytes: settings.max_body_bytes, records: settings.max_records };
    Interface::new(&settings.service, &settings.aliases, limits)
}

/// The region table: the operator's, or the one that ships with sesame.
pub fn regions_of(config: &Config) -> Result<RegionTable, StartError> {
    let Some(path) = &config.dictionary.regions else { return Ok(RegionTable::builtin()) };
    let text = std::fs::read_to_string(path).map_err(|reason| StartError::Unreadable { path: path.clone(), reason })?;
    Ok(RegionTable::parse(&text)?)
}

/// The data dictionary: the operator's, or the one that ships with sesame.
pub fn dictionary_of(config: &Config, regions: &RegionTable) -> Result<Dictionary, StartError> {
    Ok(match &config.dictionary.datasets {
        Some(directory) => Dictionary::load(directory, regions)?,
        None => Dictionary::builtin(),
    })
}
