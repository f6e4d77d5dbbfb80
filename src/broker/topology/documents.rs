//! What RabbitMQ's management API answers about a vhost, read into [`Observed`]. Pure: `management` fetches the answers.

use super::objects::{Binding, End, Exchange, Permission, Queue, TopicPermission};
use super::observed::{Observed, ObservedBinding, ObservedQueue, ObservedUser, ObservedVhost, Parameter, Policy};
use super::password::PasswordHash;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The answers that tell the state of a vhost.
pub(super) struct VhostDocuments {
    /// `GET /api/vhosts/<vhost>`
    pub(super) vhost: Value,
    /// `GET /api/definitions/<vhost>`
    pub(super) definitions: Value,
    /// `GET /api/bindings/<vhost>`: unlike the definitions, with those of exclusive queues and the names to delete them by.
    pub(super) bindings: Value,
    /// `GET /api/queues/<vhost>`, which lags behind: for what queues hold alone.
    pub(super) queues: Value,
    /// `GET /api/operator-policies/<vhost>`
    pub(super) operator_policies: Value,
    /// `GET /api/vhost-limits/<vhost>`
    pub(super) limits: Value,
    /// `GET /api/vhosts/<vhost>/permissions`
    pub(super) permissions: Value,
    /// `GET /api/vhosts/<vhost>/topic-permissions`
    pub(super) topic_permissions: Value,
}

impl Observed {
    /// Reads the answers; `users` is `GET /api/users`.
    pub(super) fn read(vhost: Option<VhostDocuments>, users: Value) -> Result<Self, serde_json::Error> {
        let users: Vec<UserDocument> = serde_json::from_value(users)?;
        let users = users.into_iter().map(|document| (document.name.clone(), document.read()));
        Ok(Self { vhost: vhost.map(ObservedVhost::read).transpose()?, users: users.collect() })
    }
}

impl ObservedVhost {
    fn read(documents: VhostDocuments) -> Result<Self, serde_json::Error> {
        let definitions: Definitions = serde_json::from_value(documents.definitions)?;
        let held: Vec<HeldDocument> = serde_json::from_value(documents.queues)?;
        let held: BTreeMap<&str, &HeldDocument> = held.iter().map(|queue| (queue.name.as_str(), queue)).collect();
        let queues = definitions.queues.into_iter().map(|document| {
            let (messages, consumers) = held.get(document.name.as_str()).map_or((0, 0), |q| (q.messages, q.consumers));
            let QueueDocument { name, durable, auto_delete, arguments } = document;
            (name, ObservedQueue { queue: Queue { durable, auto_delete, arguments }, messages, consumers })
        });
        let bindings: Vec<BindingDocument> = serde_json::from_value(documents.bindings)?;
        let limits: Vec<LimitsDocument> = serde_json::from_value(documents.limits)?;
        let permissions: Vec<PermissionDocument> = serde_json::from_value(documents.permissions)?;
        let mut topics: BTreeMap<String, BTreeMap<String, TopicPermission>> = BTreeMap::new();
        for topic in serde_json::from_value::<Vec<TopicDocument>>(documents.topic_permissions)? {
            let permission = TopicPermission { write: topic.write, read: topic.read };
            topics.entry(topic.user).or_default().insert(topic.exchange, permission);
        }
        let operator_policies: Vec<PolicyDocument> = serde_json::from_value(documents.operator_policies)?;
        let policies = definitions.policies.into_iter().map(|policy| policy.read(false));
        let own = |name: &str| name.is_empty() || name.starts_with("amq.");
        // Limits and operator policies are parameters as well, and are read from their own documents.
        let told_elsewhere = |component: &str| matches!(component, "vhost-limits" | "operator_policy" | "policy");
        Ok(Self {
            tracing: documents.vhost["tracing"].as_bool().unwrap_or_default(),
            exchanges: definitions
                .exchanges
                .into_iter()
                .filter(|e| !own(&e.name))
                .map(ExchangeDocument::read)
                .collect(),
            queues: queues.collect(),
            bindings: bindings.into_iter().filter(|b| !b.source.is_empty()).map(BindingDocument::read).collect(),
            policies: policies.chain(operator_policies.into_iter().map(|policy| policy.read(true))).collect(),
            parameters: definitions
                .parameters
                .into_iter()
                .filter(|parameter| !told_elsewhere(&parameter.component))
                .map(|parameter| Parameter { component: parameter.component, name: parameter.name })
                .collect(),
            limits: limits.into_iter().flat_map(|document| document.value).collect(),
            permissions: permissions.into_iter().map(PermissionDocument::read).collect(),
            topics,
        })
    }
}

#[derive(Deserialize)]
struct Definitions {
    #[serde(default)]
    exchanges: Vec<ExchangeDocument>,
    #[serde(default)]
    queues: Vec<QueueDocument>,
    #[serde(default)]
    policies: Vec<PolicyDocument>,
    #[serde(default)]
    parameters: Vec<ParameterDocument>,
}

#[derive(Deserialize)]
struct ExchangeDocument {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    durable: bool,
    auto_delete: bool,
    #[serde(default)]
    internal: bool,
    #[serde(default)]
    arguments: Map<String, Value>,
}

impl ExchangeDocument {
    fn read(self) -> (String, Exchange) {
        let Self { name, kind, durable, auto_delete, internal, arguments } = self;
        (name, Exchange { kind, durable, auto_delete, internal, arguments })
    }
}

#[derive(Deserialize)]
struct QueueDocument {
    name: String,
    durable: bool,
    auto_delete: bool,
    #[serde(default)]
    arguments: Map<String, Value>,
}

#[derive(Deserialize)]
struct HeldDocument {
    name: String,
    #[serde(default)]
    messages: u64,
    #[serde(default)]
    consumers: u64,
}

#[derive(Deserialize)]
struct BindingDocument {
    source: String,
    destination: String,
    destination_type: EndDocument,
    routing_key: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    properties_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EndDocument {
    Queue,
    Exchange,
}

impl BindingDocument {
    fn read(self) -> ObservedBinding {
        let end = match self.destination_type {
            EndDocument::Queue => End::Queue,
            EndDocument::Exchange => End::Exchange,
        };
        let Self { source, destination, routing_key: key, arguments, properties_key, .. } = self;
        ObservedBinding { binding: Binding { source, end, destination, key, arguments }, properties_key }
    }
}

#[derive(Deserialize)]
struct PolicyDocument {
    name: String,
    pattern: String,
    #[serde(default)]
    definition: Map<String, Value>,
}

impl PolicyDocument {
    fn read(self, operator: bool) -> Policy {
        let meaning = format!("{} where the name matches {:?}", Value::Object(self.definition), self.pattern);
        Policy { name: self.name, operator, meaning }
    }
}

#[derive(Deserialize)]
struct ParameterDocument {
    component: String,
    name: String,
}

#[derive(Deserialize)]
struct LimitsDocument {
    #[serde(default)]
    value: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct PermissionDocument {
    user: String,
    configure: String,
    write: String,
    read: String,
}

impl PermissionDocument {
    fn read(self) -> (String, Permission) {
        (self.user, Permission { configure: self.configure, write: self.write, read: self.read })
    }
}

#[derive(Deserialize)]
struct TopicDocument {
    user: String,
    exchange: String,
    write: String,
    read: String,
}

#[derive(Deserialize)]
struct UserDocument {
    name: String,
    #[serde(default)]
    password_hash: String,
    #[serde(default)]
    hashing_algorithm: String,
    tags: Tags,
    #[serde(default)]
    limits: LimitsOfUser,
}

/// A list since RabbitMQ 3.9, words between commas before.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    List(Vec<String>),
    Text(String),
}

/// Erlang has no empty map in some answers: it is an empty list then.
#[derive(Deserialize)]
#[serde(untagged)]
enum LimitsOfUser {
    Some(BTreeMap<String, i64>),
    None([(); 0]),
}

impl Default for LimitsOfUser {
    fn default() -> Self {
        LimitsOfUser::None([])
    }
}

impl UserDocument {
    fn read(self) -> ObservedUser {
        let tags = match self.tags {
            Tags::List(tags) => tags,
            Tags::Text(text) => {
                text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
            }
        };
        let limits = match self.limits {
            LimitsOfUser::Some(limits) => limits,
            LimitsOfUser::None([]) => BTreeMap::new(),
        };
        ObservedUser {
            password: PasswordHash { hash: self.password_hash, algorithm: self.hashing_algorithm },
            tags,
            limits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_rabbitmqs_own_is_not_observed() {
        let exchange = |name: &str| json!({"name": name, "type": "topic", "durable": true, "auto_delete": false});
        let binding = |source: &str| json!({"source": source, "destination": "q", "destination_type": "queue", "routing_key": "q", "properties_key": "q"});
        let parameter = |component: &str| json!({"component": component, "name": "n", "value": {}});
        let documents = VhostDocuments {
            vhost: json!({"name": "v", "tracing": true}),
            definitions: json!({
                "exchanges": [exchange(""), exchange("amq.topic"), exchange("city")],
                "queues": [{"name": "q", "durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}}],
                "parameters": [parameter("vhost-limits"), parameter("operator_policy"), parameter("shovel")],
            }),
            bindings: json!([binding(""), binding("city")]),
            queues: json!([{"name": "q", "messages": 3, "consumers": 1}, {"name": "exclusive"}]),
            operator_policies: json!([]),
            limits: json!([{"vhost": "v", "value": {"max-queues": 5}}]),
            permissions: json!([]),
            topic_permissions: json!([]),
        };
        let vhost = Observed::read(Some(documents), json!([])).unwrap().vhost.unwrap();
        assert!(vhost.tracing);
        assert_eq!(vhost.exchanges.keys().collect::<Vec<_>>(), ["city"]);
        assert_eq!((vhost.queues["q"].messages, vhost.queues["q"].consumers), (3, 1));
        assert_eq!(vhost.bindings.len(), 1);
        assert_eq!(vhost.parameters.iter().map(|p| p.component.as_str()).collect::<Vec<_>>(), ["shovel"]);
        assert_eq!(vhost.limits["max-queues"], 5);
    }

    #[test]
    fn users_are_read_in_the_forms_of_all_versions() {
        let users = json!([
            {"name": "new", "password_hash": "h", "hashing_algorithm": "a", "tags": ["monitoring"], "limits": {"max-channels": 1}},
            {"name": "old", "password_hash": "h", "hashing_algorithm": "a", "tags": "administrator, policymaker"},
            {"name": "empty", "password_hash": "", "tags": [], "limits": []},
        ]);
        let observed = Observed::read(None, users).unwrap();
        assert!(observed.vhost.is_none());
        assert_eq!(observed.users["new"].limits["max-channels"], 1);
        assert!(observed.users["old"].is_administrator() && !observed.users["new"].is_administrator());
        assert!(observed.users["empty"].tags.is_empty() && observed.users["empty"].limits.is_empty());
        assert!(Observed::read(None, json!({"error": "x"})).is_err());
    }
}
