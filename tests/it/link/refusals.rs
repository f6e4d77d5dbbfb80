//! What the endpoint refuses counts by the rule of §7.4, and holds up nothing else.

use super::foreign::{failed, holds};
use super::stub::{Manner, PLAIN, Stub};
use crate::contract::ask::App;
use crate::harness::records;
use sesame::standard::refusal::RefusalCode;

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_refusals_of_every_kind_count_and_their_neighbours_pass() {
    let stub = Stub::start(PLAIN).await;
    let kinds = [
        ("bad-a", Manner::Refuse(RefusalCode::InvalidRecords, 200)),
        ("bad-b", Manner::Refuse(RefusalCode::SignMismatch, 401)),
        ("bad-c", Manner::Refuse(RefusalCode::TransferFailed, 429)),
        ("bad-d", Manner::TakeWronglySigned),
        ("bad-e", Manner::TakeUnsigned),
        ("bad-f", Manner::Page(403)),
    ];
    stub.chooses(move |seen| {
        kinds.iter().find(|(name, _)| seen.names(&format!("{name}-0"))).map_or(Manner::Take, |(_, manner)| *manner)
    });
    let mut county = stub.county().await;
    let app = App::of(&county);
    for (name, _) in kinds {
        for name in [name, &format!("good-{name}")] {
            app.ask("007", "01", records::checks(name, "370203", "2025-06-01 08:00:00", 1)).accepted().await;
        }
    }
    failed(&county, kinds.len() as i64).await;
    // The two whose answers prove nothing were taken there all the same.
    holds(&stub, kinds.len() + 2).await;
    assert_eq!(stub.seen().len(), 2 * kinds.len(), "each was sent once: the pauses of §7.4 have not passed");
    assert_eq!(county.health().checks().link.detail, "works", "a refusal is an answer");
    county.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_6_a_batch_over_which_the_endpoint_breaks_down_each_time_fails_and_others_pass() {
    let stub = Stub::start(PLAIN).await;
    stub.chooses(|seen| if seen.names("poison-0") { Manner::Reset } else { Manner::Take });
    let mut county = stub.county().await;
    let app = App::of(&county);
    app.ask("007", "01", records::checks("poison", "370203", "2025-06-01 08:00:00", 1)).accepted().await;
    for batch in 0..20 {
        app.ask("007", "01", records::checks(&format!("G{batch}"), "370203", "2025-06-01 08:00:00", 1))
            .accepted()
            .await;
    }
    holds(&stub, 20).await;
    // While nothing else is answered, nobody can tell whether it is the batch or the link: others must come.
    let store = county.store();
    for batch in 0_u32.. {
        if store.failure_counts().await.unwrap().iter().any(|(_, reason, ..)| reason == "REFUSED_BY_PARENT") {
            break;
        }
        assert!(batch < 200, "the batch at fault stays in hand");
        app.ask("007", "01", records::checks(&format!("H{batch}"), "370203", "2025-06-01 08:00:00", 1))
            .accepted()
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    failed(&county, 1).await;
    county.stop().await;
}
