//! An operator who replays failures while everything fails.

use super::chance::Chance;
use super::federation::Federation;
use super::layout::{ENTRIES, PLACES};
use anyhow::Result;
use sesame::broker::Names;
use sesame::clock::Clock;
use sesame::dataset::{Dictionary, InUse};
use sesame::desk::{Ask, DeskAct, DeskError, FailureDesk, Selection};
use sesame::standard::region::Region;
use sesame::store::{ActKind, Purpose, Store};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A stream of the seed far from those of the senders.
const STREAM: u64 = 1 << 32;

/// The desks of the entering nodes, where failures are.
pub struct Replays {
    desks: Vec<FailureDesk>,
    chance: Chance,
    /// What has been asked for: the place of the desk, and the act.
    asked: Vec<(usize, Uuid)>,
}

/// What became of all acts.
#[derive(Debug, Default)]
pub struct Replayed {
    pub acts: usize,
    pub resolved: u32,
    pub failed: u32,
    /// Had moved on before it was their turn: tried by themselves, or by another act.
    pub skipped: u32,
    /// Acts that did not end.
    pub endless: Vec<String>,
}

impl Replays {
    /// An operator of all entering nodes, who reaches their stores past the proxies.
    pub fn new(federation: &Federation<'_>, seed: u64) -> Result<Self> {
        let desks = ENTRIES.into_iter().map(|node| {
            let store = Store::new(&federation.database(node), 1, Purpose::Serve)?;
            let names = Names(Region::parse(PLACES[node].region)?.tier());
            Ok(FailureDesk::new(store, InUse::new(Dictionary::builtin()), names, Clock::system(), 500))
        });
        Ok(Self { desks: desks.collect::<Result<_>>()?, chance: Chance::new(seed, STREAM), asked: Vec::new() })
    }

    /// Asks for one act after another until told to stop. A store that is away is no reason to stop.
    pub async fn run(mut self, stop: CancellationToken) -> Self {
        loop {
            let pause = self.chance.millis(300, 3_000);
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => return self,
            }
            let place = self.chance.below(self.desks.len());
            let ask = Ask {
                id: Uuid::new_v4(),
                kind: ActKind::Replay,
                selection: Selection::default(),
                by: "chaos".to_owned(),
                why: "in the middle of everything".to_owned(),
                per_second: Some([5, 50, 500][self.chance.below(3)]),
                canary: if self.chance.percent(70) { 0 } else { 2 },
            };
            // Whether it was asked for is not known of one that got no answer; it is held to its end all the same.
            self.asked.push((place, ask.id));
            drop(self.desks[place].ask(ask).await);
        }
    }

    /// Waits for the end of all acts; one that paused by itself after its canary has ended, too.
    pub async fn end(self, patience: Duration) -> Result<Replayed> {
        let (mut replayed, deadline) = (Replayed::default(), Instant::now() + patience);
        for (place, id) in &self.asked {
            loop {
                match self.desks[*place].act(*id).await {
                    Ok(act) if act.is_over || act.state == "paused" || Instant::now() > deadline => {
                        replayed.add(&act);
                        break;
                    }
                    Ok(_) => sleep(Duration::from_millis(200)).await,
                    // Asked of a store that was away.
                    Err(DeskError::NotFound(_)) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(replayed)
    }
}

impl Replayed {
    fn add(&mut self, act: &DeskAct) {
        self.acts += 1;
        self.resolved += act.resolved;
        self.failed += act.failed;
        self.skipped += act.skipped;
        let is_whole = act.waiting == 0 && act.sent == 0;
        if (act.state == "done" && !is_whole) || (!act.is_over && act.state != "paused") {
            self.endless.push(format!("{act:?}"));
        }
    }
}
