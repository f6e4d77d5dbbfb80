//! The tables of the months: made ahead, read for the archive, dropped.

use super::{Store, StoreError};
use crate::standard::moment::Moment;
use crate::standard::month::Month;
use deadpool_postgres::{ClientWrapper, Object};
use futures_util::TryStreamExt;
use std::pin::Pin;
use time::OffsetDateTime;
use tokio_postgres::RowStream;
use uuid::Uuid;

/// A table that is kept by months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monthly {
    /// Batches with their bodies and evidence.
    Batches,
    /// Which batch changed which record.
    Changes,
    /// Refusals and queries.
    Log,
    /// What the tiers above say of batches.
    Receipts,
}

impl Monthly {
    /// All of them. Batches go after what tells of them, but before their receipts: of a batch that is gone no receipt is taken, so
    /// that none meets a month without a table.
    pub const ALL: [Monthly; 4] = [Monthly::Log, Monthly::Changes, Monthly::Batches, Monthly::Receipts];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Monthly::Batches => "batches",
            Monthly::Changes => "changes",
            Monthly::Log => "log",
            Monthly::Receipts => "receipts",
        }
    }

    /// The table of one month.
    fn of(self, month: Month) -> String {
        format!("{}_{}", self.as_str(), month.to_string().replace('-', ""))
    }

    /// What is read of a row: everything but the body as JSON, and the body. In an order in which it is the same again.
    fn select(self, month: Month) -> String {
        let (row, body, order) = match self {
            Monthly::Batches => ("to_jsonb(r) - 'body'", "body", "persisted_at, id"),
            Monthly::Changes => ("to_jsonb(r)", "NULL::bytea", "record, batch, ordinal"),
            Monthly::Log => ("to_jsonb(r)", "NULL::bytea", "id, at"),
            Monthly::Receipts => ("to_jsonb(r) - 'version'", "NULL::bytea", "at, batch, node"),
        };
        format!("SELECT ({row})::text, {body} FROM {} r ORDER BY {order}", self.of(month))
    }
}

/// Why a month must not be dropped yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hold {
    /// Failures of this month, or of a batch of it, that are open.
    pub failures: i64,
    /// Batches of it that wait to be published.
    pub outbox: i64,
}

impl Hold {
    /// Whether nothing holds the month.
    pub fn is_free(self) -> bool {
        self == Self::default()
    }
}

/// The right to look after the months, which one process has at a time. Dropping it gives it back.
pub struct Claim {
    /// The lock is this connection's, which is not given back to the pool.
    _client: ClientWrapper,
}

/// The rows of a month, as they come.
pub struct MonthRows {
    _client: ClientWrapper,
    rows: Pin<Box<RowStream>>,
}

/// A row of a month.
pub struct MonthRow {
    /// Its columns as a JSON object, the body left out.
    pub json: String,
    /// The body, zstd, where the row has one.
    pub body: Option<Vec<u8>>,
}

impl MonthRows {
    /// The next row.
    pub async fn next(&mut self) -> Result<Option<MonthRow>, StoreError> {
        let row = self.rows.try_next().await?;
        Ok(row.map(|row| MonthRow { json: row.get(0), body: row.get(1) }))
    }
}

/// Any number that no other user of the database takes a lock on.
const UPKEEP: i64 = 0x5e5a_3e02;

/// Rows of the guard deleted in one transaction: short enough for nobody to wait.
const CHUNK: i64 = 5_000;

/// Whoever needs a table waits behind a lock that is waited for; so it is not waited for long, and tried again later.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '3s'";

impl Store {
    /// Makes the tables of a month where they are missing.
    ///
    /// # Errors
    /// Always an outage: no row is at fault.
    pub async fn make_month(&self, month: Month) -> Result<(), StoreError> {
        let made = async {
            let mut client = self.client().await?;
            // Who finds them there waits for no lock: one that vanished while making them may hold it for a while.
            let tables = Monthly::ALL.map(|table| table.of(month));
            let are_there = "SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest($1::text[]) AS name";
            if client.query_one(are_there, &[&tables.as_slice()]).await?.get(0) {
                return Ok(0);
            }
            let tx = client.transaction().await?;
            tx.batch_execute(BRIEFLY).await?;
            let made: i32 = tx.query_one("SELECT make_month($1)", &[&month.first_day()]).await?.get(0);
            tx.commit().await?;
            Ok(made)
        };
        match made.await {
            Ok(0) => Ok(()),
            Ok(made) => {
                tracing::info!(%month, made, "made the tables of a month");
                Ok(())
            }
            Err(StoreError::Outage(reason)) => Err(StoreError::Outage(cannot_make(month, &reason))),
            Err(error) => Err(StoreError::Outage(cannot_make(month, &error.to_string()))),
        }
    }

    /// Makes the tables of the month it is by PostgreSQL's clock, where they are missing.
    pub(super) async fn make_present_month(&self) -> Result<(), StoreError> {
        self.make_month(Month::of(self.clock().await?)).await
    }

    /// The months a table has, in their order.
    pub async fn months(&self, table: Monthly) -> Result<Vec<Month>, StoreError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT substr(c.relname, length($1) + 2, 4) || '-' || substr(c.relname, length($1) + 6, 2) \
                 FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid \
                 WHERE inhparent = $1::text::regclass AND c.relname ~ '^[a-z]+_[0-9]{6}$' ORDER BY c.relname",
                &[&table.as_str()],
            )
            .await?;
        Ok(rows.iter().filter_map(|row| row.get::<_, &str>(0).parse().ok()).collect())
    }

    /// What holds a month back from being dropped.
    pub async fn hold(&self, month: Month) -> Result<Hold, StoreError> {
        let (first, after) = (OffsetDateTime::from(month.start()), OffsetDateTime::from(month.plus(1).start()));
        let client = self.client().await?;
        let row = client
            .query_one(
                "SELECT (SELECT count(*) FROM failures f LEFT JOIN once o ON o.id = f.batch WHERE f.state <> 'resolved' \
                 AND (f.at >= $1 AND f.at < $2 OR f.first_at >= $1 AND f.first_at < $2 OR o.at >= $1 AND o.at < $2)), \
                 (SELECT count(*) FROM outbox JOIN once o ON o.id = outbox.batch WHERE o.at >= $1 AND o.at < $2)",
                &[&first, &after],
            )
            .await?;
        Ok(Hold { failures: row.get(0), outbox: row.get(1) })
    }

    /// Claims the right to look after the months; `None` while another process has it.
    pub async fn claim_months(&self) -> Result<Option<Claim>, StoreError> {
        let client = self.client().await?;
        let claimed: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&UPKEEP]).await?.get(0);
        Ok(claimed.then(|| Claim { _client: Object::take(client) }))
    }

    /// Reads all rows of a month, in the same order every time.
    pub async fn month_rows(&self, table: Monthly, month: Month) -> Result<MonthRows, StoreError> {
        let client = Object::take(self.client().await?);
        // Times as text must not depend on where the server stands.
        client.batch_execute("SET TimeZone = 'UTC'").await?;
        let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
        let rows = client.query_raw(&table.select(month), none).await?;
        Ok(MonthRows { _client: client, rows: Box::pin(rows) })
    }

    /// Takes the batches of a month out of the guard of 'once', some thousands at a time.
    pub async fn forget_month(&self, month: Month) -> Result<u64, StoreError> {
        let client = self.client().await?;
        let table = Monthly::Batches.of(month);
        let next = format!(
            "SELECT persisted_at, id FROM {table} WHERE (persisted_at, id) > ($1, $2) ORDER BY 1, 2 LIMIT {CHUNK}"
        );
        let delete = "DELETE FROM once USING unnest($1::timestamptz[], $2::uuid[]) AS gone(at, id) \
                      WHERE once.id = gone.id AND once.at = gone.at";
        let (mut forgotten, mut last) = (0, (OffsetDateTime::from(Moment::from_micros(0)), Uuid::nil()));
        loop {
            let rows = client.query(&next, &[&last.0, &last.1]).await?;
            let Some(row) = rows.last() else { return Ok(forgotten) };
            last = (row.get(0), row.get(1));
            let pairs = rows.iter().map(|row| (row.get::<_, OffsetDateTime>(0), row.get::<_, Uuid>(1)));
            let (at, ids): (Vec<_>, Vec<_>) = pairs.unzip();
            forgotten += client.execute(delete, &[&at, &ids]).await?;
            client.execute("DELETE FROM unsettled WHERE batch = ANY($1)", &[&ids]).await?;
            client.execute("DELETE FROM uplink_parts WHERE batch = ANY($1)", &[&ids]).await?;
        }
    }

    /// Drops the table of a month. Where `archived` says how many rows were written to a file, nothing is dropped, and false
    /// returned, if there are others meanwhile: a log entry may come after its month.
    pub async fn drop_month(&self, table: Monthly, month: Month, archived: Option<u64>) -> Result<bool, StoreError> {
        let mut client = self.client().await?;
        let (tx, table) = (client.transaction().await?, table.of(month));
        tx.batch_execute(BRIEFLY).await?;
        if let Some(archived) = archived {
            tx.batch_execute(&format!("LOCK TABLE {table} IN SHARE MODE")).await?;
            let rows: i64 = tx.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?.get(0);
            if rows as u64 != archived {
                return Ok(false);
            }
        }
        tx.batch_execute(&format!("DROP TABLE {table}")).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn cannot_make(month: Month, reason: &str) -> String {
    format!(
        "the tables of {month} cannot be made ({reason}): let the user of [store] uri create tables in its schema, and end \
         what holds a lock on batches, changes or log"
    )
}
