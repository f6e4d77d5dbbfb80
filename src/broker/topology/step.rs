//! One thing to be done at RabbitMQ, and the request of the management API that does it. Pure.

use super::objects::{Binding, Exchange, Permission, Queue, TopicPermission};
use super::observed::Parameter;
use super::password::PasswordHash;
use reqwest::Method;
use serde_json::{Value, json};

/// One thing to be done.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Make the vhost, without tracing.
    PutVhost,
    /// Declare an exchange, a queue or a binding. Declarations that follow each other travel as one document.
    Declare(Declared),
    /// Delete a binding.
    Unbind {
        binding: Binding,
        properties_key: String,
    },
    /// Delete a queue, if it is empty at that moment and nobody takes from it.
    DeleteQueue {
        name: String,
    },
    /// Delete an exchange, if nothing is bound to it.
    DeleteExchange {
        name: String,
    },
    DeletePolicy {
        name: String,
        operator: bool,
    },
    DeleteParameter(Parameter),
    SetVhostLimit {
        limit: String,
        value: i64,
    },
    ClearVhostLimit {
        limit: String,
    },
    /// Make a user, or change it, without tags.
    PutUser {
        user: String,
        credential: Credential,
    },
    SetUserLimit {
        user: String,
        limit: String,
        value: i64,
    },
    SetPermission {
        user: String,
        permission: Permission,
    },
    RevokePermission {
        user: String,
    },
    SetTopicPermission {
        user: String,
        exchange: String,
        permission: TopicPermission,
    },
    /// RabbitMQ cannot clear those of one exchange alone.
    ClearTopicPermissions {
        user: String,
    },
    /// Close the user's connections, if it has any in the vhost: RabbitMQ remembers per channel what was allowed.
    Disconnect {
        user: String,
    },
}

/// What is declared.
#[derive(Debug, Clone)]
pub(super) enum Declared {
    Exchange(String, Exchange),
    Queue(String, Queue),
    Binding(Binding),
}

/// How a user is to log in.
#[derive(Clone)]
pub(super) enum Credential {
    Password(String),
    /// As before. RabbitMQ takes a change without a password for the wish to have none.
    Keep(PasswordHash),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// A request of the management API.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

/// How a step is carried out.
#[derive(Debug)]
pub(super) enum Work {
    Request(Request),
    Declare(Declared),
    DeleteQueue { name: String },
    Disconnect { user: String },
}

impl Step {
    /// How the step is carried out in `vhost`.
    pub(super) fn work(self, vhost: &str) -> Work {
        let vhost = escaped(vhost);
        Work::Request(match self {
            Step::Declare(declared) => return Work::Declare(declared),
            Step::DeleteQueue { name } => return Work::DeleteQueue { name },
            Step::Disconnect { user } => return Work::Disconnect { user },
            Step::PutVhost => {
                put(format!("/api/vhosts/{vhost}"), json!({"default_queue_type": "quorum", "tracing": false}))
            }
            Step::Unbind { binding, properties_key } => delete(format!(
                "/api/bindings/{vhost}/e/{}/{}/{}/{}",
                escaped(&binding.source),
                binding.end.letter(),
                escaped(&binding.destination),
                escaped(&properties_key)
            )),
            Step::DeleteExchange { name } => {
                delete(format!("/api/exchanges/{vhost}/{}?if-unused=true", escaped(&name)))
            }
            Step::DeletePolicy { name, operator } => {
                let kind = if operator { "operator-policies" } else { "policies" };
                delete(format!("/api/{kind}/{vhost}/{}", escaped(&name)))
            }
            Step::DeleteParameter(Parameter { component, name }) => {
                delete(format!("/api/parameters/{}/{vhost}/{}", escaped(&component), escaped(&name)))
            }
            Step::SetVhostLimit { limit, value } => {
                put(format!("/api/vhost-limits/{vhost}/{}", escaped(&limit)), json!({"value": value}))
            }
            Step::ClearVhostLimit { limit } => delete(format!("/api/vhost-limits/{vhost}/{}", escaped(&limit))),
            Step::PutUser { user, credential } => put(format!("/api/users/{}", escaped(&user)), credential.body()),
            Step::SetUserLimit { user, limit, value } => {
                put(format!("/api/user-limits/{}/{}", escaped(&user), escaped(&limit)), json!({"value": value}))
            }
            Step::SetPermission { user, permission: Permission { configure, write, read } } => put(
                format!("/api/permissions/{vhost}/{}", escaped(&user)),
                json!({"configure": configure, "write": write, "read": read}),
            ),
            Step::RevokePermission { user } => delete(format!("/api/permissions/{vhost}/{}", escaped(&user))),
            Step::SetTopicPermission { user, exchange, permission: TopicPermission { write, read } } => put(
                format!("/api/topic-permissions/{vhost}/{}", escaped(&user)),
                json!({"exchange": exchange, "write": write, "read": read}),
            ),
            Step::ClearTopicPermissions { user } => {
                delete(format!("/api/topic-permissions/{vhost}/{}", escaped(&user)))
            }
        })
    }
}

impl Credential {
    fn body(self) -> Value {
        match self {
            Credential::Password(password) => json!({"password": password, "tags": ""}),
            Credential::Keep(PasswordHash { hash, algorithm }) => {
                json!({"password_hash": hash, "hashing_algorithm": algorithm, "tags": ""})
            }
        }
    }
}

/// Declarations as `POST /api/definitions/<vhost>` takes them: one request for many objects.
pub(super) fn definitions(declared: Vec<Declared>) -> Value {
    let (mut exchanges, mut queues, mut bindings) = (Vec::new(), Vec::new(), Vec::new());
    for object in declared {
        match object {
            Declared::Exchange(name, Exchange { kind, durable, auto_delete, internal, arguments }) => {
                exchanges.push(json!({
                    "name": name, "type": kind, "durable": durable, "auto_delete": auto_delete, "internal": internal,
                    "arguments": arguments,
                }));
            }
            Declared::Queue(name, Queue { durable, auto_delete, arguments }) => queues.push(json!({
                "name": name, "durable": durable, "auto_delete": auto_delete, "arguments": arguments,
            })),
            Declared::Binding(Binding { source, end, destination, key, arguments }) => bindings.push(json!({
                "source": source, "destination": destination, "destination_type": end.as_str(), "routing_key": key,
                "arguments": arguments,
            })),
        }
    }
    json!({"exchanges": exchanges, "queues": queues, "bindings": bindings})
}

fn put(path: String, body: Value) -> Request {
    Request { method: Method::PUT, path, body: Some(body) }
}

fn delete(path: String) -> Request {
    Request { method: Method::DELETE, path, body: None }
}

/// A path segment: vhosts, users and queues may hold any character.
pub(super) fn escaped(segment: &str) -> String {
    segment
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::objects::End;
    use super::*;

    fn request(step: Step) -> Request {
        match step.work("市/1") {
            Work::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_in_paths_are_escaped() {
        let binding = Binding {
            source: "city".to_owned(),
            end: End::Queue,
            destination: "a b".to_owned(),
            key: "#".to_owned(),
            arguments: serde_json::Map::new(),
        };
        let unbind = request(Step::Unbind { binding, properties_key: "%23".to_owned() });
        assert_eq!(unbind.method, Method::DELETE);
        assert_eq!(unbind.path, "/api/bindings/%E5%B8%82%2F1/e/city/q/a%20b/%2523");
        let revoke = request(Step::RevokePermission { user: "a/b?c".to_owned() });
        assert_eq!(revoke.path, "/api/permissions/%E5%B8%82%2F1/a%2Fb%3Fc");
    }

    #[test]
    fn a_user_changed_without_a_password_keeps_its_own() {
        let hash = PasswordHash { hash: "abc".to_owned(), algorithm: "sha".to_owned() };
        let body = request(Step::PutUser { user: "u".to_owned(), credential: Credential::Keep(hash) }).body.unwrap();
        assert_eq!(body, json!({"password_hash": "abc", "hashing_algorithm": "sha", "tags": ""}));
    }
}
