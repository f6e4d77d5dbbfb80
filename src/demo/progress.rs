//! Progress of the feed, as bars.

use super::Federation;
use super::feed::Volume;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A bar for each county, and one for all tiers.
pub(super) struct Progress {
    /// Exchanges that each county has sent.
    pub(super) counties: Vec<ProgressBar>,
    /// Records that have arrived, over all nodes.
    pub(super) tiers: ProgressBar,
}

impl Progress {
    pub(super) fn new(federation: &Federation, volume: Volume, datasets: u64) -> Self {
        let bars = MultiProgress::new();
        // The templates are constants; a wrong one would show in the first demo.
        let style = |unit: &str| {
            ProgressStyle::with_template(&format!("{{prefix:<22}} {{bar:40}} {{pos:>7}}/{{len}} {unit}"))
                .unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let bar = |length: u64, prefix: String, unit: &str| {
            bars.add(ProgressBar::new(length).with_style(style(unit)).with_prefix(prefix))
        };
        let exchanges = (volume.adds() + volume.changes()) * datasets;
        let counties = federation.counties();
        let counties: Vec<_> =
            counties.map(|county| bar(exchanges, format!("{} sends", county.region), "exchanges")).collect();
        let arrivals = volume.records().unsigned_abs() * datasets * 4 * counties.len() as u64;
        Self { counties, tiers: bar(arrivals, "all tiers hold".to_owned(), "records") }
    }

    pub(super) fn finish(&self) {
        self.counties.iter().chain([&self.tiers]).for_each(ProgressBar::finish);
    }
}
