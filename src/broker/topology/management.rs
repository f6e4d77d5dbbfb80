//! RabbitMQ's management API, as far as the topology needs it.

use super::documents::VhostDocuments;
use super::observed::Observed;
use super::step::escaped;
use crate::tls::ClientTls;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
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

/// Why a topology could not be compared or applied.
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
    #[error("RabbitMQ refused {method} {path} with {status}: {body}{}", remedy(*status))]
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
    /// An answer that is not as RabbitMQ's.
    #[error("RabbitMQ's management API at {base} answers {path} in a way sesame does not know: {reason}")]
    Strange {
        /// The address, without the password.
        base: String,
        /// The path.
        path: String,
        /// What is wrong.
        reason: serde_json::Error,
    },
    /// Some differences are left for a person.
    #[error("vhost {vhost} is not as declared, and sesame cannot change it:\n{left}")]
    Left {
        /// The vhost.
        vhost: String,
        /// The differences, a line each.
        left: String,
    },
}

fn remedy(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; [broker] management needs the name and password of a user with the administrator tag"
        }
        _ => "",
    }
}

const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .no_proxy()
            .tls_backend_preconfigured(tls.config().as_ref().clone())
            .build()
            .map_err(|_| bad())?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, user, password, tls: tls.clone() })
    }

    /// The address, without user and password.
    pub fn address(&self) -> &str {
        &self.base
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, TopologyError> {
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

    /// The present state of a vhost and of the broker's users.
    pub(super) async fn observe(&self, vhost: &str) -> Result<Observed, TopologyError> {
        let users = self.get("/api/users").await?;
        let name = escaped(vhost);
        let vhost = match self.get(&format!("/api/vhosts/{name}")).await {
            Ok(vhost) => Some(self.documents(&name, vhost).await?),
            Err(TopologyError::Refused { status: StatusCode::NOT_FOUND, .. }) => None,
            Err(error) => return Err(error),
        };
        Observed::read(vhost, users).map_err(|reason| self.strange("about the vhost", reason))
    }

    async fn documents(&self, name: &str, vhost: Value) -> Result<VhostDocuments, TopologyError> {
        Ok(VhostDocuments {
            vhost,
            definitions: self.get(&format!("/api/definitions/{name}")).await?,
            bindings: self.get(&format!("/api/bindings/{name}")).await?,
            queues: self.get(&format!("/api/queues/{name}?columns=name,messages,consumers")).await?,
            operator_policies: self.get(&format!("/api/operator-policies/{name}")).await?,
            limits: self.get(&format!("/api/vhost-limits/{name}")).await?,
            permissions: self.get(&format!("/api/vhosts/{name}/permissions")).await?,
            topic_permissions: self.get(&format!("/api/vhosts/{name}/topic-permissions")).await?,
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, TopologyError> {
        self.call(Method::GET, path, None).await
    }

    pub(super) fn strange(&self, path: &str, reason: serde_json::Error) -> TopologyError {
        TopologyError::Strange { base: self.base.clone(), path: path.to_owned(), reason }
    }
}
