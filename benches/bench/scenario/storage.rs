//! Ways to store a batch, in PostgreSQL alone: what each takes, and why sesame's tables are as they are.

use crate::bench::Bench;
use crate::corpus::Corpus;
use crate::floor::TABLES;
use crate::node::tiers;
use crate::report::Report;
use crate::statistics::median;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// Records of a transaction.
const BATCH: usize = 2_000;
/// Connections that write at once, as persist's consumers do.
const CONNECTIONS: usize = 2;
const DATABASE: &str = "storage";

/// A way to store a batch of adds.
struct Design {
    /// Shown in the table: what it does, or what tells it from the one before.
    name: &'static str,
    tables: String,
    /// Takes the batch, the keys in order, versions, places in the batch, records as JSON, and the compressed body.
    statement: String,
}

/// Where a record's fields are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    Json,
    Text,
    /// In the body of the batch alone: whoever reads a record must unpack the body it came in.
    InBody,
}

/// Where the change is noted that made a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// In a row of its own, as every other change.
    RowOfItsOwn,
    /// In the record's row.
    InRecord,
}

fn designs() -> [Design; 5] {
    [
        Design {
            name: "the floor's: each record twice, as jsonb",
            tables: TABLES.to_owned(),
            statement: "WITH u AS (SELECT * FROM unnest($2::text[], $3::bytea[], $4::int[], $5::text[]) AS u(key, added, ordinal, fields)), \
                 c AS (INSERT INTO changes SELECT $1, ordinal, '007', key, '370203', 1, fields::jsonb, now() FROM u \
                 WHERE length($6::bytea) > 0) \
                 INSERT INTO records AS r (dataset, pk, region, version, ordinal, deleted, payload) \
                 SELECT '007', key, '370203', now(), ordinal, false, fields::jsonb FROM u \
                 ON CONFLICT (dataset, pk) DO UPDATE SET payload = excluded.payload WHERE r.version < excluded.version"
                .to_owned(),
        },
        design("a body for each batch, narrow changes, fields as json", First::RowOfItsOwn, Fields::Json),
        design("the first change in the record's row", First::InRecord, Fields::Json),
        design("fields as text (sesame)", First::InRecord, Fields::Text),
        design("fields in the body alone", First::InRecord, Fields::InBody),
    ]
}

fn design(name: &'static str, first: First, fields: Fields) -> Design {
    let (column, value, update) = match fields {
        Fields::Json => ("fields json NOT NULL,", ", u.fields::json", ", fields = excluded.fields"),
        Fields::Text => ("fields text NOT NULL,", ", u.fields", ", fields = excluded.fields"),
        // Sent all the same, so that every design is sent as much.
        Fields::InBody => ("", "", ""),
    };
    let (first_columns, first_names, first_values, changes) = match first {
        First::RowOfItsOwn => {
            ("", "", "", "c AS (INSERT INTO changes SELECT id, $1, ordinal FROM applied JOIN u USING (key))")
        }
        First::InRecord => (
            "first_batch uuid NOT NULL, first_ordinal int NOT NULL,",
            ", first_batch, first_ordinal",
            ", $1, u.ordinal",
            "c AS (INSERT INTO changes SELECT id, $1, 0 FROM applied WHERE NOT is_new)",
        ),
    };
    let is_new = if first == First::InRecord { "r.first_batch = r.batch" } else { "true" };
    let names = if fields == Fields::InBody { "" } else { ", fields" };
    Design {
        name,
        tables: format!(
            "CREATE SEQUENCE record_ids CACHE 100; \
             CREATE TABLE batches (id uuid PRIMARY KEY, body bytea NOT NULL); \
             ALTER TABLE batches ALTER COLUMN body SET STORAGE EXTERNAL; \
             CREATE TABLE changes (record bigint NOT NULL, batch uuid NOT NULL, ordinal int NOT NULL); \
             CREATE INDEX ON changes (record); \
             CREATE TABLE records (busicode smallint NOT NULL, region int NOT NULL, key text NOT NULL COLLATE \"C\", \
             id bigint NOT NULL, batch uuid NOT NULL, applied_at timestamptz NOT NULL, is_deleted boolean NOT NULL, \
             added bytea, deleted bytea, modified json, {column} {first_columns} PRIMARY KEY (busicode, region, key)); \
             CREATE INDEX ON records (busicode, applied_at, id);"
        ),
        statement: format!(
            "WITH u AS (SELECT * FROM unnest($2::text[], $3::bytea[], $4::int[], $5::text[]) AS u(key, added, ordinal, fields)), \
             b AS (INSERT INTO batches VALUES ($1, $6::bytea)), \
             applied AS (INSERT INTO records AS r (busicode, region, key, id, batch, applied_at, is_deleted, added{names}{first_names}) \
             SELECT 7, 370203, u.key, nextval('record_ids'), $1, now(), false, u.added{value}{first_values} FROM u \
             ON CONFLICT (busicode, region, key) DO UPDATE SET batch = excluded.batch, added = excluded.added{update}, \
             applied_at = excluded.applied_at WHERE r.added < excluded.added \
             RETURNING r.key, r.id, {is_new} AS is_new), \
             {changes} SELECT count(*) FROM applied"
        ),
    }
}

/// A batch as a statement takes it.
struct Batch {
    id: Uuid,
    keys: Vec<String>,
    added: Vec<Vec<u8>>,
    ordinals: Vec<i32>,
    fields: Vec<String>,
    body: Vec<u8>,
}

impl Batch {
    fn new(mut records: Vec<(String, String)>) -> Result<Self> {
        let fields: Vec<&str> = records.iter().map(|(_, fields)| fields.as_str()).collect();
        let body = zstd::bulk::compress(format!("[{}]", fields.join(",")).as_bytes(), 1)?;
        records.sort_unstable();
        let version = |ordinal: usize| [[7; 28].as_slice(), &(ordinal as u32).to_be_bytes()].concat();
        let (added, ordinals) = (0..records.len()).map(|at| (version(at), at as i32)).unzip();
        let (keys, fields) = records.into_iter().unzip();
        Ok(Self { id: Uuid::new_v4(), keys, added, ordinals, fields, body })
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 6] {
        [&self.id, &self.keys, &self.added, &self.ordinals, &self.fields, &self.body]
    }
}

/// What a design took.
#[derive(Default)]
struct Taken {
    per_second: Vec<f64>,
    wal_per_record: Vec<f64>,
    disk_per_record: Vec<f64>,
}

/// Writes so many records in every design, in turn, in several rounds.
pub async fn measure(bench: &Bench, records: usize, rounds: usize, report: &mut Report) -> Result<()> {
    let batches = records.div_ceil(BATCH);
    println!("\nstorage: {batches} transactions of {BATCH} adds, {CONNECTIONS} connections, PostgreSQL alone");
    let mut corpus = Corpus::new(*tiers()?.first().context("a county")?)?;
    let batches: Arc<Vec<Batch>> =
        Arc::new((0..batches).map(|_| Batch::new(corpus.records(BATCH))).collect::<Result<_>>()?);
    let designs = designs();
    let mut taken: BTreeMap<usize, Taken> = BTreeMap::new();
    for _ in 0..rounds {
        for (at, design) in designs.iter().enumerate() {
            write(bench, design, &batches, taken.entry(at).or_default()).await?;
        }
    }
    println!("{:<56} {:>10} {:>10} {:>10}", "design", "records/s", "WAL B/rec", "disk B/rec");
    for (at, taken) in &taken {
        let name = designs[*at].name;
        let [speed, wal, disk] =
            [&taken.per_second, &taken.wal_per_record, &taken.disk_per_record].map(|values| median(values));
        println!("{name:<56} {speed:>10.0} {wal:>10.0} {disk:>10.0}");
        report.figure("storage", name, speed, "records/s");
        report.figure("storage", &format!("{name}: WAL"), wal, "bytes a record");
        report.figure("storage", &format!("{name}: disk"), disk, "bytes a record");
    }
    Ok(())
}

async fn write(bench: &Bench, design: &Design, batches: &Arc<Vec<Batch>>, taken: &mut Taken) -> Result<()> {
    bench.servers.empty_database(DATABASE)?;
    let watching = bench.servers.connect(DATABASE).await?;
    watching.batch_execute(&design.tables).await?;
    watching.batch_execute("CHECKPOINT").await?;
    let sizes = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8, pg_database_size(current_database())::float8";
    let before = watching.query_one(sizes, &[]).await?;
    let (next, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut writers = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = bench.servers.connect(DATABASE).await?;
        let statement = client.prepare(&design.statement).await?;
        let (batches, next) = (batches.clone(), next.clone());
        writers.push(tokio::spawn(async move {
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                client.execute(&statement, &batch.parameters()).await?;
            }
            anyhow::Ok(())
        }));
    }
    for writer in writers {
        writer.await??;
    }
    let records = (batches.len() * BATCH) as f64;
    taken.per_second.push(records / begun.elapsed().as_secs_f64());
    let after = watching.query_one(sizes, &[]).await?;
    let grown = |column: usize| (after.get::<_, f64>(column) - before.get::<_, f64>(column)) / records;
    taken.wal_per_record.push(grown(0));
    taken.disk_per_record.push(grown(1));
    drop(watching);
    bench.servers.drop_database(DATABASE)
}
