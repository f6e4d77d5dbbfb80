//! One exchange at a time with a parent of another kind (§6.3), whichever process of the node has it: what one sends beside another may
//! bring an older change after a newer one.

use crate::harness::{Spec, eventually};
use sesame::store::{Purpose, Store};
use std::future::pending;
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_3_who_sends_alone_keeps_its_lock_while_it_takes_and_stops_when_it_has_lost_it() {
    let node = Spec::new("370203").prepare(&[]).await;
    let uri = node.config.store.uri.text();
    // A transaction without a sign of life is ended sooner than the work is done.
    let uri = format!("{uri}?options=-c%20idle_in_transaction_session_timeout%3D13s");
    let store = Store::new(&uri, 2, Purpose::Serve).unwrap();
    store.serially(sleep(Duration::from_secs(15))).await.unwrap();

    let sql = node.sql().await;
    let has_lock = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted \
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let holder = || async { sql.query_opt(has_lock, &[]).await.unwrap().map(|row| row.get::<_, i32>(0)) };
    let end = || async {
        let pid = eventually("somebody has the lock", holder).await;
        sql.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
        eventually("nobody has the lock", || async { holder().await.is_none().then_some(()) }).await;
    };
    let (lost, ()) = tokio::join!(store.serially(pending::<()>()), end());
    assert!(lost.unwrap_err().is_outage());

    let verdict = store.serially(async {
        end().await;
        "taken"
    });
    assert_eq!(verdict.await.unwrap(), "taken", "what the parent has said holds, whatever became of the lock");
}
