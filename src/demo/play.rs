//! What a demo whose nodes run does: it feeds the counties and compares the tiers, then lets two things go wrong.

use super::compare::{Comparison, LOOK, Stores};
use super::control::Control;
use super::feed::{Feeder, Volume};
use super::nodes::Nodes;
use super::progress::Progress;
use super::settings::{APP_KEY, Shared};
use super::{DemoError, DemoNode, DemoOptions, Federation, Verdict, trouble, walkthrough};
use crate::client::Client;
use crate::dataset::{Dataset, Dictionary};
use crate::generate::World;
use crate::standard::cipher::Key;
use crate::standard::region::RegionTable;
use futures_util::future::try_join_all;
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Instant;

/// A demo whose nodes run.
pub(super) struct Play<'a> {
    pub(super) options: &'a DemoOptions,
    pub(super) federation: &'a Federation,
    pub(super) shared: &'a Shared,
    pub(super) stores: &'a Stores,
    pub(super) folder: &'a Path,
    pub(super) control: &'a Control,
}

impl Play<'_> {
    /// All of it. With `once` what goes wrong is mended by the walk-through of README.md, and the tiers are compared again.
    pub(super) async fn run(&self, nodes: &mut Nodes) -> Result<Verdict, DemoError> {
        let (dictionary, regions) = (Dictionary::builtin(), RegionTable::builtin());
        let datasets = dictionary.datasets().count();
        let volume = Volume::of(self.options.records);
        let progress = Progress::new(self.federation, volume, datasets as u64);
        let counties: Vec<DemoNode> = self.federation.counties().copied().collect();
        let world = |county: &DemoNode| World::new(self.options.seed, county.region, &regions);
        let worlds = counties.iter().map(world).collect::<Result<Vec<_>, _>>()?;
        let feeders = counties.iter().zip(&worlds).zip(&progress.counties);
        let feeders = feeders
            .map(|((county, world), bar)| Ok(Feeder { client: self.client(county)?, world, bar: bar.clone() }))
            .collect::<Result<Vec<_>, DemoError>>()?;
        let began = Instant::now();
        let feeding = try_join_all(
            counties.iter().zip(&feeders).map(|(county, feeder)| self.feed(county, feeder, &dictionary, volume)),
        );
        let comparing = self.stores.converge(self.federation, &dictionary, volume, &progress.tiers, nodes);
        let (_, comparison) = tokio::try_join!(feeding, comparing)?;
        progress.finish();
        let agreed = format!(
            "every tier agrees, {:.1} s after the first exchange ({} records at the nation)",
            began.elapsed().as_secs_f64(),
            volume.records() * (datasets * counties.len()) as i64
        );
        println!("\n{}", comparison.table(self.federation, &dictionary, volume));
        if self.judge(&comparison, &dictionary, volume, &agreed) == Verdict::Differ {
            return Ok(Verdict::Differ);
        }
        println!("now two things go wrong on purpose");
        let unused = volume.bulk + volume.small;
        // The cast's sender is the first county, its renewed one the second.
        let feeders = [&feeders[0], &feeders[1]];
        let cast = self.federation.cast();
        trouble::make(&cast, feeders, unused, self.stores, self.shared, (&mut *nodes, self.folder)).await?;
        if !self.options.once {
            return Ok(Verdict::Agree);
        }
        trouble::show(&cast, &self.options.folder);
        tokio::select! {
            played = walkthrough::play(self.folder) => played?,
            () = self.control.serve(nodes) => {}
        }
        let arrived = ProgressBar::hidden();
        let comparison = self.stores.converge(self.federation, &dictionary, volume, &arrived, nodes).await?;
        Ok(self.judge(&comparison, &dictionary, volume, "\nevery tier agrees again, with what had failed"))
    }

    fn client(&self, county: &DemoNode) -> Result<Client, DemoError> {
        let base = format!("{}://127.0.0.1:{}/sesame", self.shared.scheme(), county.interface_port());
        Ok(Client::trusting(&base, &county.app(), Key::parse(APP_KEY)?, &self.shared.tls()?)?)
    }

    async fn feed(
        &self,
        county: &DemoNode,
        feeder: &Feeder<'_>,
        dictionary: &Dictionary,
        volume: Volume,
    ) -> Result<(), DemoError> {
        let datasets: Vec<&Dataset> = dictionary.datasets().collect();
        feeder.add(&datasets, volume).await?;
        // A change that overtakes its add is tried again after a pause; waiting keeps the demo short.
        while self.stores.entered(county).await? < volume.records() * datasets.len() as i64 {
            tokio::time::sleep(LOOK).await;
        }
        feeder.change(&datasets, volume).await
    }

    /// Prints that all agree, or what differs.
    fn judge(&self, comparison: &Comparison, dictionary: &Dictionary, volume: Volume, agreed: &str) -> Verdict {
        let differences = comparison.differences(dictionary, volume);
        if differences.is_empty() {
            println!("{agreed}");
            return Verdict::Agree;
        }
        println!("the tiers differ:");
        differences.iter().for_each(|difference| println!("  {difference}"));
        println!("see the nodes' logs in {}", self.options.folder.display());
        Verdict::Differ
    }
}
