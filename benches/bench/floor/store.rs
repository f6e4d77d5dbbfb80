//! The two tables, and the two ways to fill them.

use super::rows::Rows;
use anyhow::Result;
use std::pin::pin;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, Statement};

/// How a group is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Variant {
    /// COPY BINARY into a temporary table, then two INSERT..SELECT.
    D2,
    /// One statement: UNNEST of arrays in a CTE that feeds both tables.
    D3,
}

/// Both tables with their indices.
pub const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS changes (batch uuid NOT NULL, ordinal int NOT NULL, dataset text NOT NULL, pk text NOT NULL,
        region text NOT NULL, action smallint NOT NULL, payload jsonb NOT NULL, at timestamptz NOT NULL);
    CREATE INDEX IF NOT EXISTS changes_batch ON changes (batch);
    CREATE TABLE IF NOT EXISTS records (dataset text NOT NULL, pk text NOT NULL, region text NOT NULL,
        version timestamptz NOT NULL, ordinal int NOT NULL, deleted boolean NOT NULL, payload jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (dataset, pk));
    CREATE INDEX IF NOT EXISTS records_region ON records (dataset, region);";

const STAGING: &str = "CREATE TEMPORARY TABLE staging (batch uuid, ordinal int, dataset text, pk text, region text,
    action smallint, payload jsonb, at timestamptz, last boolean) ON COMMIT DELETE ROWS";
const COPY: &str = "COPY staging FROM STDIN BINARY";
const TYPES: [Type; 9] = [
    Type::UUID,
    Type::INT4,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT2,
    Type::JSONB,
    Type::TIMESTAMPTZ,
    Type::BOOL,
];

const INPUT: &str = "WITH input AS (SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[],
    $6::smallint[], $7::jsonb[], $8::timestamptz[], $9::boolean[])
    AS input (batch, ordinal, dataset, pk, region, action, payload, at, last))";

/// The statement that fills `changes` from a source.
fn changes(source: &str) -> String {
    format!("INSERT INTO changes SELECT batch, ordinal, dataset, pk, region, action, payload, at FROM {source}")
}

/// The statement that fills `records` from a source.
fn records(source: &str) -> String {
    format!(
        "INSERT INTO records AS r (dataset, pk, region, version, ordinal, deleted, payload)
         SELECT dataset, pk, region, at, ordinal, action = 3, payload FROM {source} WHERE last
         ON CONFLICT (dataset, pk) DO UPDATE SET region = excluded.region, version = excluded.version,
             ordinal = excluded.ordinal, deleted = excluded.deleted, payload = excluded.payload, updated_at = now()
         WHERE (r.version, r.ordinal) < (excluded.version, excluded.ordinal)"
    )
}

/// A connection with its statements.
pub(super) struct Store {
    client: Client,
    statements: Statements,
}

enum Statements {
    D2 { copy: Statement, changes: Statement, records: Statement },
    D3(Statement),
}

/// Makes the tables.
pub(super) async fn create(uri: &str) -> Result<()> {
    Ok(connect(uri).await?.batch_execute(TABLES).await?)
}

async fn connect(uri: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(uri, NoTls).await?;
    // An error shows in the statements of the client.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

impl Store {
    pub(super) async fn open(uri: &str, variant: Variant) -> Result<Self> {
        let client = connect(uri).await?;
        let statements = match variant {
            Variant::D2 => {
                client.batch_execute(STAGING).await?;
                Statements::D2 {
                    copy: client.prepare(COPY).await?,
                    changes: client.prepare(&changes("staging")).await?,
                    records: client.prepare(&records("staging")).await?,
                }
            }
            Variant::D3 => {
                let both = format!("{INPUT}, history AS ({}) {}", changes("input"), records("input"));
                Statements::D3(client.prepare(&both).await?)
            }
        };
        Ok(Self { client, statements })
    }

    /// Commits a group in one transaction.
    pub(super) async fn commit(&mut self, rows: &Rows<'_>) -> Result<()> {
        match &self.statements {
            Statements::D2 { copy, changes, records } => {
                let tx = self.client.transaction().await?;
                let mut writer = pin!(BinaryCopyInWriter::new(tx.copy_in(copy).await?, &TYPES));
                for at in 0..rows.len() {
                    writer
                        .as_mut()
                        .write(&[
                            &rows.batches[at],
                            &rows.ordinals[at],
                            &rows.datasets[at],
                            &rows.keys[at],
                            &rows.regions[at],
                            &rows.actions[at],
                            &rows.payloads[at],
                            &rows.times[at],
                            &rows.last[at],
                        ])
                        .await?;
                }
                writer.finish().await?;
                tx.execute(changes, &[]).await?;
                tx.execute(records, &[]).await?;
                tx.commit().await?;
            }
            Statements::D3(both) => {
                self.client
                    .execute(
                        both,
                        &[
                            &rows.batches,
                            &rows.ordinals,
                            &rows.datasets,
                            &rows.keys,
                            &rows.regions,
                            &rows.actions,
                            &rows.payloads,
                            &rows.times,
                            &rows.last,
                        ],
                    )
                    .await?;
            }
        }
        Ok(())
    }
}
