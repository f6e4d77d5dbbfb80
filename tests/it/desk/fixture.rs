//! A node with failures: changes of records that were never added.

use crate::harness::{Spec, TestNode, eventually, records};
use sesame::broker::Names;
use sesame::clock::Clock;
use sesame::dataset::{Dictionary, InUse};
use sesame::desk::{Ask, DeskAct, FailureDesk, Selection};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::random::Random;
use sesame::store::ActKind;
use uuid::Uuid;

/// Parked at once, and for a day.
pub const PARKED: &str = "[failures]\nretry_secs = [0, 0]\npark_secs = 86400\n";

pub struct Office {
    pub node: TestNode,
    pub desk: FailureDesk,
}

impl Office {
    pub async fn new(settings: &str) -> Self {
        Self::of(Spec::new("370203").extra(settings).start(&[]).await)
    }

    pub fn of(node: TestNode) -> Self {
        Self::reading(node, Dictionary::builtin())
    }

    /// A desk that reads messages by this dictionary.
    pub fn reading(node: TestNode, dictionary: Dictionary) -> Self {
        let names = Names(node.config.node.region.tier());
        let desk = FailureDesk::new(node.store(), InUse::new(dictionary), names, Clock::system(), 500);
        Self { node, desk }
    }

    /// Sends an exchange of dataset 007, which must be accepted.
    pub async fn send(&self, action: Action, list: &str) -> Uuid {
        let random = Random::from(Uuid::new_v4());
        let busicode = BusinessCode::parse("007").unwrap();
        let answered = self.node.client().send(busicode, action, list, &random).await.unwrap();
        assert!(answered.success, "{answered:?}");
        let list: serde_json::Value = serde_json::from_str(&answered.busilist).unwrap();
        list[0]["BATCH"].as_str().unwrap().parse().unwrap()
    }

    /// Modifies records `<prefix>-<n>` that were never added, one batch each, and waits until all are parked.
    pub async fn fail(&self, prefix: &str, count: usize) {
        let before = self.total("parked").await;
        for at in 0..count {
            self.send(Action::Modify, &modify(prefix, at)).await;
        }
        self.have("parked", before + count as i64).await;
    }

    /// Adds the records, so that a replay goes through.
    pub async fn mend(&self, prefix: &str, count: usize) {
        self.send(Action::Add, &records::checks(prefix, "370203", "2025-06-01 08:00:00", count)).await;
        eventually("the records are there", || async {
            let tally = self.node.store().tally(self.node.config.node.region).await.ok()?;
            (tally.first()?.records >= count as i64).then_some(())
        })
        .await;
    }

    pub async fn total(&self, state: &str) -> i64 {
        let counts = self.node.store().failure_counts().await.unwrap();
        counts.iter().filter(|(_, _, at, _)| at == state).map(|(.., count)| count).sum()
    }

    /// Waits until so many failures stand so.
    pub async fn have(&self, state: &str, count: i64) {
        eventually(&format!("{count} failures are {state}"), || async {
            (self.total(state).await == count).then_some(())
        })
        .await;
    }

    pub fn ask(&self, kind: ActKind, selection: Selection) -> Ask {
        let (by, why) = ("tester".to_owned(), "已补报".to_owned());
        Ask { id: Uuid::new_v4(), kind, selection, by, why, per_second: None, canary: 2 }
    }

    /// Waits until an act stands so.
    pub async fn reaches(&self, id: Uuid, state: &str) -> DeskAct {
        eventually(&format!("the act is {state}"), || async {
            let act = self.desk.act(id).await.ok()?;
            (act.state == state).then_some(act)
        })
        .await
    }
}

pub fn modify(prefix: &str, at: usize) -> String {
    format!(r#"[{{"JCJLBH":"{prefix}-{at}","SJGXSJ":"2025-06-02 08:00:00","BZ":"先改后增"}}]"#)
}

pub fn because(reason: &str) -> Selection {
    Selection { reason: Some(reason.to_owned()), ..Selection::default() }
}
