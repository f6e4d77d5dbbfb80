//! The schema's versions. Each migration runs in one transaction together with its version row.

use super::StoreError;
use deadpool_postgres::Object;

const MIGRATIONS: [&str; 14] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_apps.sql"),
    include_str!("migrations/0003_record_ids.sql"),
    include_str!("migrations/0004_first_change.sql"),
    include_str!("migrations/0005_dataset_versions.sql"),
    include_str!("migrations/0006_months.sql"),
    include_str!("migrations/0007_failures.sql"),
    include_str!("migrations/0008_desk.sql"),
    include_str!("migrations/0009_query_indices.sql"),
    include_str!("migrations/0010_marks.sql"),
    include_str!("migrations/0011_receipts.sql"),
    include_str!("migrations/0012_uplink_parts.sql"),
    include_str!("migrations/0013_many_failures.sql"),
    include_str!("migrations/0014_desk_past.sql"),
];

/// The version of the schema this program works with.
pub const SCHEMA_VERSION: usize = MIGRATIONS.len();

/// Any number that no other user of the database takes a lock on.
const LOCK: i64 = 0x5e5a_3e00;

pub(super) async fn run(client: &mut Object) -> Result<(), StoreError> {
    loop {
        let tx = client.transaction().await?;
        tx.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        tx.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())")
            .await?;
        let found: i32 = tx.query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[]).await?.get(0);
        let found = usize::try_from(found).unwrap_or_default();
        if found > SCHEMA_VERSION {
            return Err(StoreError::Refused {
                sqlstate: String::new(),
                message: format!(
                    "the database has schema version {found}, this sesame knows {SCHEMA_VERSION}: install the newer sesame"
                ),
            });
        }
        let Some(migration) = MIGRATIONS.get(found) else {
            tx.commit().await?;
            return Ok(());
        };
        let version = found as i32 + 1;
        tx.batch_execute(migration).await?;
        tx.execute("INSERT INTO schema_version (version) VALUES ($1)", &[&version]).await?;
        tx.commit().await?;
        tracing::info!(version, "schema migrated");
    }
}
