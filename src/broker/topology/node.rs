//! Whose vhost it is, and what its users may do there.

use super::objects::{Permission, TopicPermission};
use crate::failure::Rule;
use crate::standard::region::{Region, Tier};

/// One node's vhost.
#[derive(Clone)]
pub struct NodeTopology {
    /// The vhost.
    pub vhost: String,
    /// The node's region.
    pub region: Region,
    /// The node's broker user: its appid.
    pub user: String,
    /// Its password; `None` leaves the user as it is.
    pub password: Option<String>,
    /// Whether the node has a parent.
    pub has_parent: bool,
    /// How long what failed pauses.
    pub rule: Rule,
    /// The nodes that share up to it.
    pub children: Vec<ChildUser>,
    /// Those who fetch what they subscribed to.
    pub subscribers: Vec<SubscriberUser>,
}

/// A child's user at its parent's broker.
#[derive(Clone)]
pub struct ChildUser {
    /// The child's region.
    pub region: Region,
    /// Its user: its appid.
    pub user: String,
    /// Its password; `None` leaves the user as it is.
    pub password: Option<String>,
}

/// A subscriber's user at the node's own broker. One subscription has one user, so that a password that leaks opens one
/// queue.
#[derive(Clone)]
pub struct SubscriberUser {
    /// The subscription's id: small letters, digits and hyphens.
    pub id: String,
    /// Its password; `None` leaves the user as it is.
    pub password: Option<String>,
}

impl SubscriberUser {
    /// The user's name at the broker.
    pub fn user(&self) -> String {
        format!("sub-{}", self.id)
    }
}

impl NodeTopology {
    pub(super) fn tier(&self) -> Tier {
        self.region.tier()
    }

    /// What the node's own user may do: everything but declare, which is the administrator's alone.
    pub(super) fn own_permission(&self) -> Permission {
        let own_names = format!("^{}(\\..*)?$", self.tier());
        Permission { configure: NOTHING.to_owned(), write: own_names.clone(), read: own_names }
    }

    /// What a child may do: publish to the one exchange and read its receipts.
    pub(super) fn child_permission(&self, child: Region) -> Permission {
        let tier = self.tier();
        Permission {
            configure: NOTHING.to_owned(),
            write: format!("^{tier}$"),
            read: format!("^{tier}\\.receipts\\.{child}$"),
        }
    }

    /// What a subscriber may do: read its queue. An id has no letter that means something in a pattern.
    pub(super) fn subscriber_permission(subscriber: &SubscriberUser) -> Permission {
        let nothing = || NOTHING.to_owned();
        Permission { configure: nothing(), write: nothing(), read: format!("^sub\\.{}$", subscriber.id) }
    }
}

/// A pattern that no name matches: RabbitMQ treats the empty name as the default exchange and calls it `amq.default`.
const NOTHING: &str = "^$";

/// A child's routing keys: those of its own region alone. To be exact to the last byte, since a key may hold any.
pub(super) fn keys_of(child: Region) -> TopicPermission {
    let [province, city, county] = child.parts();
    let any = "[0-9]{2}\\.";
    let region = match child.tier() {
        Tier::National => any.repeat(3),
        Tier::Province => format!("{province:02}\\.{}", any.repeat(2)),
        Tier::City => format!("{province:02}\\.{city:02}\\.{any}"),
        Tier::County => format!("{province:02}\\.{city:02}\\.{county:02}\\."),
    };
    TopicPermission { write: format!("^{region}[0-9]{{3}}\\.[0-9]{{2}}$"), read: NOTHING.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_may_publish_keys_of_its_region_alone() {
        for (region, good, bad) in [
            ("370203", "37.02.03.007.01", "37.02.11.007.01"),
            ("370200", "37.02.00.007.01", "37.03.02.007.01"),
            ("370000", "37.99.99.007.01", "38.02.03.007.01"),
        ] {
            let keys = regex::Regex::new(&keys_of(Region::parse(region).unwrap()).write).unwrap();
            assert!(keys.is_match(good), "{region}");
            for bad in [bad, "", "37", "37.02.03.007.01x", "x37.02.03.007.01", "37.02.03.007", "37.02.03.007.01.", "#"]
            {
                assert!(!keys.is_match(bad), "{region}: {bad}");
            }
        }
    }
}
