//! Whom a verdict is for.

use crate::standard::cipher::Key;
use crate::standard::region::Region;

/// A node that shares up to this one.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its region: the routing key of its receipts.
    pub region: Region,
    /// Its appid: its user at this node's broker.
    pub appid: String,
    /// The keys it signs with, the present one first. Receipts for it are signed with that one, as answers to an app are.
    pub keys: Vec<Key>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Children(pub Vec<Child>);

impl Children {
    /// The child of this broker user.
    pub fn of_user(&self, user: &str) -> Option<&Child> {
        self.0.iter().find(|child| child.appid == user)
    }

    /// The child that sent a batch which entered at `origin` and was last at `last`: the one whose region covers the origin, for
    /// none other could have sent it; where there are several, the one it was last at, or else the nearest to the origin.
    /// None for a batch that entered at this node itself.
    pub fn of_batch(&self, origin: Region, last: Option<Region>) -> Option<&Child> {
        let senders = self.0.iter().filter(|child| child.region.covers(origin));
        senders.max_by_key(|child| (Some(child.region) == last, std::cmp::Reverse(child.region.tier())))
    }

    /// Whether such a batch came from the child of this region.
    pub fn is_sender(&self, child: Region, origin: Region, last: Option<Region>) -> bool {
        self.of_batch(origin, last).is_some_and(|sender| sender.region == child)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_goes_to_the_child_that_may_have_sent_the_batch() {
        let region = |text: &str| Region::parse(text).unwrap();
        let child = |text: &str| Child { region: region(text), appid: format!("node-{text}"), keys: Vec::new() };
        // A county that shares up to the province itself, past its city.
        let children = Children(vec![child("370200"), child("370283"), child("370300")]);
        let sender = |origin: &str, last: Option<&str>| {
            children.of_batch(region(origin), last.map(region)).map(|child| child.region.to_string())
        };
        assert_eq!(sender("370203", Some("370200")).as_deref(), Some("370200"));
        assert_eq!(sender("370283", Some("370283")).as_deref(), Some("370283"));
        assert_eq!(sender("370283", Some("370200")).as_deref(), Some("370200"));
        assert_eq!(sender("370283", None).as_deref(), Some("370283"));
        assert_eq!(sender("370203", Some("370300")).as_deref(), Some("370200"), "a false trace names no other sender");
        assert_eq!(sender("370000", Some("370200")), None, "it entered here");
        assert_eq!(sender("320100", Some("370200")), None);
        assert_eq!(children.of_user("node-370300").map(|child| child.region), Some(region("370300")));
        assert!(children.of_user("node-370203").is_none());
    }
}
