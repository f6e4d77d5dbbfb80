//! The months of the store: made ahead, archived when they are old, and dropped (§6.4); and with them failures that are over.
//!
//! One process of a node at a time. A month is dropped only when nothing of it is open, and when its files are on the disk, or the
//! settings say that none are wanted. Every part may be interrupted and is done again: a file is written anew and found to be the
//! same, what is forgotten or dropped already is passed over.

use crate::archive::{ArchiveError, Writer};
use crate::clock::Clock;
use crate::config::RetentionSettings;
use crate::metrics;
use crate::standard::month::Month;
use crate::standard::region::Region;
use crate::store::{MonthRow, Monthly, Store, StoreError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Looks after the months of one node.
pub struct Retention {
    node: Region,
    /// Not the one that commits: queries wait for its transactions, and an archive is written in a long one.
    store: Store,
    settings: RetentionSettings,
    clock: Clock,
    stop: CancellationToken,
}

/// What became of a month that is older than is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is dropped; these files hold it. None where the settings want none.
    Dropped(Vec<PathBuf>),
    /// It stays, since the settings name no archive.
    NoArchive,
    /// It stays, since something of it is open.
    Held,
    /// It stays, since it could not be archived or dropped.
    Failed,
}

/// Why a month could not be let go.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Months made ahead: a node may be without anyone who could make them for so long.
const AHEAD: i32 = 3;
/// Between two looks. There is something to do once a month; but a month may be held, or a disk full, for some hours.
const LOOK: Duration = Duration::from_secs(3600);
/// Rows on their way from the store to a file. Each may be tens of megabytes.
const ON_THEIR_WAY: usize = 4;

impl Retention {
    /// Looks after the months of `node`.
    pub fn new(node: Region, store: Store, settings: RetentionSettings, clock: Clock, stop: CancellationToken) -> Self {
        Self { node, store, settings, clock, stop }
    }

    /// Starts it on `tasks`: a first look at once, then one every hour.
    pub fn start(self, tasks: &TaskTracker) {
        tasks.spawn(async move {
            loop {
                let look = tokio::select! {
                    look = self.look() => look,
                    () = self.stop.cancelled() => return,
                };
                if let Err(error) = look {
                    tracing::error!(%error, "the months of the store are looked after later");
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.stop.cancelled() => return,
                }
            }
        });
    }

    /// One look: makes the months to come, and lets go of those that are old enough. Says what became of the old ones; nothing
    /// where another process looks.
    pub async fn look(&self) -> Result<Vec<(Month, Fate)>, StoreError> {
        let Some(_claim) = self.store.claim_months().await? else { return Ok(Vec::new()) };
        let present = Month::of(self.clock.now());
        for ahead in 0..=AHEAD {
            self.store.make_month(present.plus(ahead)).await?;
        }
        // Before the months: a discarded failure holds its month.
        if let Err(error) = self.forget_failures(self.first_kept(present)).await {
            tracing::error!(%error, "failures that are over stay in the store");
        }
        let mut fates = Vec::new();
        for month in self.old(present).await? {
            let fate = match self.let_go(month).await {
                Ok(fate) => fate,
                Err(error) => {
                    tracing::error!(%error, %month, "a month stays in the store");
                    Fate::Failed
                }
            };
            fates.push((month, fate));
        }
        self.tell(&fates);
        Ok(fates)
    }

    fn first_kept(&self, present: Month) -> Month {
        present.plus(-i32::from(self.settings.keep_months))
    }

    /// Whether what is older may go at all.
    fn lets_go(&self) -> bool {
        self.settings.archive.is_some() || self.settings.drop_unarchived
    }

    /// Lets go of failures that are over and that nothing has happened to since the months that are kept. What was resolved has
    /// its batch; what was discarded has nothing else, and so stays where all that is old stays.
    async fn forget_failures(&self, first_kept: Month) -> Result<(), StoreError> {
        let before = first_kept.start();
        self.store.forget_items(before).await?;
        let forgotten = self.store.forget_failures(before, self.lets_go()).await?;
        if forgotten > 0 {
            tracing::info!(forgotten, "failures that are over were let go");
        }
        Ok(())
    }

    /// The months there are and that are older than is kept.
    async fn old(&self, present: Month) -> Result<Vec<Month>, StoreError> {
        let first_kept = self.first_kept(present);
        let mut old = Vec::new();
        for table in Monthly::ALL {
            old.extend(self.store.months(table).await?.into_iter().filter(|month| *month < first_kept));
        }
        old.sort_unstable();
        old.dedup();
        Ok(old)
    }

    async fn let_go(&self, month: Month) -> Result<Fate, RetentionError> {
        if !self.lets_go() {
            return Ok(Fate::NoArchive);
        }
        let hold = self.store.hold(month).await?;
        if !hold.is_free() {
            tracing::info!(%month, failures = hold.failures, outbox = hold.outbox, "a month is held by what is open of it");
            return Ok(Fate::Held);
        }
        let mut files = Vec::new();
        for table in Monthly::ALL {
            if !self.store.months(table).await?.contains(&month) {
                continue;
            }
            let mut archived = None;
            if let Some(folder) = &self.settings.archive {
                let (path, rows) = self.archive(folder, table, month).await?;
                files.push(path);
                archived = Some(rows);
            }
            if table == Monthly::Batches {
                self.store.forget_month(month).await?;
            }
            if !self.store.drop_month(table, month, archived).await? {
                tracing::warn!(%month, table = table.as_str(), "rows came while a month was archived: it is archived again");
                return Ok(Fate::Failed);
            }
        }
        tracing::info!(%month, files = files.len(), "a month was let go");
        Ok(Fate::Dropped(files))
    }

    /// Writes a month of a table to a file, on a thread of its own.
    async fn archive(&self, folder: &Path, table: Monthly, month: Month) -> Result<(PathBuf, u64), RetentionError> {
        let mut rows = self.store.month_rows(table, month).await?;
        let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
        let (folder, node) = (folder.to_owned(), self.node.to_string());
        let writing = tokio::task::spawn_blocking(move || write(&folder, &node, table, month, receiver));
        let mut read = Ok(());
        loop {
            match rows.next().await {
                Ok(Some(row)) => {
                    // A writer that failed takes no more, and says why below.
                    if sender.send(Some(row)).await.is_err() {
                        break;
                    }
                }
                Ok(None) => {
                    let _ = sender.send(None).await;
                    break;
                }
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        drop(sender);
        let written = match writing.await {
            Ok(written) => written,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        read?;
        Ok(written?)
    }

    fn tell(&self, fates: &[(Month, Fate)]) {
        let count = |of: fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| of(fate)).count() as f64;
        for (reason, months) in [
            ("no_archive", count(|fate| *fate == Fate::NoArchive)),
            ("held", count(|fate| *fate == Fate::Held)),
            ("failed", count(|fate| *fate == Fate::Failed)),
        ] {
            ::metrics::gauge!(metrics::MONTHS_OVERDUE, "reason" => reason).set(months);
        }
        let dropped = count(|fate| matches!(fate, Fate::Dropped(_)));
        ::metrics::counter!(metrics::MONTHS_DROPPED).increment(dropped as u64);
        let kept: Vec<String> =
            fates.iter().filter(|(_, fate)| *fate == Fate::NoArchive).map(|(month, _)| month.to_string()).collect();
        if let Some(first) = kept.first() {
            tracing::warn!(
                months = kept.len(),
                first,
                "months older than [retention] keep_months stay in the store: name a folder in [retention] archive, or set \
                 drop_unarchived"
            );
        }
    }
}

/// Writes the rows that come; `None` says that they are all. Without it they are not, and there is no file.
fn write(
    folder: &Path,
    node: &str,
    table: Monthly,
    month: Month,
    mut rows: mpsc::Receiver<Option<MonthRow>>,
) -> Result<(PathBuf, u64), ArchiveError> {
    let mut writer = Writer::begin(folder, node, table.as_str(), month)?;
    while let Some(row) = rows.blocking_recv() {
        let Some(MonthRow { json, body }) = row else {
            let (path, trailer) = writer.finish()?;
            tracing::info!(path = %path.display(), rows = trailer.rows, "archived a month");
            return Ok((path, trailer.rows));
        };
        writer.row(&json, body.as_deref())?;
    }
    Err(ArchiveError::Torn {
        path: folder.to_owned(),
        problem: format!("{table:?} of {month} could not be read to its end"),
    })
}
