//! RabbitMQ's management API, as far as the topology needs it.

use super::{Declaration, NodeTopology};
use crate::tls::ClientTls;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// A client of one broker's management API.
#[derive(Clone)]
pub struct Management {
    client: Client,
    base: String,
    user: String,
    password: String,
    tls: ClientTls,
}

/// Why a topology could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The address is no URL with user and password.
    #[error("{0:?} is not http://user:password@host:port of RabbitMQ's management API")]
    Address(String),
    /// No answer.
    #[error(
        "RabbitMQ's management API at {base} does not answer ({reason}): is the rabbitmq_management plugin enabled?"
    )]
    Unreachable {
        /// The address, without the password.
        base: String,
        /// The client library's words.
        reason: String,
    },
    /// Refused.
    #[error("RabbitMQ refused {method} {path} with {status}: {body}; the user needs the administrator tag")]
    Refused {
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// The status.
        status: StatusCode,
        /// RabbitMQ's words.
        body: String,
    },
    /// An object exists with another type or other arguments, which RabbitMQ never changes and does not even mention.
    #[error(
        "{kind} {name} of vhost {vhost} exists with {found} instead of {wanted}: stop its users, let it drain, delete it, \
         and apply again"
    )]
    Conflict {
        /// The vhost.
        vhost: String,
        /// `queue` or `exchange`.
        kind: &'static str,
        /// The object.
        name: String,
        /// What is there.
        found: String,
        /// What the declaration says.
        wanted: String,
    },
}

const TIMEOUT: Duration = Duration::from_secs(20);

impl Management {
    /// A client for `http://user:password@host:port`, or `https://` with a certificate of a CA that the system trusts.
    pub fn new(address: &str) -> Result<Self, TopologyError> {
        Self::trusting(address, &ClientTls::system())
    }

    /// A client that trusts other CAs by `https://`.
    pub fn trusting(address: &str, tls: &ClientTls) -> Result<Self, TopologyError> {
        let bad = || TopologyError::Address("http://…".to_owned());
        let mut url = reqwest::Url::parse(address).map_err(|_| bad())?;
        let (user, password) = (url.username().to_owned(), url.password().unwrap_or_default().to_owned());
        // What remains is shown in errors.
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| bad())?;
        let builder =
            Client::builder().timeout(TIMEOUT).no_proxy().tls_backend_preconfigured(tls.config().as_ref().clone());
        let client = builder.build().map_err(|_| bad())?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, user, password, tls: tls.clone() })
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, TopologyError> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        request = request.basic_auth(&self.user, Some(&self.password));
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |e: reqwest::Error| TopologyError::Unreachable {
            base: self.base.clone(),
            reason: self.tls.explain(&e).unwrap_or_else(|| e.without_url().to_string()),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        if !status.is_success() {
            let body = text.chars().take(300).collect();
            return Err(TopologyError::Refused { method: method.to_string(), path: path.to_owned(), status, body });
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Deletes a vhost with all its queues and what lies in them. One that is not there is no error.
    pub async fn delete_vhost(&self, vhost: &str) -> Result<(), TopologyError> {
        match self.call(Method::DELETE, &format!("/api/vhosts/{}", escaped(vhost)), None).await {
            Err(TopologyError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    async fn put(&self, path: &str, body: Value) -> Result<(), TopologyError> {
        self.call(Method::PUT, path, Some(&body)).await.map(drop)
    }
}

/// Makes a node's vhost as declared. Safe to repeat: what is right already stays.
///
/// # Errors
/// Also when an object exists in another form, which would lose messages if it were replaced.
pub async fn apply(
    management: &Management,
    declaration: &Declaration,
    node: &NodeTopology,
) -> Result<(), TopologyError> {
    let vhost = escaped(&node.vhost);
    management.put(&format!("/api/vhosts/{vhost}"), json!({"default_queue_type": "quorum"})).await?;
    let objects = node.objects(declaration);
    management.call(Method::POST, &format!("/api/definitions/{vhost}"), Some(&objects)).await?;
    for (user, password) in node.users() {
        management.put(&format!("/api/users/{}", escaped(user)), json!({"password": password, "tags": ""})).await?;
    }
    for (user, permissions) in node.permissions() {
        management.put(&format!("/api/permissions/{vhost}/{}", escaped(user)), permissions).await?;
    }
    for (user, permission) in node.topic_permissions() {
        management.put(&format!("/api/topic-permissions/{vhost}/{}", escaped(user)), permission).await?;
    }
    compare(management, node, &objects).await
}

/// RabbitMQ takes a definition that contradicts an existing object without a word.
///
/// Compared with the definitions it exports: its lists of queues are gathered with statistics and lag behind.
async fn compare(management: &Management, node: &NodeTopology, wanted: &Value) -> Result<(), TopologyError> {
    let vhost = escaped(&node.vhost);
    let found = management.call(Method::GET, &format!("/api/definitions/{vhost}"), None).await?;
    for (kind, list) in [("exchange", "exchanges"), ("queue", "queues")] {
        for object in wanted[list].as_array().into_iter().flatten() {
            let same_name = |other: &&Value| other["name"] == object["name"];
            let there = found[list].as_array().into_iter().flatten().find(same_name).unwrap_or(&Value::Null);
            let aspects = ["type", "durable", "arguments"];
            let differs = aspects.iter().find(|aspect| object[**aspect] != there[**aspect]);
            if let Some(aspect) = differs {
                return Err(TopologyError::Conflict {
                    vhost: node.vhost.clone(),
                    kind,
                    name: object["name"].as_str().unwrap_or_default().to_owned(),
                    found: format!("{aspect} {}", there[*aspect]),
                    wanted: object[*aspect].to_string(),
                });
            }
        }
    }
    Ok(())
}

/// A path segment: vhosts and users may hold any character.
fn escaped(segment: &str) -> String {
    segment
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
