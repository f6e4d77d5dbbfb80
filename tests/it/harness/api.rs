//! RabbitMQ's management API, as a hand that spoils a vhost uses it.

use super::Spec;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

/// The management API, seen from one vhost.
pub struct Api {
    base: reqwest::Url,
    vhost: String,
}

impl Api {
    /// Of a node's vhost, as administrator.
    pub fn of(spec: &Spec) -> Self {
        Self { base: spec.management().parse().unwrap(), vhost: spec.vhost() }
    }

    /// A request; `{vhost}` in the path stands for the vhost.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask_as(self.base.username(), self.base.password().unwrap_or_default(), method, path, body).await
    }

    /// A request as somebody else.
    pub async fn ask_as(
        &self,
        user: &str,
        password: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://{}{}", self.base.authority().rsplit('@').next().unwrap(), self.path(path));
        let client = Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, url).basic_auth(user, Some(password));
        let response = request.json(&body.unwrap_or_else(|| json!({}))).send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub async fn put(&self, path: &str, body: Value) {
        let (status, said) = self.ask(Method::PUT, path, Some(body)).await;
        assert!(status.is_success(), "PUT {path}: {status} {said}");
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, said) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {said}");
        said
    }

    pub async fn delete(&self, path: &str) {
        let (status, said) = self.ask(Method::DELETE, path, None).await;
        assert!(status.is_success(), "DELETE {path}: {status} {said}");
    }

    pub async fn exists(&self, path: &str) -> bool {
        self.ask(Method::GET, path, None).await.0.is_success()
    }

    fn path(&self, path: &str) -> String {
        path.replace("{vhost}", &self.vhost)
    }
}
