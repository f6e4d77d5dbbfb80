//! Transfers that failed at the door (§7.4), as the processes of a node share them.

use super::apps::note;
use super::{AppAct, Store, StoreError};
use crate::standard::moment::Moment;
use deadpool_postgres::Transaction;
use futures_util::future::try_join_all;
use std::net::IpAddr;
use time::OffsetDateTime;
use tokio_postgres::Row;

/// What is known of one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMark {
    /// 应用账号.
    pub appid: String,
    /// 请求随机标识.
    pub random: String,
    /// The other end of its connections.
    pub source: IpAddr,
    /// What failed up to here counts no more.
    pub floor: Option<Moment>,
    /// The wrong signatures in a row above it, the oldest first, each with a number drawn at random.
    pub failures: Vec<(Moment, i32)>,
}

/// What the store keeps of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkBounds {
    /// The most rows; the oldest go first.
    pub most: usize,
    /// What happened before counts no more.
    pub spent_before: Moment,
}

const COLUMNS: &str = "appid, random, source, floor, failures, nonces";

impl Store {
    /// Merges what a process has seen into what is there, and gives what is there then.
    pub async fn share_marks(
        &self,
        mine: &[StoredMark],
        merge: impl Fn(&StoredMark, &StoredMark) -> StoredMark,
        bounds: MarkBounds,
    ) -> Result<Vec<StoredMark>, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let version = next_version(&tx).await?;
        let (appids, randoms, sources): (Vec<&str>, Vec<&str>, Vec<IpAddr>) = mine.iter().map(key).collect();
        let select = "SELECT m.appid, m.random, m.source, floor, failures, nonces \
                      FROM unnest($1::text[], $2::text[], $3::inet[]) AS k (appid, random, source) \
                      JOIN marks m ON m.appid = k.appid AND m.random = k.random AND m.source = k.source";
        let rows = tx.query(select, &[&appids, &randoms, &sources]).await?;
        let there: Vec<StoredMark> = rows.iter().map(read).collect();
        let merged: Vec<StoredMark> = mine
            .iter()
            .map(|mine| match there.iter().find(|there| key(there) == key(mine)) {
                Some(there) => merge(there, mine),
                None => mine.clone(),
            })
            .collect();
        let changed = merged.iter().filter(|mark| !there.contains(mark));
        write(&tx, changed, version).await?;
        let most = i64::try_from(bounds.most).unwrap_or(i64::MAX);
        tx.execute("DELETE FROM marks WHERE settled_at <= $1", &[&OffsetDateTime::from(bounds.spent_before)]).await?;
        tx.execute(
            "DELETE FROM marks m USING (SELECT appid, random, source FROM marks ORDER BY settled_at DESC OFFSET $1) old \
             WHERE m.appid = old.appid AND m.random = old.random AND m.source = old.source",
            &[&most],
        )
        .await?;
        tx.commit().await?;
        Ok(merged)
    }

    /// Counts the changes of all marks: equal numbers mean that nothing has changed.
    pub async fn marks_version(&self) -> Result<i64, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached("SELECT version FROM marks_version").await?;
        Ok(client.query_one(&statement, &[]).await?.get(0))
    }

    /// What was changed after this number; everything after 0.
    pub async fn marks_since(&self, version: i64) -> Result<Vec<StoredMark>, StoreError> {
        let client = self.client().await?;
        let select =
            format!("SELECT {COLUMNS} FROM marks WHERE version > $1 ORDER BY settled_at, appid, random, source");
        Ok(client.query(&select, &[&version]).await?.iter().map(read).collect())
    }

    /// Ends counts and marks of a transfer by hand: of one source, or of all it came from. Gives how many there were; the act
    /// is noted only where there was one.
    pub async fn clear_marks(&self, random: &str, source: Option<IpAddr>, act: &AppAct) -> Result<u64, StoreError> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let version = next_version(&tx).await?;
        // A process whose clock is ahead may have seen a failure that is later than now.
        let update = "UPDATE marks SET floor = greatest($4, settled_at), settled_at = greatest($4, settled_at), \
                      failures = '{}', nonces = '{}', version = $5 \
                      WHERE appid = $1 AND random = $2 AND ($3::inet IS NULL OR source = $3) AND cardinality(failures) > 0";
        let cleared =
            tx.execute(update, &[&act.appid, &random, &source, &OffsetDateTime::from(act.at), &version]).await?;
        if cleared == 0 {
            return Ok(0);
        }
        note(&tx, act).await?;
        tx.commit().await?;
        Ok(cleared)
    }
}

/// Takes the next number. Its row is held until the commit: changes of marks come one after another.
async fn next_version(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(tx.query_one("UPDATE marks_version SET version = version + 1 RETURNING version", &[]).await?.get(0))
}

async fn write(tx: &Transaction<'_>, marks: impl Iterator<Item = &StoredMark>, version: i64) -> Result<(), StoreError> {
    let upsert = format!(
        "INSERT INTO marks ({COLUMNS}, settled_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (appid, random, source) DO UPDATE SET floor = excluded.floor, failures = excluded.failures, \
         nonces = excluded.nonces, settled_at = excluded.settled_at, version = excluded.version"
    );
    let statement = tx.prepare(&upsert).await?;
    let written = marks.filter_map(|mark| {
        let floor = mark.floor.map(OffsetDateTime::from);
        let (failures, nonces): (Vec<OffsetDateTime>, Vec<i32>) =
            mark.failures.iter().map(|(at, nonce)| (OffsetDateTime::from(*at), *nonce)).unzip();
        // Nothing ever happened to it: there is nothing to keep.
        let settled = failures.last().copied().max(floor)?;
        let statement = &statement;
        Some(async move {
            tx.execute(
                statement,
                &[&mark.appid, &mark.random, &mark.source, &floor, &failures, &nonces, &settled, &version],
            )
            .await
        })
    });
    // All at once: they are sent one behind the other, without waiting for each answer.
    try_join_all(written).await?;
    Ok(())
}

fn key(mark: &StoredMark) -> (&str, &str, IpAddr) {
    (&mark.appid, &mark.random, mark.source)
}

fn read(row: &Row) -> StoredMark {
    let (failures, nonces): (Vec<OffsetDateTime>, Vec<i32>) = (row.get(4), row.get(5));
    StoredMark {
        appid: row.get(0),
        random: row.get(1),
        source: row.get(2),
        floor: row.get::<_, Option<OffsetDateTime>>(3).map(Into::into),
        failures: failures.into_iter().map(Moment::from).zip(nonces).collect(),
    }
}
