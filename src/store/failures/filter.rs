//! Which failures are meant.

use crate::failure::{Reason, State};
use crate::standard::code::BusinessCode;
use crate::standard::moment::Moment;
use crate::standard::region::Region;
use crate::store::conditions::{Conditions, Parameter};
use time::OffsetDateTime;
use uuid::Uuid;

/// Conditions on failures, all of which must hold.
#[derive(Debug, Clone, Default)]
pub struct FailureFilter {
    /// The failure itself.
    pub id: Option<Uuid>,
    /// Failures of a batch.
    pub batch: Option<Uuid>,
    /// Why they failed.
    pub reason: Option<Reason>,
    /// Where they stand; without it, all that are open: neither resolved nor discarded.
    pub state: Option<State>,
    /// The step at which they failed, `persist` or `uplink`.
    pub step: Option<String>,
    /// From whom they came, or to whom they were on their way.
    pub link: Option<String>,
    /// Their sender.
    pub appid: Option<String>,
    /// Their dataset.
    pub busicode: Option<BusinessCode>,
    /// Covers their records.
    pub region: Option<Region>,
    /// Accepted, or where that is not known, first failed: at this time or later.
    pub since: Option<Moment>,
    /// Before this time.
    pub until: Option<Moment>,
}

impl FailureFilter {
    pub(super) fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        let mut text = |condition: &str, value: &Option<String>| {
            if let Some(value) = value {
                conditions.add(condition, [Box::new(value.clone()) as Parameter]);
            }
        };
        text("f.step = ?", &self.step);
        text("f.link = ?", &self.link);
        text("f.appid = ?", &self.appid);
        text("f.reason = ?", &self.reason.map(|reason| reason.code().to_owned()));
        if let Some(id) = self.id {
            conditions.add("f.id = ?", [Box::new(id) as Parameter]);
        }
        if let Some(batch) = self.batch {
            conditions.add("f.batch = ?", [Box::new(batch) as Parameter]);
        }
        if let Some(busicode) = self.busicode {
            conditions.add("f.busicode = ?", [Box::new(busicode.number() as i16) as Parameter]);
        }
        if let Some(region) = self.region {
            let (first, last) = region.span();
            conditions.add("f.region BETWEEN ? AND ?", [Box::new(first as i32) as Parameter, Box::new(last as i32)]);
        }
        if let Some(since) = self.since {
            conditions.add("f.at >= ?", [Box::new(OffsetDateTime::from(since)) as Parameter]);
        }
        if let Some(until) = self.until {
            conditions.add("f.at < ?", [Box::new(OffsetDateTime::from(until)) as Parameter]);
        }
        match self.state {
            Some(State::Resolved) => conditions.add("f.state = 'resolved'", []),
            // What is not resolved has indices of its own, which PostgreSQL takes where it reads these words.
            Some(state) => conditions.add(&format!("f.state <> 'resolved' AND f.state = '{}'", state.as_str()), []),
            // One failure is shown wherever it stands.
            None if self.id.is_some() || self.batch.is_some() => {}
            None => conditions.add("f.state <> 'resolved' AND f.state <> 'discarded'", []),
        }
        conditions
    }
}
