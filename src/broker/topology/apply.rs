//! Comparing a vhost with its declaration, and carrying out the steps between them.

use super::difference::{Difference, difference, in_use};
use super::management::{Management, TopologyError};
use super::step::{Declared, Request, Step, Work, definitions, escaped};
use super::{Declaration, Desired, NodeTopology};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// What `apply` did, and what it left.
#[derive(Debug)]
#[must_use = "what is left must be told"]
pub struct Applied {
    /// Done, in order.
    pub done: Vec<Difference>,
    /// Still different, because only a person can mend it.
    pub left: Vec<Difference>,
    vhost: String,
}

impl Applied {
    /// Fails if anything is left.
    pub fn complete(self) -> Result<(), TopologyError> {
        if self.left.is_empty() {
            return Ok(());
        }
        let left: Vec<String> = self.left.iter().map(ToString::to_string).collect();
        Err(TopologyError::Left { vhost: self.vhost, left: left.join("\n") })
    }
}

/// How a node's vhost differs from what is declared.
pub async fn plan(
    management: &Management,
    declaration: &Declaration,
    node: &NodeTopology,
) -> Result<Vec<Difference>, TopologyError> {
    let desired = Desired::new(declaration, node);
    Ok(difference(&desired, &management.observe(&node.vhost).await?))
}

/// Makes a node's vhost as declared. Safe to repeat: what is right already stays. What would lose messages is left.
///
/// # Errors
/// When RabbitMQ cannot be reached or refuses. What was done until then stays done.
pub async fn apply(
    management: &Management,
    declaration: &Declaration,
    node: &NodeTopology,
) -> Result<Applied, TopologyError> {
    let desired = Desired::new(declaration, node);
    let planned = difference(&desired, &management.observe(&node.vhost).await?);
    let mut reconciler = Reconciler { management, vhost: &node.vhost, declared: Vec::new() };
    let (mut done, mut declined) = (Vec::new(), Vec::new());
    for difference in planned {
        if difference.remedy().is_some() {
            continue;
        }
        match reconciler.mend(&difference).await? {
            Done::Yes => done.push(difference),
            Done::No(remedy) => declined.push(difference.for_a_person(remedy)),
        }
    }
    reconciler.flush().await?;
    let known = |left: &Difference| declined.iter().find(|other| other.is_about_the_same(left)).cloned();
    let left = plan(management, declaration, node).await?;
    let left = left.into_iter().map(|difference| known(&difference).unwrap_or(difference)).collect();
    Ok(Applied { done, left, vhost: node.vhost.clone() })
}

/// Carries out steps in one vhost.
struct Reconciler<'a> {
    management: &'a Management,
    vhost: &'a str,
    /// Declarations not sent yet: a whole vhost travels as one document.
    declared: Vec<Declared>,
}

/// Whether a difference was mended.
enum Done {
    Yes,
    /// What a person has to do instead.
    No(String),
}

impl Reconciler<'_> {
    async fn mend(&mut self, difference: &Difference) -> Result<Done, TopologyError> {
        for step in difference.steps().iter().cloned() {
            if let Done::No(remedy) = self.carry_out(step).await? {
                return Ok(Done::No(remedy));
            }
        }
        Ok(Done::Yes)
    }

    async fn carry_out(&mut self, step: Step) -> Result<Done, TopologyError> {
        let work = step.work(self.vhost);
        if !matches!(work, Work::Declare(_)) {
            self.flush().await?;
        }
        match work {
            Work::Declare(declared) => self.declared.push(declared),
            Work::Request(request) => return self.request(request).await,
            Work::Disconnect { user } => self.disconnect(&user).await?,
            Work::DeleteQueue { name } => return self.delete_queue(&name).await,
        }
        Ok(Done::Yes)
    }

    async fn flush(&mut self) -> Result<(), TopologyError> {
        if self.declared.is_empty() {
            return Ok(());
        }
        let body = definitions(std::mem::take(&mut self.declared));
        let path = format!("/api/definitions/{}", escaped(self.vhost));
        self.management.call(Method::POST, &path, Some(&body)).await.map(drop)
    }

    async fn request(&self, request: Request) -> Result<Done, TopologyError> {
        let Request { method, path, body } = request;
        let deleting = method == Method::DELETE;
        match self.management.call(method, &path, body.as_ref()).await {
            // Somebody else was faster, or it had gone with another object.
            Err(TopologyError::Refused { status: StatusCode::NOT_FOUND, .. }) if deleting => Ok(Done::Yes),
            Err(TopologyError::Refused { status: StatusCode::BAD_REQUEST, body, .. }) if deleting => {
                Ok(Done::No(format!("RabbitMQ does not delete it ({body}): remove what uses it, and apply again")))
            }
            other => other.map(|_| Done::Yes),
        }
    }

    /// Deletes a queue that is empty at this moment. RabbitMQ does so on condition for classic queues alone; of others the
    /// numbers known may be seconds old, so the queue itself is asked for a message, which goes back to its place.
    async fn delete_queue(&self, name: &str) -> Result<Done, TopologyError> {
        let path = format!("/api/queues/{}/{}", escaped(self.vhost), escaped(name));
        let queue = match self.management.get(&path).await {
            Err(TopologyError::Refused { status: StatusCode::NOT_FOUND, .. }) => return Ok(Done::Yes),
            other => other?,
        };
        if queue["type"] == "classic" {
            let delete =
                Request { method: Method::DELETE, path: format!("{path}?if-empty=true&if-unused=true"), body: None };
            return Ok(match self.request(delete).await? {
                Done::Yes => Done::Yes,
                Done::No(_) => Done::No(in_use(name)),
            });
        }
        let look = json!({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": 0});
        let held = match self.management.call(Method::POST, &format!("{path}/get"), Some(&look)).await {
            // A stream cannot be asked.
            Err(TopologyError::Refused { .. }) => return Ok(Done::No(in_use(name))),
            other => other?,
        };
        let used = ["messages", "consumers"].iter().any(|number| queue[*number].as_u64().unwrap_or_default() > 0);
        if used || held.as_array().is_none_or(|messages| !messages.is_empty()) {
            return Ok(Done::No(in_use(name)));
        }
        self.request(Request { method: Method::DELETE, path, body: None }).await
    }

    /// All of the user's, should it have any in other vhosts of this broker: those of one vhost, and single ones, are found
    /// only in the statistics, where a connection appears seconds after it was made.
    async fn disconnect(&self, user: &str) -> Result<(), TopologyError> {
        let path = format!("/api/connections/username/{}", escaped(user));
        let connections = self.management.get(&path).await?;
        let here = |connection: &Value| connection["vhost"] == self.vhost;
        if connections.as_array().is_some_and(|connections| connections.iter().any(here)) {
            let _: Done = self.request(Request { method: Method::DELETE, path, body: None }).await?;
        }
        Ok(())
    }
}
