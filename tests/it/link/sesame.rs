//! A parent of our own kind over https: the same batch there, under the same id and version.

use crate::contract::ask::App;
use crate::harness::{NodeProcess, Proxy, Spec, TestNode, Weather, eventually, records};
use serde_json::json;
use sesame::clock::Clock;
use sesame::config::KeySource;
use sesame::standard::region::Region;

/// `[parent]` of a node below, after the region.
fn parent(port: u16) -> String {
    format!("[parent.https]\nurl = \"http://127.0.0.1:{port}/sesame/exchange\"\nanswer_secs = 5\n")
}

/// Waits until both have the same records of the county, and so many of them.
async fn agree(upper: &TestNode, lower: &TestNode, records: i64) {
    let region = Region::parse("370203").unwrap();
    eventually(&format!("{} agrees on {records} records", upper.config.node.region), || async {
        let (above, below) = (upper.store().tally(region).await.ok()?, lower.store().tally(region).await.ok()?);
        (above == below && below.first()?.records == records).then_some(())
    })
    .await;
}

/// The log row of a batch.
async fn row(node: &TestNode, batch: &str) -> serde_json::Value {
    let reply = App::of(node).log(json!([{"BATCH": batch}])).succeeds().await;
    assert_eq!(reply.busilist.len(), 1, "{reply:?}");
    reply.busilist[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_2_3_over_two_hops_of_both_kinds_batches_stay_the_same_and_tiers_agree() {
    let province = Spec::new("370000");
    let city = Spec::new("370200").parent(&province);
    let county = Spec::new("370203");
    let province = province.start(&[&city]).await;
    let mut city = city.start(&[&county]).await;
    let mut county = county.parent_over_https("370200", &parent(city.interface.port())).start(&[]).await;
    let app = App::of(&county);
    let batch = app.ask("007", "01", records::checks("A", "370203", "2025-06-01 08:00:00", 5)).accepted().await;
    // Before its changes: what has never been added cannot be changed.
    agree(&city, &county, 5).await;
    for round in 0..20 {
        let day = 2 + (round * 7) % 20;
        let change = json!([{"JCJLBH": "A-0", "XZQHDM": "370203", "SJGXSJ": format!("2025-06-{day:02} 08:00:00"), "JCRY": format!("R{round}")}]);
        app.ask("007", "02", change).accepted().await;
    }
    let bulk = records::checks("bulk", "370203", "2025-06-01 08:00:00", 400);
    app.ask("007", "01", bulk).accepted().await;
    agree(&city, &county, 405).await;
    agree(&province, &county, 405).await;
    for node in [&county, &city, &province] {
        // Changes that came late and change nothing take their way too.
        eventually("every batch is there, once", || async {
            (node.store().batch_count().await.ok()? == 22).then_some(())
        })
        .await;
        assert!(node.store().failure_counts().await.unwrap().is_empty());
    }
    let rows = [row(&county, &batch).await, row(&city, &batch).await, row(&province, &batch).await];
    for name in ["BATCH", "TIME", "APPID", "RANDOM", "RECORDS", "BYTES", "REGION"] {
        assert!(rows.iter().all(|row| row[name] == rows[0][name]), "{name}: {rows:?}");
    }
    county.stop().await;
    city.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invariants_1_2_either_side_may_be_killed_or_cut_off_in_the_middle() {
    let (city, county) = (Spec::new("370200"), Spec::new("370203"));
    let city = city.prepare(&[&county]).await;
    let mut above = NodeProcess::start(&city);
    above.ready().await;
    let proxy = Proxy::before(above.interface().port()).await;
    let county = county.parent_over_https("370200", &parent(proxy.port)).prepare(&[]).await;
    let mut below = NodeProcess::start(&county);
    below.ready().await;
    let client = |url: &str| {
        let key = sesame::standard::cipher::Key::parse(crate::harness::KEY).unwrap();
        sesame::client::Client::new(url, crate::harness::APP, key).unwrap()
    };
    let (busicode, action) =
        (sesame::standard::code::BusinessCode::parse("007").unwrap(), sesame::standard::code::Action::Add);
    for round in 0..40 {
        match round {
            10 => above.kill_and_restart(),
            20 => proxy.turn(Weather::Cut),
            25 => proxy.turn(Weather::Fair),
            30 => {
                below.kill_and_restart();
                below.ready().await;
            }
            _ => {}
        }
        let list = records::checks(&format!("R{round}"), "370203", "2025-06-01 08:00:00", 5);
        let random = sesame::standard::random::Random::from(uuid::Uuid::new_v4());
        let caller = client(&below.url());
        eventually("it is accepted", || async {
            caller.send(busicode, action, &list, &random).await.ok()?.success.then_some(())
        })
        .await;
    }
    agree(&city, &county, 200).await;
    assert_eq!(city.store().batch_count().await.unwrap(), 40);
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "an outage is no failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_what_a_former_key_has_sealed_is_sealed_anew_and_a_key_the_parent_has_not_counts() {
    const NEW: &str = "ffeeddccbbaa99887766554433221100";
    let (city, county) = (Spec::new("370200"), Spec::new("370203"));
    let mut city = city.start(&[&county]).await;
    city.config.interface.listen = city.interface;
    let spec = county.parent_over_https("370200", &parent(city.interface.port()));
    let mut county = spec.extra("[failures]\nretry_secs = [5, 5]\n").start(&[]).await;
    // Sealed with the old key while the parent is away.
    city.stop().await;
    let app = App::of(&county);
    app.ask("007", "01", records::checks("old", "370203", "2025-06-01 08:00:00", 5)).accepted().await;
    let region = county.config.node.region;
    eventually("it is committed, and waits for the link", || async {
        let store = county.store();
        let tally = store.tally(region).await.ok()?;
        (tally.first()?.records == 5 && store.outbox_depth().await.ok()? == 0).then_some(())
    })
    .await;
    county.stop().await;
    // Both change it; the parent does not keep the old one.
    let key = |text: &str| KeySource::try_from(text.to_owned()).unwrap();
    let old = std::mem::replace(&mut county.config.node.key, key(NEW));
    county.config.node.former_keys = vec![old];
    city.config.children[0].key = key(NEW);
    county.run(Clock::system()).await;
    city.run(Clock::system()).await;
    agree(&city, &county, 5).await;
    assert!(county.store().failure_counts().await.unwrap().is_empty(), "it was mended at once");

    // A key that the parent has not: that counts, and passes once the parent has it.
    county.stop().await;
    county.config.node.key = key("00112233445566778899aabbccddeeff");
    county.run(Clock::system()).await;
    App::of(&county).ask("007", "01", records::checks("new", "370203", "2025-06-01 08:00:00", 5)).accepted().await;
    eventually("it counts", || async {
        let counts = county.store().failure_counts().await.ok()?;
        counts.iter().any(|(step, reason, ..)| step == "uplink" && reason == "REFUSED_BY_PARENT").then_some(())
    })
    .await;
    city.stop().await;
    city.config.children[0].key = key("00112233445566778899aabbccddeeff");
    city.run(Clock::system()).await;
    agree(&city, &county, 10).await;
    county.stop().await;
    city.stop().await;
}
