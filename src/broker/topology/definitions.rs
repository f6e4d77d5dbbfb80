//! The declaration of one node as RabbitMQ definitions.

use super::declaration::{Binding, Declaration, Destination, Exchange, Queue, When};
use crate::standard::region::{Region, Tier};
use serde_json::{Map, Value, json};

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
    /// The nodes that share up to it.
    pub children: Vec<ChildUser>,
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

/// A consumer killed by a message gets it again this often before the message goes to poison. Restarts and outages count
/// deliveries too, so the limit is high.
const DELIVERY_LIMIT: u64 = 50;

impl NodeTopology {
    fn tier(&self) -> Tier {
        self.region.tier()
    }

    fn has(&self, when: When) -> bool {
        when == When::Always || self.has_parent
    }

    /// The definitions of the vhost's objects, as `POST /api/definitions/<vhost>` takes them.
    pub(super) fn objects(&self, declaration: &Declaration) -> Value {
        let tier = self.tier();
        json!({
            "exchanges": list(&declaration.exchanges, |e| self.has(e.when).then(|| exchange(e, tier))),
            "queues": list(&declaration.queues, |q| self.has(q.when).then(|| queue(q, tier))),
            "bindings": list(&declaration.bindings, |b| self.has(b.when).then(|| binding(b, tier))),
        })
    }

    /// Users with their passwords.
    pub(super) fn users(&self) -> Vec<(&str, &str)> {
        let own = self.password.as_deref().map(|password| (self.user.as_str(), password));
        let children = self.children.iter().filter_map(|child| Some((child.user.as_str(), child.password.as_deref()?)));
        own.into_iter().chain(children).collect()
    }

    /// Permissions of each user in the vhost: nobody declares anything but the administrator.
    pub(super) fn permissions(&self) -> Vec<(&str, Value)> {
        let tier = self.tier();
        let own = json!({"configure": "^$", "write": format!("^{tier}(\\..*)?$"), "read": format!("^{tier}(\\..*)?$")});
        let mut permissions = vec![(self.user.as_str(), own)];
        for child in &self.children {
            let receipts = format!("^{tier}\\.receipts\\.{}$", child.region);
            let of_child = json!({"configure": "^$", "write": format!("^{tier}$"), "read": receipts});
            permissions.push((child.user.as_str(), of_child));
        }
        permissions
    }

    /// Topic permissions of the children: keys of their own region alone.
    pub(super) fn topic_permissions(&self) -> Vec<(&str, Value)> {
        let exchange = self.tier().to_string();
        self.children
            .iter()
            .map(|child| {
                let write = format!("^{}{}$", key_prefix(child.region).replace('.', "\\."), key_rest(child.region));
                (child.user.as_str(), json!({"exchange": exchange, "write": write, "read": "^$"}))
            })
            .collect()
    }
}

/// The pattern of what follows: exactly digits, since a key may hold any byte.
fn key_rest(region: Region) -> String {
    let parts_below = match region.tier() {
        Tier::National => 3,
        Tier::Province => 2,
        Tier::City => 1,
        Tier::County => 0,
    };
    format!("{}[0-9]{{3}}\\.[0-9]{{2}}", "[0-9]{2}\\.".repeat(parts_below))
}

/// The part of a routing key that all keys of a region share.
fn key_prefix(region: Region) -> String {
    let [province, city, county] = region.parts();
    match region.tier() {
        Tier::National => String::new(),
        Tier::Province => format!("{province:02}."),
        Tier::City => format!("{province:02}.{city:02}."),
        Tier::County => format!("{province:02}.{city:02}.{county:02}."),
    }
}

fn list<T>(items: &[T], render: impl Fn(&T) -> Option<Value>) -> Value {
    Value::Array(items.iter().filter_map(render).collect())
}

fn name(template: &str, tier: Tier) -> String {
    template.replace("{tier}", tier.as_str())
}

fn exchange(exchange: &Exchange, tier: Tier) -> Value {
    let mut arguments = Map::new();
    if let Some(alternate) = &exchange.alternate {
        arguments.insert("alternate-exchange".to_owned(), json!(name(alternate, tier)));
    }
    json!({
        "name": name(&exchange.name, tier), "type": exchange.kind, "durable": true, "auto_delete": false,
        "internal": false, "arguments": arguments,
    })
}

fn queue(queue: &Queue, tier: Tier) -> Value {
    let mut arguments = Map::from_iter([("x-queue-type".to_owned(), json!("quorum"))]);
    let mut set = |key: &str, value: Value| drop(arguments.insert(key.to_owned(), value));
    if let Some(dead_letter) = &queue.dead_letter {
        set("x-delivery-limit", json!(DELIVERY_LIMIT));
        set("x-dead-letter-exchange", json!(name(dead_letter, tier)));
        // At least once needs reject-publish; without it RabbitMQ silently falls back to at most once.
        set("x-dead-letter-strategy", json!("at-least-once"));
        set("x-overflow", json!("reject-publish"));
    }
    if let Some(max_length) = queue.max_length {
        set("x-max-length", json!(max_length));
        set("x-overflow", json!("drop-head"));
    }
    json!({"name": name(&queue.name, tier), "durable": true, "auto_delete": false, "arguments": arguments})
}

fn binding(binding: &Binding, tier: Tier) -> Value {
    let (kind, destination) = match &binding.destination {
        Destination::Queue(queue) => ("queue", queue),
        Destination::Exchange(exchange) => ("exchange", exchange),
    };
    let arguments = match &binding.header {
        Some(header) => json!({"x-match": "any", &header.name: header.value}),
        None => json!({}),
    };
    json!({
        "source": name(&binding.source, tier), "destination": name(destination, tier), "destination_type": kind,
        "routing_key": binding.key, "arguments": arguments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(region: &str, has_parent: bool) -> NodeTopology {
        NodeTopology {
            vhost: region.to_owned(),
            region: Region::parse(region).unwrap(),
            user: format!("node-{region}"),
            password: None,
            has_parent,
            children: vec![ChildUser {
                region: Region::parse("370203").unwrap(),
                user: "node-370203".to_owned(),
                password: None,
            }],
        }
    }

    #[test]
    fn a_child_may_publish_keys_of_its_region_alone() {
        let city = node("370200", true);
        let (user, permission) = &city.topic_permissions()[0];
        assert_eq!(*user, "node-370203");
        assert_eq!(permission["write"], "^37\\.02\\.03\\.[0-9]{3}\\.[0-9]{2}$");
        assert_eq!(permission["exchange"], "city");
    }

    #[test]
    fn the_nation_has_no_uplink() {
        let declared = |node: &NodeTopology| node.objects(&Declaration::builtin()).to_string();
        assert!(declared(&node("370200", true)).contains("city.uplink"));
        assert!(!declared(&node("000000", false)).contains("uplink"));
    }
}
