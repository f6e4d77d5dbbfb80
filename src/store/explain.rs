//! Plans, for docs/query-plans.md.

use super::StoreError;
use super::conditions::Conditions;
use deadpool_postgres::Transaction;

/// A statement with the plan PostgreSQL makes for it, and what running it took.
pub(super) async fn explain(tx: &Transaction<'_>, sql: &str, conditions: &Conditions) -> Result<String, StoreError> {
    let mut told = format!("{sql}\n\n");
    // Nothing of a plan depends on the parameters' types alone: they are the values of one query.
    let rows = tx.query(&format!("EXPLAIN (ANALYZE, COSTS OFF) {sql}"), &conditions.parameters()).await?;
    for row in rows {
        told.push_str(row.get(0));
        told.push('\n');
    }
    told.push('\n');
    Ok(told)
}
