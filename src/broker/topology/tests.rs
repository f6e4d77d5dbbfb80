//! The difference, object by object: a vhost as declared, and every way to spoil it.

use super::desired::Desired;
use super::difference::{Action, Difference, difference};
use super::objects::{Binding, End, Exchange, Permission, Queue, TopicPermission};
use super::observed::{Observed, ObservedBinding, ObservedQueue, ObservedUser, ObservedVhost, Parameter, Policy};
use super::password::PasswordHash;
use super::step::{Credential, Declared, Step};
use super::{ChildUser, Declaration, NodeTopology};
use crate::standard::region::Region;
use base64::Engine;
use serde_json::{Map, json};
use sha2::{Digest, Sha256};

fn city() -> NodeTopology {
    NodeTopology {
        vhost: "city".to_owned(),
        region: Region::parse("370200").unwrap(),
        user: "node-370200".to_owned(),
        password: Some("own".to_owned()),
        has_parent: true,
        rule: crate::failure::Rule::default(),
        children: vec![ChildUser {
            region: Region::parse("370203").unwrap(),
            user: "node-370203".to_owned(),
            password: Some("childs".to_owned()),
        }],
        subscribers: Vec::new(),
    }
}

fn desired() -> Desired {
    Desired::new(&Declaration::builtin(), &city())
}

fn hash(password: &str) -> PasswordHash {
    let digest = Sha256::new().chain_update(b"salt").chain_update(password).finalize();
    let hash = base64::engine::general_purpose::STANDARD.encode([b"salt".as_slice(), &digest].concat());
    PasswordHash { hash, algorithm: "rabbit_password_hashing_sha256".to_owned() }
}

/// Makes an object differ from its declaration.
type Spoil<T> = fn(&mut T);

/// A vhost that is exactly as desired.
fn as_declared() -> Observed {
    let desired = desired();
    let queue = |queue: &Queue| ObservedQueue { queue: queue.clone(), messages: 0, consumers: 0 };
    let binding = |binding: &Binding| ObservedBinding { binding: binding.clone(), properties_key: "~".to_owned() };
    let vhost = ObservedVhost {
        exchanges: desired.exchanges.clone(),
        queues: desired.queues.iter().map(|(name, want)| (name.clone(), queue(want))).collect(),
        bindings: desired.bindings.iter().map(binding).collect(),
        permissions: desired.users.iter().map(|(name, user)| (name.clone(), user.permission.clone())).collect(),
        topics: desired.users.iter().map(|(name, user)| (name.clone(), user.topics.clone())).collect(),
        ..ObservedVhost::default()
    };
    let user = |(name, user): (&String, &super::desired::DesiredUser)| {
        let password = hash(user.password.as_deref().unwrap_or_default());
        (name.clone(), ObservedUser { password, tags: Vec::new(), limits: user.limits.clone() })
    };
    Observed { vhost: Some(vhost), users: desired.users.iter().map(user).collect() }
}

/// The differences after something was spoilt.
fn after(spoil: impl FnOnce(&mut ObservedVhost)) -> Vec<Difference> {
    let mut observed = as_declared();
    spoil(observed.vhost.as_mut().unwrap());
    difference(&desired(), &observed)
}

fn after_user(spoil: impl FnOnce(&mut Observed)) -> Vec<Difference> {
    let mut observed = as_declared();
    spoil(&mut observed);
    difference(&desired(), &observed)
}

/// The one difference, as `plan` prints it.
fn shown(differences: &[Difference]) -> String {
    assert_eq!(differences.len(), 1, "{differences:#?}");
    differences[0].to_string()
}

fn stranger() -> Exchange {
    Exchange { kind: "topic".to_owned(), durable: true, auto_delete: false, internal: false, arguments: Map::new() }
}

#[test]
fn what_is_as_declared_does_not_differ() {
    assert!(difference(&desired(), &as_declared()).is_empty());
}

#[test]
fn where_nothing_is_everything_is_created() {
    let found = difference(&desired(), &Observed::default());
    assert!(found.iter().all(|d| d.action == Action::Create && d.remedy().is_none()), "{found:#?}");
    let count = |object: &str| found.iter().filter(|d| d.object == object).count();
    let desired = desired();
    assert_eq!((count("vhost"), count("user"), count("permission"), count("topic permission")), (1, 2, 2, 1));
    assert_eq!(count("exchange"), desired.exchanges.len());
    assert_eq!(count("queue"), desired.queues.len());
    assert_eq!(count("binding"), desired.bindings.len());
    assert_eq!(found[0].object, "vhost");
    // Whoever has no topic permission may use any key: it must be there before the access is.
    let at =
        |object: &str, name: &str| found.iter().position(|d| d.object == object && d.name.starts_with(name)).unwrap();
    assert!(at("user", "node-370203") < at("topic permission", "node-370203"));
    assert!(at("topic permission", "node-370203") < at("permission", "node-370203"));
}

#[test]
fn a_missing_exchange_queue_or_binding_is_created() {
    let found = after(|v| {
        v.exchanges.remove("city.log");
    });
    assert_eq!(shown(&found), "+ exchange city.log: fanout, alternate-exchange city.unrouted");
    assert!(matches!(&found[0].steps()[0], Step::Declare(Declared::Exchange(name, _)) if name == "city.log"));
    let found = after(|v| {
        v.queues.remove("city.receipts.370203");
    });
    assert!(shown(&found).starts_with("+ queue city.receipts.370203: x-queue-type quorum, x-max-length 100000"));
    assert!(matches!(&found[0].steps()[0], Step::Declare(Declared::Queue(..))));
    let found = after(|v| v.bindings.retain(|b| b.binding.destination != "city.receipts.370203"));
    assert_eq!(shown(&found), "+ binding city.receipts -> queue city.receipts.370203 key \"370203\"");
    assert!(matches!(&found[0].steps()[0], Step::Declare(Declared::Binding(_))));
}

#[test]
fn an_exchange_or_queue_in_another_form_is_left_to_a_person() {
    let found = after(|v| v.exchanges.get_mut("city.log").unwrap().kind = "topic".to_owned());
    assert!(shown(&found).starts_with("! exchange city.log: type is topic, declared fanout\n"), "{}", shown(&found));
    let aspects: [(Spoil<Exchange>, &str); 4] = [
        (|e| e.durable = false, "durable is false, declared true"),
        (|e| e.auto_delete = true, "auto_delete is true, declared false"),
        (|e| e.internal = true, "internal is true, declared false"),
        (|e| e.arguments = Map::new(), "alternate-exchange is not set, declared \"city.unrouted\""),
    ];
    for (spoil, detail) in aspects {
        let found = after(|v| spoil(v.exchanges.get_mut("city.log").unwrap()));
        assert_eq!(found[0].detail, detail);
        assert!(found[0].steps().is_empty() && found[0].remedy().is_some());
    }
    let aspects: [(Spoil<Queue>, &str); 5] = [
        (|q| q.durable = false, "durable is false, declared true"),
        (|q| q.auto_delete = true, "auto_delete is true, declared false"),
        (
            |q| {
                q.arguments.insert("x-queue-type".to_owned(), json!("classic"));
            },
            "x-queue-type is \"classic\", declared \"quorum\"",
        ),
        (
            |q| {
                q.arguments.shift_remove("x-delivery-limit");
            },
            "x-delivery-limit is not set, declared 50",
        ),
        (
            |q| {
                q.arguments.insert("x-message-ttl".to_owned(), json!(5));
            },
            "x-message-ttl is 5, not declared",
        ),
    ];
    for (spoil, detail) in aspects {
        let found = after(|v| {
            let queue = v.queues.get_mut("city.persist").unwrap();
            queue.messages = 7;
            spoil(&mut queue.queue);
        });
        assert_eq!((found.len(), found[0].detail.as_str()), (1, detail));
        assert!(found[0].steps().is_empty() && found[0].remedy().unwrap().contains("7 messages"));
    }
}

#[test]
fn an_extra_binding_of_something_declared_is_removed() {
    let extra = |source: &str, end: End, destination: &str| ObservedBinding {
        binding: Binding {
            source: source.to_owned(),
            end,
            destination: destination.to_owned(),
            key: "#".to_owned(),
            arguments: Map::new(),
        },
        properties_key: "%23".to_owned(),
    };
    let cases = [
        extra("city", End::Queue, "tap"),
        extra("amq.topic", End::Queue, "city.persist"),
        extra("amq.topic", End::Exchange, "city"),
        extra("city.log", End::Queue, "city.poison"),
    ];
    for binding in cases {
        let found = after(|v| v.bindings.push(binding.clone()));
        assert_eq!(shown(&found), format!("- binding {}: not declared", binding.binding));
        assert!(matches!(&found[0].steps()[0], Step::Unbind { properties_key, .. } if properties_key == "%23"));
    }
    assert!(after(|v| v.bindings.push(extra("amq.topic", End::Queue, "tap"))).is_empty(), "none of ours");
    // An exchange and a queue of the same name are two things.
    assert!(after(|v| v.bindings.push(extra("amq.topic", End::Queue, "city.accepted"))).is_empty());
}

#[test]
fn an_undeclared_queue_goes_only_when_nobody_needs_it() {
    let with = |messages, consumers| {
        let queue = Queue { durable: true, auto_delete: false, arguments: Map::new() };
        after(|v| {
            v.queues.insert("tap".to_owned(), ObservedQueue { queue, messages, consumers });
        })
    };
    assert!(matches!(&with(0, 0)[0].steps()[0], Step::DeleteQueue { name } if name == "tap"));
    assert_eq!(shown(&with(0, 0)), "- queue tap: not declared, holds 0 messages, 0 consumers");
    for (messages, consumers) in [(1, 0), (0, 1)] {
        let found = with(messages, consumers);
        assert!(shown(&found).starts_with("! queue tap: not declared"), "{}", shown(&found));
        assert!(found[0].steps().is_empty());
    }
    let found = after(|v| {
        v.exchanges.insert("tap".to_owned(), stranger());
    });
    assert_eq!(shown(&found), "- exchange tap: not declared");
    assert!(matches!(&found[0].steps()[0], Step::DeleteExchange { .. }));
}

#[test]
fn policies_parameters_limits_and_tracing_are_drift() {
    let policy = |operator| Policy { name: "short".to_owned(), operator, meaning: "{\"max-length\":1}".to_owned() };
    let found = after(|v| v.policies.push(policy(false)));
    assert_eq!(shown(&found), "- policy short: not declared: {\"max-length\":1}");
    assert!(matches!(&found[0].steps()[0], Step::DeletePolicy { operator: false, .. }));
    let found = after(|v| v.policies.push(policy(true)));
    assert!(matches!(&found[0].steps()[0], Step::DeletePolicy { operator: true, .. }));
    let found = after(|v| v.parameters.push(Parameter { component: "shovel".to_owned(), name: "leak".to_owned() }));
    assert_eq!(shown(&found), "- parameter shovel leak: not declared");
    let found = after(|v| {
        v.limits.insert("max-connections".to_owned(), 0);
    });
    assert_eq!(shown(&found), "- vhost limit max-connections: 0, not declared");
    assert!(matches!(&found[0].steps()[0], Step::ClearVhostLimit { .. }));
    let found = after(|v| v.tracing = true);
    assert!(shown(&found).starts_with("~ vhost city: tracing is on"));
}

#[test]
fn a_declared_vhost_limit_is_set() {
    let text = include_str!("../../../topology/node.toml").to_owned() + "max-queues = 100\n";
    let desired = Desired::new(&Declaration::parse(&text).unwrap(), &city());
    assert_eq!(shown(&difference(&desired, &as_declared())), "+ vhost limit max-queues: 100");
    let mut observed = as_declared();
    observed.vhost.as_mut().unwrap().limits.insert("max-queues".to_owned(), 5);
    assert_eq!(shown(&difference(&desired, &observed)), "~ vhost limit max-queues: 5, declared 100");
    observed.vhost.as_mut().unwrap().limits.insert("max-queues".to_owned(), 100);
    assert!(difference(&desired, &observed).is_empty());
}

#[test]
fn a_user_exists_with_the_password_of_the_settings_and_without_tags() {
    let found = after_user(|o| o.users.get_mut("node-370203").unwrap().password = hash("other"));
    assert_eq!(shown(&found), "~ user node-370203: the password is not that of the settings");
    assert!(matches!(&found[0].steps()[0], Step::PutUser { credential: Credential::Password(p), .. } if p == "childs"));
    assert!(matches!(&found[0].steps()[1], Step::Disconnect { .. }));
    let found = after_user(|o| o.users.get_mut("node-370203").unwrap().tags = vec!["management".to_owned()]);
    assert_eq!(shown(&found), "~ user node-370203: tagged management, declared without tags");
    let kept = |step: &Step| matches!(step, Step::PutUser { credential: Credential::Keep(kept), .. } if kept.matches("childs"));
    assert!(kept(&found[0].steps()[0]));
}

#[test]
fn a_user_without_a_password_in_the_settings_is_not_compared_and_cannot_be_made() {
    let mut node = city();
    node.children[0].password = None;
    let desired = Desired::new(&Declaration::builtin(), &node);
    let mut observed = as_declared();
    observed.users.get_mut("node-370203").unwrap().password = hash("whatever");
    assert!(difference(&desired, &observed).is_empty());
    observed.users.remove("node-370203");
    let vhost = observed.vhost.as_mut().unwrap();
    vhost.permissions.remove("node-370203");
    vhost.topics.remove("node-370203");
    let found = difference(&desired, &observed);
    assert!(shown(&found).starts_with("! user node-370203: does not exist\n"), "{found:?}");
    assert!(found[0].remedy().unwrap().contains("broker_password"));
}

#[test]
fn limits_of_a_childs_user_are_set_and_others_left_alone() {
    let limits = |spoil: fn(&mut ObservedUser)| after_user(|o| spoil(o.users.get_mut("node-370203").unwrap()));
    let found = limits(|u| {
        u.limits.remove("max-connections");
    });
    assert_eq!(shown(&found), "+ user limit node-370203 max-connections: 64");
    let found = limits(|u| {
        u.limits.insert("max-channels".to_owned(), 1);
    });
    assert_eq!(shown(&found), "~ user limit node-370203 max-channels: 1, declared 512");
    assert!(
        after_user(|o| {
            o.users.get_mut("node-370200").unwrap().limits.insert("max-channels".to_owned(), 1);
        })
        .is_empty()
    );
}

#[test]
fn a_changed_permission_is_mended_and_its_connections_are_closed() {
    let wide = Permission { configure: ".*".to_owned(), write: ".*".to_owned(), read: ".*".to_owned() };
    let found = after(|v| {
        v.permissions.insert("node-370203".to_owned(), wide);
    });
    assert!(shown(&found).starts_with("~ permission node-370203: configure \".*\""), "{}", shown(&found));
    assert!(matches!(found[0].steps(), [Step::SetPermission { .. }, Step::Disconnect { .. }]));
    let found = after(|v| {
        v.permissions.remove("node-370203");
    });
    assert!(shown(&found).starts_with("+ permission node-370203"));
}

#[test]
fn topic_permissions_never_leave_a_moment_in_which_every_key_is_allowed() {
    let any = TopicPermission { write: ".*".to_owned(), read: ".*".to_owned() };
    let spoil = |exchange: &str| {
        after(|v| {
            v.topics.get_mut("node-370203").unwrap().insert(exchange.to_owned(), any.clone());
        })
    };
    let found = spoil("city");
    assert!(shown(&found).starts_with("~ topic permission node-370203 at exchange city: write \".*\""));
    assert!(matches!(found[0].steps(), [Step::SetTopicPermission { .. }, Step::Disconnect { .. }]));
    let found = spoil("city.log");
    assert!(shown(&found).starts_with("- topic permission node-370203 at exchange city.log"));
    assert!(matches!(
        found[0].steps(),
        [
            Step::RevokePermission { .. },
            Step::ClearTopicPermissions { .. },
            Step::SetTopicPermission { .. },
            Step::SetPermission { .. },
            Step::Disconnect { .. },
        ]
    ));
    let found = after(|v| {
        v.topics.remove("node-370203");
    });
    assert!(shown(&found).starts_with("+ topic permission node-370203 at exchange city"));
    assert!(matches!(found[0].steps(), [Step::SetTopicPermission { .. }, Step::Disconnect { .. }]));
}

#[test]
fn a_user_that_is_not_declared_loses_its_access_unless_it_administers() {
    let with = |tags: &[&str]| {
        after_user(|o| {
            let user = ObservedUser {
                password: hash("x"),
                tags: tags.iter().map(ToString::to_string).collect(),
                limits: Default::default(),
            };
            o.users.insert("former".to_owned(), user);
            let may = Permission { configure: "^$".to_owned(), write: "^city$".to_owned(), read: "^$".to_owned() };
            o.vhost.as_mut().unwrap().permissions.insert("former".to_owned(), may);
        })
    };
    let found = with(&[]);
    assert!(shown(&found).starts_with("- access of user former: not declared, may configure"), "{}", shown(&found));
    assert!(matches!(
        found[0].steps(),
        [Step::RevokePermission { .. }, Step::ClearTopicPermissions { .. }, Step::Disconnect { .. }]
    ));
    assert_eq!(with(&["monitoring"]).len(), 1);
    assert!(with(&["policymaker", "administrator"]).is_empty());
    let topics = [("city".to_owned(), TopicPermission { write: "^$".to_owned(), read: "^$".to_owned() })];
    let found = after(|v| {
        v.topics.insert("former".to_owned(), topics.into());
    });
    assert!(shown(&found).starts_with("- access of user former: not declared, may topic permissions"));
}
