//! Whether every tier holds the same.

use super::feed::Volume;
use super::nodes::Nodes;
use super::{DemoError, DemoNode, Federation};
use crate::dataset::Dictionary;
use crate::failure::State;
use crate::standard::code::BusinessCode;
use crate::store::{Store, Tally, TallyRow};
use indicatif::ProgressBar;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// From the last exchange until every tier agrees.
const CONVERGE: Duration = Duration::from_secs(180);
/// Between two looks at the stores.
pub(super) const LOOK: Duration = Duration::from_millis(400);

/// The stores of all nodes, in the order of the federation.
pub(super) struct Stores {
    pub(super) stores: Vec<(DemoNode, Store)>,
}

/// What each node holds of each county: `(county, node, tally of the county's region at the node)`.
pub(super) struct Comparison {
    rows: Vec<(DemoNode, DemoNode, Tally)>,
}

impl Stores {
    fn of(&self, node: &DemoNode) -> Result<&Store, DemoError> {
        let found = self.stores.iter().find(|(other, _)| other == node).map(|(_, store)| store);
        found.ok_or_else(|| DemoError::NotReady(node.region.to_string()))
    }

    /// Sums up every county at every node on its way up.
    pub(super) async fn compare(&self, federation: &Federation) -> Result<Comparison, DemoError> {
        let mut rows = Vec::new();
        for county in federation.counties() {
            for node in federation.way_up(county) {
                let store = self.of(&node)?;
                rows.push((*county, node, store.tally(county.region).await?));
            }
        }
        Ok(Comparison { rows })
    }

    /// Looks until every tier agrees, or nothing has come any nearer to it for too long.
    pub(super) async fn converge(
        &self,
        federation: &Federation,
        dictionary: &Dictionary,
        volume: Volume,
        arrived: &ProgressBar,
        nodes: &mut Nodes,
    ) -> Result<Comparison, DemoError> {
        let (mut nearest, mut since) = ((0, usize::MAX), Instant::now());
        loop {
            tokio::time::sleep(LOOK).await;
            nodes.check()?;
            let comparison = self.compare(federation).await?;
            arrived.set_position(comparison.arrived());
            let differences = comparison.differences(dictionary, volume).len();
            if differences == 0 {
                return Ok(comparison);
            }
            let now = (comparison.arrived(), differences);
            if now.0 > nearest.0 || now.1 < nearest.1 {
                (nearest, since) = (now, Instant::now());
            }
            if since.elapsed() > CONVERGE {
                return Ok(comparison);
            }
        }
    }

    /// Whether a node has failures of this reason that are marked failed and parked (§7.4).
    pub(super) async fn has_parked(&self, node: &DemoNode, reason: &str) -> Result<bool, DemoError> {
        let counts = self.of(node)?.failure_counts().await?;
        Ok(counts.iter().any(|(_, of, state, count)| of == reason && state == State::Parked.as_str() && *count > 0))
    }

    /// Records of a county at its own node.
    pub(super) async fn entered(&self, county: &DemoNode) -> Result<i64, DemoError> {
        let store = self.of(county)?;
        Ok(store.tally(county.region).await?.iter().map(|row| row.records).sum())
    }
}

impl Comparison {
    /// Records that have arrived, over all nodes.
    pub(super) fn arrived(&self) -> u64 {
        self.rows.iter().flat_map(|(_, _, tally)| tally).map(|row| row.records.unsigned_abs()).sum()
    }

    /// What differs from what was sent, or between a county and a node above it; empty when all agree.
    pub(super) fn differences(&self, dictionary: &Dictionary, volume: Volume) -> Vec<String> {
        let mut differences = Vec::new();
        for dataset in dictionary.datasets() {
            differences.extend(self.difference(dataset.code(), volume));
        }
        differences
    }

    fn difference(&self, code: BusinessCode, volume: Volume) -> Vec<String> {
        let mut found = Vec::new();
        for (county, node, tally) in &self.rows {
            let Some(row) = row_of(tally, code) else {
                found.push(format!("{code}: {} holds nothing of {}", node.region, county.region));
                continue;
            };
            // More is no difference: someone may be trying the interface by hand meanwhile.
            if row.records < volume.records() || row.deleted < i64::from(volume.deleted) {
                found.push(format!(
                    "{code}: {} holds {} records of {} ({} deleted), sent were {} ({} deleted)",
                    node.region,
                    row.records,
                    county.region,
                    row.deleted,
                    volume.records(),
                    volume.deleted
                ));
            }
            let at_county = self.rows.iter().find(|(c, n, _)| c == county && n == county);
            if at_county.and_then(|(_, _, tally)| row_of(tally, code)).is_some_and(|own| own.digest != row.digest) {
                found.push(format!("{code}: records of {} differ at {}", county.region, node.region));
            }
        }
        found
    }

    /// Records by dataset and node, with 'agree' or what differs.
    pub(super) fn table(&self, federation: &Federation, dictionary: &Dictionary, volume: Volume) -> String {
        let mut table = format!("{:<28}", "records");
        // Writing to a String cannot fail.
        for node in federation.nodes() {
            let _ = write!(table, "{:>9}", node.region.to_string());
        }
        table.push('\n');
        for dataset in dictionary.datasets() {
            let _ = write!(table, "{} {}", dataset.code(), padded(dataset.title(), 24));
            for node in federation.nodes() {
                let here = self.rows.iter().filter(|(_, at, _)| at == node);
                let records: i64 =
                    here.filter_map(|(_, _, tally)| row_of(tally, dataset.code())).map(|r| r.records).sum();
                let _ = write!(table, "{records:>9}");
            }
            let differs = self.difference(dataset.code(), volume);
            let _ = writeln!(table, "  {}", differs.first().map_or("agree", String::as_str));
        }
        table
    }
}

fn row_of(tally: &Tally, code: BusinessCode) -> Option<&TallyRow> {
    tally.iter().find(|row| row.busicode == code)
}

/// A Chinese character is two columns wide on a terminal.
fn padded(text: &str, columns: usize) -> String {
    let width: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(columns.saturating_sub(width)))
}
