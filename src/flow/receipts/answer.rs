//! What a node says of a batch, from what its store has. Pure.

use super::handle::Parent;
use crate::failure::{self, Reason};
use crate::receipt::{BadRecord, Children, State, Verdict};
use crate::standard::region::Region;
use crate::store::{Committed, OpenFailure, Standing, Way};

/// Who answers whom.
pub(super) struct Answering<'a> {
    pub(super) node: Region,
    pub(super) parent: Option<Parent>,
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

    /// What the nodes above have said of a batch that this child sent, or what is known of it in their place.
    pub(super) fn above(&self, standing: &Standing) -> Vec<Verdict> {
        let Some((committed, _)) = standing.committed.filter(|(_, way)| self.is_sender(*way)) else {
            return Vec::new();
        };
        let told = standing.told.iter().filter(|verdict| verdict.node != self.node).cloned();
        told.chain(self.onward(standing, committed)).collect()
    }

    /// The parent has no verdict of its own on what has not got there: until then, this one stands in its place.
    fn onward(&self, standing: &Standing, committed: Committed) -> Option<Verdict> {
        let (parent, failure) = (self.parent?, standing.onward.as_ref()?);
        let verdict = Verdict { node: parent.region, above: None, ..self.failed(standing, failure) };
        match (failure.state, parent.tells) {
            (failure::State::Resolved, true) => None,
            (failure::State::Resolved, false) => {
                let records = committed.records;
                Some(Verdict { records, code: String::new(), message: String::new(), ..verdict })
            }
            _ => Some(verdict.bounded()),
        }
    }

    fn is_sender(&self, way: Way) -> bool {
        self.children.is_sender(self.child, way.origin, way.last)
    }

    fn whole(&self, standing: &Standing, committed: Committed) -> Verdict {
        let state = if committed.resolved { State::Resolved } else { State::Persisted };
        Verdict {
            batch: standing.batch,
            node: self.node,
            above: Parent::telling(self.parent),
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
            above: Parent::telling(self.parent),
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
        let committed = committed.map(|committed| (committed, way));
        Standing { batch: Uuid::nil(), committed, failure, onward: None, told: Vec::new() }
    }

    fn answering<'a>(children: &'a Children, child: &str, tells: bool) -> Answering<'a> {
        let parent = Some(Parent { region: region("370000"), tells });
        Answering { node: region("370200"), parent, children, child: region(child) }
    }

    fn children() -> Children {
        let child = |text: &str| Child { region: region(text), appid: text.to_owned(), keys: Vec::new() };
        Children(["370203", "370211"].map(child).into())
    }

    fn said(standing: &Standing, child: &str) -> Option<(State, u32, u32)> {
        let verdict = answering(&children(), child, true).verdict(standing, Vec::new())?;
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
    fn clause_6_5_3_what_does_not_get_to_the_parent_is_told_in_its_place() {
        let children = children();
        let told = |state: &str, tells: bool, child: &str| {
            let mut standing = standing(
                Some(Committed { at: Moment::from_micros(5), records: 5, unapplied: 0, resolved: false }),
                Some(state),
            );
            standing.onward = standing.failure.take();
            let above = answering(&children, child, tells).above(&standing);
            above.into_iter().map(|verdict| (verdict.node.to_string(), verdict.state, verdict.code)).collect::<Vec<_>>()
        };
        let parked = vec![("370000".to_owned(), State::Parked, "INVALID_RECORDS".to_owned())];
        assert_eq!(told("parked", true, "370203"), parked);
        assert_eq!(told("parked", false, "370203"), parked);
        assert_eq!(told("parked", true, "370211"), vec![], "another's");
        assert_eq!(told("resolved", true, "370203"), vec![], "the parent has it, and tells by itself");
        assert_eq!(told("resolved", false, "370203"), vec![("370000".to_owned(), State::Resolved, String::new())]);
    }

    #[test]
    fn invariant_5_a_child_is_told_nothing_of_anothers_batch() {
        let committed = Committed { at: Moment::from_micros(5), records: 5, unapplied: 0, resolved: false };
        assert_eq!(said(&standing(Some(committed), None), "370211"), None);
    }
}
