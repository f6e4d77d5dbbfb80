//! RabbitMQ short of memory or disk space.

use super::sending::{Batch, holds};
use crate::harness::{Spec, eventually, own_lab, with};

/// In an alarm the broker blocks whoever publishes; what lies in its queues is still worked on, and what that leads to is
/// published once the alarm is over.
#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_6_alarms_stop_the_door_and_nothing_else() {
    let (mut lab, _folder) = own_lab().await;
    let city = Spec::new("370200").on(&lab);
    let county = Spec::new("370203").on(&lab).parent(&city).prompt();
    let mut city = city.start(&[&county]).await;
    let mut county = county.start(&[]).await;
    let client = county.client();
    let alarms: [(&'static [&'static str], &'static [&'static str]); 2] = [
        (&["set_vm_memory_high_watermark", "absolute", "1MB"], &["set_vm_memory_high_watermark", "absolute", "1GB"]),
        (&["set_disk_free_limit", "1000000GB"], &["set_disk_free_limit", "50MB"]),
    ];
    let mut expected = 0;
    for (at, (raise, clear)) in alarms.into_iter().enumerate() {
        // With the store away, what is accepted waits in the queues; in the alarm it is committed.
        let mut waiting = with(lab, |lab| lab.database.as_mut().unwrap().stop().unwrap()).await;
        for n in 0..5 {
            Batch::new(&format!("waiting-{at}-{n}")).accepted(&client).await;
        }
        waiting = with(waiting, |lab| drop(lab.broker.as_ref().unwrap().ctl(raise).unwrap())).await;
        let refused = Batch::new(&format!("refused-{at}"));
        eventually("the alarm reaches the door", || async {
            (refused.send(&client).await.status == 503).then_some(())
        })
        .await;
        refused.unavailable(&client).await;
        assert!(!county.health().checks().broker.ok, "a node that accepts nothing is not ready");
        lab = with(waiting, |lab| lab.database.as_mut().unwrap().restart().unwrap()).await;
        expected += 50;
        eventually("what waited is committed in the alarm", || async {
            let tally = county.store().tally(county.config.node.region).await.ok()?;
            (tally.first()?.records >= expected).then_some(())
        })
        .await;
        assert!(county.store().outbox_depth().await.unwrap() > 0, "nothing can be published in an alarm");
        lab = with(lab, |lab| drop(lab.broker.as_ref().unwrap().ctl(clear).unwrap())).await;
        refused.accepted(&client).await;
        expected += 10;
        holds(&county, expected).await;
        holds(&city, expected).await;
    }
    county.stop().await;
    city.stop().await;
    drop(lab);
}
