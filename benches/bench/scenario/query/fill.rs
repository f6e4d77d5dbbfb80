//! Filling the store, by PostgreSQL itself.

use anyhow::Result;
use indicatif::ProgressBar;
use sesame::standard::region::{RegionTable, Tier};
use tokio_postgres::Client;

const FILL: &str = include_str!("fill.sql");
const MONTH: &str = include_str!("months.sql");
const RECORDS: &str = include_str!("records.sql");
/// Thirteen, the present one included.
const MONTHS: usize = 13;

/// Fills an empty schema with so many rows of the log and records.
pub async fn fill(client: &Client, log_rows: usize, records: usize) -> Result<()> {
    let table = RegionTable::builtin();
    let counties = table.regions().map(|(region, _)| region).filter(|region| region.tier() == Tier::County);
    let numbers: Vec<i32> = counties.map(|region| region.number() as i32).collect();
    client.batch_execute("CREATE TABLE place (n integer, region integer)").await?;
    let insert = "INSERT INTO place SELECT n - 1, region FROM unnest($1::int[]) WITH ORDINALITY AS p(region, n)";
    client.execute(insert, &[&numbers]).await?;
    let (batches, entries, failures) = (log_rows * 11 / 20, log_rows * 9 / 20, log_rows / 200);
    let with_numbers = |sql: &str, back: usize| {
        sql.replace(":BATCHES", &batches.to_string())
            .replace(":ENTRIES", &entries.to_string())
            .replace(":RECORDS", &records.to_string())
            .replace(":FAILURES", &failures.to_string())
            .replace(":BACK", &back.to_string())
    };
    let progress = ProgressBar::new(MONTHS as u64 + 2).with_message("filling the store");
    client.batch_execute(&with_numbers(FILL, 0)).await?;
    for back in (0..MONTHS).rev() {
        client.batch_execute(&with_numbers(MONTH, back)).await?;
        progress.inc(1);
    }
    client.batch_execute(&with_numbers(RECORDS, 0)).await?;
    progress.inc(1);
    client.batch_execute("VACUUM ANALYZE").await?;
    client.batch_execute("CHECKPOINT").await?;
    progress.finish_and_clear();
    Ok(())
}

/// What the store holds, as figures name it.
pub async fn held(client: &Client) -> Result<String> {
    let count = "SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM log) + \
                 (SELECT count(*) FROM failures WHERE state <> 'resolved'), (SELECT count(*) FROM records)";
    let row = client.query_one(count, &[]).await?;
    Ok(format!("{} rows of the log, {} records", row.get::<_, i64>(0), row.get::<_, i64>(1)))
}
