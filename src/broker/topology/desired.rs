//! What a vhost should be: the declaration, rendered for one node. Pure.

use super::declaration::{Declaration, DeclaredBinding, DeclaredExchange, DeclaredQueue, Destination, When};
use super::node::{NodeTopology, keys_of};
use super::objects::{Binding, End, Exchange, Permission, Queue, TopicPermission};
use crate::standard::region::Region;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The desired state of one vhost, and of the users that have something to do with it.
#[derive(Debug, Clone)]
pub struct Desired {
    pub(super) vhost: String,
    pub(super) exchanges: BTreeMap<String, Exchange>,
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) bindings: Vec<Binding>,
    pub(super) limits: BTreeMap<String, i64>,
    pub(super) users: BTreeMap<String, DesiredUser>,
}

/// A user that is to exist, without tags, since no node's user has any business in the management API.
#[derive(Clone)]
pub(super) struct DesiredUser {
    /// `None` where the settings do not give it: then it is left as it is.
    pub(super) password: Option<String>,
    pub(super) permission: Permission,
    /// By exchange.
    pub(super) topics: BTreeMap<String, TopicPermission>,
    /// Limits that are declared; others are left alone, since the same user may serve another vhost.
    pub(super) limits: BTreeMap<String, i64>,
}

impl std::fmt::Debug for DesiredUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DesiredUser").field("permission", &self.permission).finish_non_exhaustive()
    }
}

/// A consumer killed by a message gets it again this often before the message goes to poison. Restarts and outages count
/// deliveries too, so the limit is high.
const DELIVERY_LIMIT: u64 = 50;

impl Desired {
    /// The declaration, rendered for one node.
    pub fn new(declaration: &Declaration, node: &NodeTopology) -> Self {
        let exchanges = declaration.exchanges.iter().flat_map(|declared| {
            names(node, declared.when).map(|names| (names.of(&declared.name), exchange(declared, names)))
        });
        let queues = declaration.queues.iter().flat_map(|declared| {
            names(node, declared.when).map(|names| (names.of(&declared.name), queue(declared, names)))
        });
        let bindings = declaration
            .bindings
            .iter()
            .flat_map(|declared| names(node, declared.when).map(|names| binding(declared, names)));
        Self {
            vhost: node.vhost.clone(),
            exchanges: exchanges.collect(),
            queues: queues.collect(),
            bindings: bindings.collect(),
            limits: declaration.limits.vhost.clone(),
            users: users(declaration, node),
        }
    }
}

fn users(declaration: &Declaration, node: &NodeTopology) -> BTreeMap<String, DesiredUser> {
    let own = DesiredUser {
        password: node.password.clone(),
        permission: node.own_permission(),
        topics: BTreeMap::new(),
        limits: BTreeMap::new(),
    };
    let children = node.children.iter().map(|child| {
        let user = DesiredUser {
            password: child.password.clone(),
            permission: node.child_permission(child.region),
            topics: BTreeMap::from([(node.tier().to_string(), keys_of(child.region))]),
            limits: declaration.limits.child.clone(),
        };
        (child.user.clone(), user)
    });
    let subscribers = node.subscribers.iter().map(|subscriber| {
        let user = DesiredUser {
            password: subscriber.password.clone(),
            permission: NodeTopology::subscriber_permission(subscriber),
            topics: BTreeMap::new(),
            limits: declaration.limits.subscriber.clone(),
        };
        (subscriber.user(), user)
    });
    children.chain(subscribers).chain([(node.user.clone(), own)]).collect()
}

/// What the placeholders of one object stand for.
#[derive(Clone, Copy)]
struct Placeholders<'a> {
    node: &'a NodeTopology,
    neighbour: Neighbour<'a>,
}

/// Whose object it is.
#[derive(Clone, Copy)]
enum Neighbour<'a> {
    None,
    Child(Region),
    Subscriber(&'a str),
}

impl Placeholders<'_> {
    fn of(&self, template: &str) -> String {
        let name = template.replace("{tier}", self.node.tier().as_str());
        match self.neighbour {
            Neighbour::None => name,
            Neighbour::Child(region) => name.replace("{child}", &region.to_string()),
            Neighbour::Subscriber(id) => name.replace("{subscriber}", id),
        }
    }
}

/// One set of names for each time that the object exists at the node.
fn names(node: &NodeTopology, when: When) -> impl Iterator<Item = Placeholders<'_>> {
    let neighbours: Vec<Neighbour<'_>> = match when {
        When::Always => vec![Neighbour::None],
        When::Parent => node.has_parent.then_some(Neighbour::None).into_iter().collect(),
        When::EachChild => node.children.iter().map(|child| Neighbour::Child(child.region)).collect(),
        When::EachSubscriber => node.subscribers.iter().map(|each| Neighbour::Subscriber(&each.id)).collect(),
    };
    neighbours.into_iter().map(move |neighbour| Placeholders { node, neighbour })
}

fn exchange(declared: &DeclaredExchange, names: Placeholders<'_>) -> Exchange {
    let alternate = declared.alternate.iter().map(|name| ("alternate-exchange".to_owned(), json!(names.of(name))));
    Exchange {
        kind: declared.kind.as_str().to_owned(),
        durable: true,
        auto_delete: false,
        internal: false,
        arguments: alternate.collect(),
    }
}

fn queue(declared: &DeclaredQueue, names: Placeholders<'_>) -> Queue {
    let mut arguments = Map::from_iter([("x-queue-type".to_owned(), json!("quorum"))]);
    let mut set = |key: &str, value: Value| drop(arguments.insert(key.to_owned(), value));
    if let Some(pause) = &declared.pause {
        let length = names.node.rule.length(pause.after.pause());
        set("x-message-ttl", json!(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)));
        set("x-dead-letter-routing-key", json!(names.of(&pause.key)));
    } else if declared.dead_letter.is_some() {
        set("x-delivery-limit", json!(declared.delivery_limit.unwrap_or(DELIVERY_LIMIT)));
    }
    if let Some(dead_letter) = &declared.dead_letter {
        set("x-dead-letter-exchange", json!(names.of(dead_letter)));
        // At least once needs reject-publish; without it RabbitMQ silently falls back to at most once.
        set("x-dead-letter-strategy", json!("at-least-once"));
        set("x-overflow", json!("reject-publish"));
    }
    for (argument, bound) in [("x-max-length", declared.max_length), ("x-max-length-bytes", declared.max_bytes)] {
        if let Some(bound) = bound {
            set(argument, json!(bound));
            if declared.dead_letter.is_none() {
                set("x-overflow", json!("drop-head"));
            }
        }
    }
    Queue { durable: true, auto_delete: false, arguments }
}

fn binding(declared: &DeclaredBinding, names: Placeholders<'_>) -> Binding {
    let (end, destination) = match &declared.destination {
        Destination::Queue(queue) => (End::Queue, queue),
        Destination::Exchange(exchange) => (End::Exchange, exchange),
    };
    let mut arguments = Map::new();
    if let Some(header) = &declared.header {
        arguments.insert("x-match".to_owned(), json!("any"));
        arguments.insert(header.name.clone(), json!(header.value));
    }
    Binding {
        source: names.of(&declared.source),
        end,
        destination: names.of(destination),
        key: names.of(&declared.key),
        arguments,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChildUser, SubscriberUser};
    use super::*;
    use crate::broker::Names;
    use crate::failure::{Pause, Rule};
    use crate::standard::region::Tier;

    fn node(region: &str, has_parent: bool, children: &[&str]) -> NodeTopology {
        let child = |region: &&str| ChildUser {
            region: Region::parse(region).unwrap(),
            user: format!("node-{region}"),
            password: None,
        };
        NodeTopology {
            vhost: region.to_owned(),
            region: Region::parse(region).unwrap(),
            user: format!("node-{region}"),
            password: None,
            has_parent,
            rule: Rule::default(),
            children: children.iter().map(child).collect(),
            subscribers: Vec::new(),
        }
    }

    fn desired(region: &str, has_parent: bool, children: &[&str]) -> Desired {
        Desired::new(&Declaration::builtin(), &node(region, has_parent, children))
    }

    #[test]
    fn the_nation_has_no_uplink() {
        let uplinks = |desired: &Desired| desired.queues.keys().filter(|name| name.contains("uplink")).count();
        assert_eq!(uplinks(&desired("370200", true, &[])), 6);
        assert_eq!(uplinks(&desired("000000", false, &[])), 0);
    }

    #[test]
    fn what_breaks_its_reader_ends_where_nobody_reads() {
        let city = desired("370200", true, &[]);
        let names = Names(Tier::City);
        let of = |queue: &str, argument: &str| city.queues[queue].arguments.get(argument).cloned();
        for (queue, limit, end) in [
            (names.persist(), 50, "city.dead"),
            (names.quarantine(), 10, "city.dead"),
            (names.unrouted(), 10, "city.dead"),
            (names.poison(), 10, "city.unreadable"),
        ] {
            assert_eq!(of(&queue, "x-delivery-limit"), Some(json!(limit)), "{queue}");
            assert_eq!(of(&queue, "x-dead-letter-exchange"), Some(json!(end)), "{queue}");
        }
        assert_eq!(of(&names.unreadable(), "x-dead-letter-exchange"), None);
        let leads = |from: &str, to: &str| city.bindings.iter().any(|b| b.source == from && b.destination == to);
        assert!(leads("city.dead", &names.poison()) && leads("city.unreadable", &names.unreadable()));
    }

    #[test]
    fn clause_7_4_each_pause_is_a_queue_of_its_length_that_returns_to_its_own_step() {
        let city = desired("370200", true, &[]);
        for (step, pause, millis) in [
            ("persist", Pause::First, 2_000),
            ("persist", Pause::Second, 10_000),
            ("persist", Pause::Parked, 86_400_000),
            ("uplink", Pause::Parked, 86_400_000),
        ] {
            let names = Names(Tier::City);
            let arguments = &city.queues[&names.waiting(step, pause)].arguments;
            assert_eq!(arguments["x-message-ttl"], millis);
            // A limit would take them for poison, and at most once would lose them.
            assert!(!arguments.contains_key("x-delivery-limit"));
            assert_eq!(arguments["x-dead-letter-strategy"], "at-least-once");
            let back = |b: &&Binding| b.source == arguments["x-dead-letter-exchange"] && b.key == step;
            let back: Vec<&str> = city.bindings.iter().filter(back).map(|b| b.destination.as_str()).collect();
            assert_eq!(back, [names.returned(step)]);
            assert_eq!(arguments["x-dead-letter-routing-key"], step);
        }
    }

    #[test]
    fn each_child_has_receipts_and_limits_of_its_own() {
        let city = desired("370200", true, &["370203", "370211"]);
        let receipts: Vec<&str> =
            city.queues.keys().map(String::as_str).filter(|name| name.contains("receipts")).collect();
        assert_eq!(receipts, ["city.receipts.370203", "city.receipts.370211"]);
        assert_eq!(receipts[0], Names(Tier::City).receipts_of(Region::parse("370203").unwrap()));
        assert!(city.exchanges.contains_key(&Names(Tier::City).receipts()));
        assert!(city.queues["city.receipts.370203"].arguments.contains_key("x-max-length"), "receipts are bounded");
        let bound = |key: &str, to: &str| {
            city.bindings.iter().any(|b| b.source == "city.receipts" && b.key == key && b.destination == to)
        };
        assert!(bound("370203", "city.receipts.370203") && bound("370211", "city.receipts.370211"));
        let child = &city.users["node-370203"];
        assert_eq!(child.permission.read, "^city\\.receipts\\.370203$");
        assert_eq!(child.topics.keys().collect::<Vec<_>>(), ["city"]);
        assert!(child.limits.contains_key("max-connections") && city.users["node-370200"].limits.is_empty());
        assert!(!desired("370203", true, &[]).queues.keys().any(|name| name.contains("receipts")));
    }

    #[test]
    fn a_subscriber_reads_its_own_queue_which_refuses_rather_than_loses() {
        let mut node = node("370200", true, &[]);
        let ids = ["emergency-1", "transport"];
        node.subscribers = ids.map(|id| SubscriberUser { id: id.to_owned(), password: None }).into();
        let desired = Desired::new(&Declaration::builtin(), &node);
        for id in ids {
            let queue = &desired.queues[&format!("sub.{id}")];
            assert!(queue.arguments.contains_key("x-max-length"), "bounded, since a subscriber may be away for weeks");
            assert_eq!(queue.arguments["x-overflow"], "reject-publish");
            let user = &desired.users[&format!("sub-{id}")];
            assert_eq!(user.permission.read, format!("^sub\\.{id}$"));
            assert_eq!((user.permission.write.as_str(), user.permission.configure.as_str()), ("^$", "^$"));
            assert!(user.limits.contains_key("max-connections"));
            assert!(desired.bindings.iter().any(|b| b.source == "city.share" && b.key == id));
        }
    }

    #[test]
    fn no_secret_shows_in_the_debug_form() {
        let mut node = node("370200", true, &[]);
        node.password = Some("hidden".to_owned());
        assert!(!format!("{:?}", Desired::new(&Declaration::builtin(), &node)).contains("hidden"));
    }
}
