//! An exchange reaches the nation.

use crate::harness::{Spec, eventually, records};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use uuid::Uuid;

fn random() -> Random {
    Random::from(Uuid::new_v4())
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_4_four_tiers_agree_after_adds_modifies_and_deletes() {
    let nation = Spec::new("000000");
    let province = Spec::new("370000").parent(&nation);
    let city = Spec::new("370200").parent(&province);
    let county = Spec::new("370203").parent(&city);
    let nation = {
        let (n, p) = (nation, &province);
        n.start(&[p]).await
    };
    let province = {
        let (p, c) = (province, &city);
        p.start(&[c]).await
    };
    let city = {
        let (c, x) = (city, &county);
        c.start(&[x]).await
    };
    let county = county.start(&[]).await;

    let busicode = BusinessCode::parse("007").unwrap();
    let client = county.client();
    let added = client
        .send(busicode, Action::Add, &records::checks("A", "370203", "2025-06-01 08:00:00", 300), &random())
        .await
        .unwrap();
    assert!(added.success, "{added:?}");
    let modify = r#"[{"JCJLBH":"A-1","XZQHDM":"370203","SJGXSJ":"2025-06-02 08:00:00","BZ":"复查","FZR":""}]"#;
    assert!(client.send(busicode, Action::Modify, modify, &random()).await.unwrap().success);
    let delete = r#"[{"JCJLBH":"A-2","SJGXSJ":"2025-06-02 08:00:00"}]"#;
    assert!(client.send(busicode, Action::Delete, delete, &random()).await.unwrap().success);

    let stores = [county.store(), city.store(), province.store(), nation.store()];
    eventually("all four tiers hold the same 300 records, one of them deleted", || async {
        let mut tallies = Vec::new();
        for store in &stores {
            tallies.push(store.tally(county.config.node.region).await.unwrap());
        }
        let complete = tallies[0].first().is_some_and(|row| row.records == 300 && row.deleted == 1);
        let modified = client.send(busicode, Action::Query, r#"[{"JCJLBH":"A-1"}]"#, &random()).await.unwrap();
        let same = tallies.iter().all(|tally| *tally == tallies[0]);
        (complete && same && modified.busilist.contains("复查")).then_some(())
    })
    .await;
}
