//! Looks regularly at what a node needs, for health and metrics.

use super::health::{Check, Checks, Health};
use super::servers::Looks;
use crate::apps::Directory;
use crate::broker::Availability;
use crate::failure::Pause;
use crate::flow::Context;
use crate::marks::Guard;
use crate::metrics;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

/// Regular looks at broker, store, clock, queues and failures.
pub struct Monitor {
    context: Context,
    health: Health,
    /// Whether the schema is as this program needs it.
    migrated: Arc<AtomicBool>,
    /// Whether any of this process's roles needs the store. Accepting exchanges does not.
    needs_store: bool,
    /// The apps of the door, where this process has one.
    apps: Option<Directory>,
    /// The marks of the door, where this process has one.
    marks: Option<Guard>,
    /// Failures shown at the last look: what has gone since must be shown as none.
    shown: HashSet<[(&'static str, String); 3]>,
    /// When failures may be counted again.
    count: Instant,
    /// What does not depend on broker or store.
    looks: Looks,
}

const LOOK: Duration = Duration::from_secs(1);
/// Depths and counts cost the broker and the store a little: every fifth look.
const DEPTHS: u32 = 5;
/// Apps that an alarm names.
const NAMED: usize = 10;
/// Counting further would only cost more.
const MOST_UNSETTLED: i64 = 100_000;
/// So many times as long as counting the failures took, they are not counted again: of a million it takes a while.
const REST: u32 = 50;
/// Beyond this the order of changes with the same source time could depend on the process they came through.
const MOST_OFFSET_MICROS: i64 = 100_000;

impl Monitor {
    /// Looks for `health`; `migrated` says whether the store's schema is ready.
    pub fn new(
        context: Context,
        health: Health,
        migrated: Arc<AtomicBool>,
        needs_store: bool,
        apps: Option<Directory>,
        marks: Option<Guard>,
        looks: Looks,
    ) -> Self {
        Self {
            context,
            health,
            migrated,
            needs_store,
            apps,
            marks,
            shown: HashSet::new(),
            count: Instant::now(),
            looks,
        }
    }

    /// Starts it on `tasks`.
    pub fn start(mut self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            let mut looks = 0_u32;
            loop {
                self.health.note(self.look().await);
                if looks.is_multiple_of(DEPTHS) {
                    self.measure().await;
                }
                looks = looks.wrapping_add(1);
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.context.stop.cancelled() => return,
                }
            }
        });
    }

    async fn look(&self) -> Checks {
        let broker = match self.context.publisher.availability(&self.context.names.exchange()) {
            Availability::Up => Check::good("connected"),
            Availability::Blocked => Check::bad("RabbitMQ takes no publishes: free its memory or disk space"),
            Availability::Stalled => {
                Check::bad("RabbitMQ has confirmed nothing for too long: look at its disk, and at the network")
            }
            Availability::Down(reason) => {
                Check::bad(format!("RabbitMQ cannot be reached ({reason}): check [broker] uri"))
            }
        };
        ::metrics::gauge!(metrics::BROKER_UP).set(f64::from(u8::from(broker.ok)));
        let before = self.context.clock.now().micros();
        let answer = self.context.store.clock().await;
        let after = self.context.clock.now().micros();
        let (store, clock) = match answer {
            Err(_) if !self.needs_store => (
                Check::good("away, and not needed by the roles of this process"),
                Check::good("not compared: the store is away"),
            ),
            Err(error) => (
                Check::bad(format!("{error}: check [store] uri")),
                Check::bad("unknown: the store, whose clock is the reference, does not answer"),
            ),
            Ok(reference) => {
                let offset = before + (after - before) / 2 - reference.micros();
                ::metrics::gauge!(metrics::CLOCK_OFFSET).set(offset as f64 / 1e6);
                // A slow answer says nothing about the clock: only what exceeds its own uncertainty counts.
                let certain = (offset.abs() - (after - before) / 2).max(0);
                let millis = offset / 1_000;
                let clock = if certain <= MOST_OFFSET_MICROS {
                    Check::good(format!("{millis} ms off the store's"))
                } else {
                    Check::bad(format!("{millis} ms off the store's, more than 100: synchronise the clocks (NTP)"))
                };
                let store = if self.migrated.load(Ordering::Relaxed) || !self.needs_store {
                    Check::good("answers")
                } else {
                    Check::bad("answers, but its schema is not ready: see the log")
                };
                (store, clock)
            }
        };
        ::metrics::gauge!(metrics::STORE_UP).set(f64::from(u8::from(store.ok)));
        let (link, certificates, files) = (self.looks.link(), self.looks.certificates(), self.looks.files.clone());
        let dictionary = match self.context.dictionary.refused() {
            None => Check::good("as its files are"),
            Some(reason) => {
                Check::bad(format!("the changed files are not used, the dictionary before them is: {reason}"))
            }
        };
        let (apps, marks, work) = (self.look_at_apps(), self.look_at_marks(), self.look_at_work());
        Checks { broker, store, clock, apps, marks, link, certificates, dictionary, files, work }
    }

    fn look_at_work(&self) -> Check {
        match self.context.stuck.count() {
            0 => Check::good("no thread is stuck"),
            count if self.context.stuck.too_many() => Check::bad(format!(
                "{count} threads are stuck, and no further batch is worked on: restart this process"
            )),
            count => {
                Check::good(format!("{count} threads are stuck over batches now in quarantine or among the failures"))
            }
        }
    }

    /// Apps that cannot be used are one operator's slip and no reason to turn all others away.
    fn look_at_apps(&self) -> Check {
        let Some(apps) = &self.apps else { return Check::good("not asked for by the roles of this process") };
        let unreadable = apps.unreadable();
        match (apps.version(), unreadable.first()) {
            (None, _) if self.needs_store => Check::bad("the apps of the store have not been read yet"),
            (None, _) => Check::good("the store is away: only the apps of the settings are known"),
            (Some(_), Some(first)) => Check::good(format!("{} apps cannot be used, first {first}", unreadable.len())),
            (Some(_), None) => Check::good("known"),
        }
    }

    /// The alarm of §7.4, with the apps by name: metrics only count.
    fn look_at_marks(&self) -> Check {
        let Some(marks) = &self.marks else { return Check::good("not asked for by the roles of this process") };
        let marked = marks.marked(self.context.clock.now());
        let count: usize = marked.values().sum();
        ::metrics::gauge!(metrics::MARKED_TRANSFERS).set(count as f64);
        if marked.is_empty() {
            return Check::good("no transfer is marked");
        }
        let apps: Vec<String> = marked.iter().take(NAMED).map(|(appid, count)| format!("{appid} {count}")).collect();
        let more = match marked.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more apps"),
        };
        Check::bad(format!(
            "{count} transfers are marked after wrong signatures in a row ({}{more}): `sesame marks list` shows them; ask \
             whose key or program changed",
            apps.join(", ")
        ))
    }

    async fn measure(&mut self) {
        let names = self.context.names;
        let mut queues = vec![names.persist(), names.persist_bulk(), names.log()];
        queues.extend([names.quarantine(), names.unrouted(), names.poison(), names.unreadable()]);
        let mut steps = vec!["persist"];
        if self.context.has_parent {
            queues.extend([names.uplink(), names.uplink_bulk()]);
            steps.push("uplink");
        }
        for step in steps {
            queues.extend(Pause::ALL.map(|pause| names.waiting(step, pause)));
            queues.push(names.returned(step));
        }
        for queue in queues {
            let Ok(depth) = self.context.consuming.depth(&queue).await else { continue };
            let age = self.context.oldest.age(&queue, depth, self.context.clock.now());
            ::metrics::gauge!(metrics::QUEUE_AGE, "queue" => queue.clone()).set(age);
            ::metrics::gauge!(metrics::QUEUE_DEPTH, "queue" => queue).set(f64::from(depth));
        }
        if let Ok(depth) = self.context.store.outbox_depth().await {
            ::metrics::gauge!(metrics::OUTBOX_DEPTH).set(depth as f64);
        }
        if self.context.has_parent
            && let Ok(unsettled) = self.context.store.unsettled(MOST_UNSETTLED).await
        {
            ::metrics::gauge!(metrics::UNSETTLED).set(unsettled as f64);
        }
        self.count_failures().await;
    }

    async fn count_failures(&mut self) {
        let begun = Instant::now();
        if begun < self.count {
            return;
        }
        let counted = self.context.store.failure_counts().await;
        self.count = Instant::now() + begun.elapsed() * REST;
        let Ok(counts) = counted else { return };
        let mut gone = std::mem::take(&mut self.shown);
        for (step, reason, state, count) in counts {
            let labels = [("step", step), ("reason", reason), ("state", state)];
            ::metrics::gauge!(metrics::FAILURES, &labels).set(count as f64);
            gone.remove(&labels);
            self.shown.insert(labels);
        }
        for labels in gone {
            ::metrics::gauge!(metrics::FAILURES, &labels).set(0.0);
        }
    }
}
