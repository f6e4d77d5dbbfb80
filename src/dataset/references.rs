//! The tables that rules refer to: regions and the equipment catalogue.

use super::catalogue::Catalogue;
use super::format::region::RegionFormat;
use crate::standard::region::RegionTable;
use std::sync::Arc;

/// What a dictionary's rules look codes up in. Clones share the tables.
#[derive(Debug, Clone)]
pub(super) struct References {
    /// Which region codes a record may carry.
    pub accepted: RegionFormat,
    /// Regions of today and of the past.
    pub regions: Arc<RegionTable>,
    /// Kinds of equipment of today and of the past.
    pub catalogue: Arc<Catalogue>,
}

impl References {
    pub(super) fn new(regions: Arc<RegionTable>, catalogue: Catalogue) -> Self {
        Self { accepted: RegionFormat::new(&regions), regions, catalogue: Arc::new(catalogue) }
    }

    #[cfg(test)]
    pub(super) fn builtin() -> Self {
        Self::new(Arc::new(RegionTable::builtin()), Catalogue::builtin())
    }
}
