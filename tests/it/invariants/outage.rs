//! An outage is not a failure: servers come and go, nothing is lost, nothing counts as an attempt (invariants 1 and 6).

use crate::harness::{Spec, eventually, own_lab, records, with};
use sesame::client::{Answered, Client, ClientError};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::store::Store;
use std::time::{Duration, Instant};
use uuid::Uuid;

async fn add(client: &Client, prefix: &str, random: &Random) -> Result<Answered, ClientError> {
    let list = records::checks(prefix, "370203", "2025-06-01 08:00:00", 50);
    client.send(BusinessCode::parse("007").unwrap(), Action::Add, &list, random).await
}

/// Sends until accepted, always with the same random.
async fn add_surely(client: &Client, prefix: &str) {
    let random = Random::from(Uuid::new_v4());
    eventually("an exchange is accepted", || async {
        let answered = add(client, prefix, &random).await.ok()?;
        assert!(answered.success || answered.status == 503, "{answered:?}");
        answered.success.then_some(())
    })
    .await;
}

async fn holds(store: &Store, records: i64, what: &str) {
    let region = sesame::standard::region::Region::parse("370203").unwrap();
    eventually(what, || async {
        let tally = store.tally(region).await.ok()?;
        (tally.first()?.records == records).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_servers_come_and_go_and_nothing_is_lost() {
    let (lab, _folder) = own_lab().await;
    let city = Spec::new("370200").on(&lab);
    let county = Spec::new("370203").on(&lab).parent(&city).prompt();
    let mut city = city.start(&[&county]).await;
    let mut county = county.start(&[]).await;
    let (client, stores) = (county.client(), [county.store(), city.store()]);
    add_surely(&client, "A").await;
    for store in &stores {
        holds(store, 50, "the first batch").await;
    }

    // PostgreSQL away: exchanges are accepted all the same, and wait in the queues.
    let lab = with(lab, |lab| lab.database.as_mut().unwrap().kill9()).await;
    add_surely(&client, "B").await;
    add_surely(&client, "C").await;
    let lab = with(lab, |lab| lab.database.as_mut().unwrap().restart().unwrap()).await;
    for store in &stores {
        holds(store, 150, "what came while the store was away").await;
    }

    // RabbitMQ away: the outcome is unknown, and said so soon.
    let lab = with(lab, |lab| lab.broker.as_mut().unwrap().kill9()).await;
    let asked = Instant::now();
    let random = Random::from(Uuid::new_v4());
    let answered = add(&client, "D", &random).await.unwrap();
    assert_eq!(answered.status, 503, "{answered:?}");
    assert!(asked.elapsed() < Duration::from_secs(4), "the answer came late: {:?}", asked.elapsed());
    let lab = with(lab, |lab| lab.broker.as_mut().unwrap().restart().unwrap()).await;
    add_surely(&client, "D").await;
    for store in &stores {
        holds(store, 200, "what came after the broker was back").await;
        assert!(store.failure_counts().await.unwrap().is_empty(), "an outage is no failure");
    }
    county.stop().await;
    city.stop().await;
    drop(lab);
}

/// A pause that grows with every vain attempt would sleep on for up to ten seconds after the store is back, at every tier of a way.
#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_store_that_was_away_for_long_is_used_again_soon_after_its_return() {
    let (lab, _folder) = own_lab().await;
    let mut county = Spec::new("370203").on(&lab).start(&[]).await;
    let (client, store) = (county.client(), county.store());
    add_surely(&client, "A").await;
    holds(&store, 50, "the first batch").await;
    let lab = with(lab, |lab| lab.database.as_mut().unwrap().stop().unwrap()).await;
    add_surely(&client, "B").await;
    // How long it is away is what is tested: a doubling pause is now in its longest step.
    tokio::time::sleep(Duration::from_secs(14)).await;
    let lab = with(lab, |lab| lab.database.as_mut().unwrap().restart().unwrap()).await;
    let back = Instant::now();
    holds(&store, 100, "what came while the store was away").await;
    assert!(back.elapsed() < Duration::from_secs(5), "the store was used again after {:?}", back.elapsed());
    county.stop().await;
    drop(lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_4_a_child_and_its_parent_on_two_brokers() {
    let ((lower, _one), (upper, _two)) = tokio::join!(own_lab(), own_lab());
    let city = Spec::new("370200").on(&upper);
    let county = Spec::new("370203").on(&lower).parent(&city);
    let mut city = city.start(&[&county]).await;
    let mut county = county.start(&[]).await;
    let client = county.client();
    add_surely(&client, "A").await;
    holds(&city.store(), 50, "the batch at the parent").await;

    let upper = with(upper, |lab| lab.broker.as_mut().unwrap().kill9()).await;
    add_surely(&client, "B").await;
    holds(&county.store(), 100, "the child goes on while its parent is away").await;
    let upper = with(upper, |lab| lab.broker.as_mut().unwrap().restart().unwrap()).await;
    holds(&city.store(), 100, "the batch at the parent after its return").await;
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "a parent away is no failure");
    county.stop().await;
    city.stop().await;
    drop((lower, upper));
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_a_store_that_is_full_or_read_only_is_an_outage() {
    let node = Spec::new("370203").start(&[]).await;
    let (database, connection) =
        tokio_postgres::connect(node.config.store.uri.text(), tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let client = node.client();
    // What PostgreSQL says of a full disk, of too many connections, of a disk that fails, of a standby, and of rights taken away.
    for (at, sqlstate) in ["53100", "53300", "58030", "25006", "42501"].into_iter().enumerate() {
        let trouble = format!(
            "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = '{sqlstate}'; END $$; \
             CREATE TRIGGER trouble BEFORE INSERT ON batches FOR EACH ROW EXECUTE FUNCTION trouble()"
        );
        // All or nothing; it may meet the node as that makes the tables of months to come.
        eventually("the trouble begins", || async { database.batch_execute(&trouble).await.ok() }).await;
        add_surely(&client, &format!("trouble-{at}")).await;
        let before = at as i64 * 50;
        let counted = node.store().batch_count().await.unwrap();
        assert_eq!(counted * 50, before, "nothing is committed in trouble");
        // Its locks may meet those of the node's own transactions.
        eventually("the trouble is over", || async {
            database.batch_execute("DROP FUNCTION trouble CASCADE").await.ok()
        })
        .await;
        holds(&node.store(), before + 50, "what came in trouble").await;
    }
    assert!(node.store().failure_counts().await.unwrap().is_empty(), "an outage is no failure");
    drop(database);
    driver.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_meet_time_and_again_are_no_failure() {
    let node = Spec::new("370203").start(&[]).await;
    let database = node.sql().await;
    // More often than a group is run again; a sequence counts also what is rolled back.
    let meeting = "CREATE SEQUENCE met; \
         CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF nextval('met') < 15 THEN RAISE EXCEPTION 'met' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER meet BEFORE INSERT ON batches FOR EACH ROW EXECUTE FUNCTION meet()";
    // It may meet the node itself as that makes the tables of months to come.
    eventually("the meetings begin", || async { database.batch_execute(meeting).await.ok() }).await;
    add_surely(&node.client(), "A").await;
    holds(&node.store(), 50, "what met others").await;
    assert!(node.store().failure_counts().await.unwrap().is_empty(), "meeting others is no failure");
}
