//! What a node says of a batch, from what its store has. Pure.

use crate::failure::{self, Reason};
use crate::receipt::{BadRecord, Children, State, Verdict};
use crate::standard::region::Region;
use crate::store::{Committed, OpenFailure, Standing, Way};

/// Who answers whom.
pub(super) struct Answering<'a> {
    pub(super) node: Region,
    pub(super) above: Option<Region>,
    pub(super) children: &'a Children,
    pub(super) child: Region,
}

impl Answering<'_> {
    /// The node's own verdict. None where it knows nothing of the batch that is this child's to know.
    pub(super) fn verdict(&self, standing: &Standing, bad: Vec<BadRecord>) -> Option<Verdict> {
        let committed = standing.committed.filter(|(_, way)| self.is_sender(*way)).map(|(committed, _)| committed);
        let verdict = match (committed, &standing.failure) {
            (Some(committed), _) if committed.unapplied == 0 => self.whole(standing, committed),
            (Some(committed), failure) => self.in_part(standing, committed, failure.as_ref(), bad),
            (None, Some(failure)) => self.failed(standing, failure),
            (None, None) => return None,
        };
        Some(verdict.bounded())
    }

    /// What the nodes above have said of a batch that this child sent.
    pub(super) fn above(&self, standing: &Standing) -> Vec<Verdict> {
        let is_its = standing.committed.is_some_and(|(_, way)| self.is_sender(way));
        standing.told.iter().filter(|verdict| is_its && verdict.node != self.node).cloned().collect()
    }

    fn is_sender(&self, way: Way) -> bool {
        self.children.of_batch(way.origin, way.last).is_some_and(|child| child.region == self.child)
    }

    fn whole(&self, standing: &Standing, committed: Committed) -> Verdict {
        let state = if committed.resolved { State::Resolved } else { State::Persisted };
        Verdict {
            batch: standing.batch,
            node: self.node,
            above: self.above,
            state,
            at: committed.at,
            records: committed.records,
            unapplied: 0,
            code: String::new(),
            message: String::new(),
            bad: Vec::new(),
        }
    }

    /// Its good records are applied; the bad ones stand among the failures.
    fn in_part(
        &self,
        standing: &Standing,
        committed: Committed,
        failure: Option<&OpenFailure>,
        bad: Vec<BadRecord>,
    ) -> Verdict {
        let known = standing.told.iter().find(|verdict| verdict.node == self.node);
        let bad = if bad.is_empty() { known.map(|known| known.bad.clone()).unwrap_or_default() } else { bad };
        let (records, unapplied) = (committed.records.saturating_sub(committed.unapplied), committed.unapplied);
        match failure {
            Some(failure) => Verdict { records, unapplied, bad, ..self.failed(standing, failure) },
            None => Verdict {
                records,
                unapplied,
                bad,
                code: Reason::InvalidRecords.code().to_owned(),
                message: Reason::InvalidRecords.title().to_owned(),
                ..self.whole(standing, committed)
            },
        }
    }

    fn failed(&self, standing: &Standing, failure: &OpenFailure) -> Verdict {
        Verdict {
            batch: standing.batch,
            node: self.node,
            above: self.above,
            state: state_of(failure.state),
            at: failure.at,
            records: 0,
            unapplied: 0,
            code: failure.reason.clone(),
            message: failure.detail.clone(),
            bad: Vec::new(),
        }
    }
}

/// As the interface log says it: whether the rule or an operator has given it up makes no difference below.
fn state_of(failure: failure::State) -> State {
    match failure {
        failure::State::Retrying => State::Failed,
        failure::State::Parked => State::Parked,
        failure::State::Abandoned | failure::State::Discarded => State::Abandoned,
        failure::State::Resolved => State::Resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::Child;
    use crate::standard::moment::Moment;
    use uuid::Uuid;

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    fn standing(committed: Option<Committed>, failure: Option<&str>) -> Standing {
        let way = Way { origin: region("370203"), last: Some(region("370203")) };
        let failure = failure.map(|state| OpenFailure {
            state: state.parse().unwrap(),
            reason: "INVALID_RECORDS".to_owned(),
            detail: "错".to_owned(),
            at: Moment::from_micros(9),
        });
        Standing { batch: Uuid::nil(), committed: committed.map(|c| (c, way)), failure, told: Vec::new() }
    }

    fn said(standing: &Standing, child: &str) -> Option<(State, u32, u32)> {
        let children =
            ["370203", "370211"].map(|text| Child { region: region(text), appid: text.to_owned(), keys: Vec::new() });
        let children = Children(children.into());
        let answering = Answering { node: region("370200"), above: None, children: &children, child: region(child) };
        let verdict = answering.verdict(standing, Vec::new())?;
        Some((verdict.state, verdict.records, verdict.unapplied))
    }

    #[test]
    fn what_is_committed_whole_counts_more_than_a_failed_copy_and_an_open_failure_tells_how_far_it_is() {
        let committed =
            |unapplied, resolved| Some(Committed { at: Moment::from_micros(5), records: 5, unapplied, resolved });
        let own = |committed, failure| said(&standing(committed, failure), "370203");
        assert_eq!(own(committed(0, false), None), Some((State::Persisted, 5, 0)));
        assert_eq!(own(committed(0, true), Some("retrying")), Some((State::Resolved, 5, 0)));
        assert_eq!(own(committed(2, false), Some("retrying")), Some((State::Failed, 3, 2)));
        assert_eq!(own(committed(2, false), Some("parked")), Some((State::Parked, 3, 2)));
        assert_eq!(own(committed(2, false), Some("discarded")), Some((State::Abandoned, 3, 2)));
        assert_eq!(own(committed(2, false), None), Some((State::Persisted, 3, 2)));
        assert_eq!(own(None, Some("abandoned")), Some((State::Abandoned, 0, 0)));
        assert_eq!(own(None, None), None);
    }

    #[test]
    fn invariant_5_a_child_is_told_nothing_of_anothers_batch() {
        let committed = Committed { at: Moment::from_micros(5), records: 5, unapplied: 0, resolved: false };
        assert_eq!(said(&standing(Some(committed), None), "370211"), None);
    }
}
