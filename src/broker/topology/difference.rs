//! The difference between what a vhost should be and what it is, each with the steps that mend it. Pure.

use super::desired::Desired;
use super::objects::{Binding, Exchange, Queue};
use super::observed::{Observed, ObservedQueue, ObservedVhost, Policy};
use super::step::{Declared, Step};
use super::users;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;

/// One difference.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What is to be done.
    pub action: Action,
    /// What kind of object it is: `queue`, `user`.
    pub object: &'static str,
    /// Its name; what a binding joins.
    pub name: String,
    /// What is there and what should be.
    pub detail: String,
    means: Means,
}

/// What is to be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is missing.
    Create,
    /// It is not declared.
    Remove,
    /// It is there in another form.
    Change,
}

#[derive(Debug, Clone)]
enum Means {
    Steps(Vec<Step>),
    /// Only a person can do it: what to do.
    Remedy(String),
}

impl Difference {
    pub(super) fn new(
        action: Action,
        object: &'static str,
        name: impl Into<String>,
        detail: impl Into<String>,
        steps: Vec<Step>,
    ) -> Self {
        Self { action, object, name: name.into(), detail: detail.into(), means: Means::Steps(steps) }
    }

    /// Turns it into one that only a person can mend.
    pub(super) fn for_a_person(mut self, remedy: impl Into<String>) -> Self {
        self.means = Means::Remedy(remedy.into());
        self
    }

    /// What a person has to do, where `apply` does nothing.
    pub fn remedy(&self) -> Option<&str> {
        match &self.means {
            Means::Remedy(remedy) => Some(remedy),
            Means::Steps(_) => None,
        }
    }

    pub(super) fn steps(&self) -> &[Step] {
        match &self.means {
            Means::Steps(steps) => steps,
            Means::Remedy(_) => &[],
        }
    }

    /// Whether it is about the same object as another.
    pub(super) fn is_about_the_same(&self, other: &Difference) -> bool {
        (self.object, &self.name) == (other.object, &other.name)
    }

    fn sign(&self) -> char {
        match (&self.means, self.action) {
            (Means::Remedy(_), _) => '!',
            (Means::Steps(_), Action::Create) => '+',
            (Means::Steps(_), Action::Remove) => '-',
            (Means::Steps(_), Action::Change) => '~',
        }
    }
}

impl Serialize for Difference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shown = serializer.serialize_struct("Difference", 5)?;
        shown.serialize_field("action", &self.action)?;
        shown.serialize_field("object", self.object)?;
        shown.serialize_field("name", &self.name)?;
        shown.serialize_field("detail", &self.detail)?;
        shown.serialize_field("remedy", &self.remedy())?;
        shown.end()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.sign(), self.object, self.name)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if let Some(remedy) = self.remedy() {
            write!(f, "\n    {remedy}")?;
        }
        Ok(())
    }
}

/// What has to be done to bring `observed` to `desired`, in the order in which it can be done; nothing when they agree.
///
/// What overrides or widens comes off first, what grants access is narrowed before it is granted, and queues that nobody
/// declares go last, when nothing is bound to them any more.
pub fn difference(desired: &Desired, observed: &Observed) -> Vec<Difference> {
    let nothing = ObservedVhost::default();
    let there = observed.vhost.as_ref().unwrap_or(&nothing);
    let mut found = vhost(desired, observed.vhost.as_ref());
    found.extend(there.policies.iter().map(policy));
    found.extend(there.parameters.iter().map(|parameter| {
        let (detail, step) = ("not declared", Step::DeleteParameter(parameter.clone()));
        Difference::new(
            Action::Remove,
            "parameter",
            format!("{} {}", parameter.component, parameter.name),
            detail,
            vec![step],
        )
    }));
    found.extend(desired.exchanges.iter().filter_map(|(name, want)| exchange(name, want, there.exchanges.get(name))));
    found.extend(desired.queues.iter().filter_map(|(name, want)| queue(name, want, there.queues.get(name))));
    found.extend(missing_bindings(desired, there));
    found.extend(extra_bindings(desired, there));
    found.extend(users::difference(desired, observed, there));
    let extra_queues = there.queues.iter().filter(|(name, _)| !desired.queues.contains_key(*name));
    found.extend(extra_queues.map(|(name, queue)| extra_queue(name, queue)));
    found.extend(there.exchanges.keys().filter(|name| !desired.exchanges.contains_key(*name)).map(|name| {
        Difference::new(
            Action::Remove,
            "exchange",
            name,
            "not declared",
            vec![Step::DeleteExchange { name: name.clone() }],
        )
    }));
    found
}

fn vhost(desired: &Desired, there: Option<&ObservedVhost>) -> Vec<Difference> {
    let of_vhost =
        |action, detail: &str| Difference::new(action, "vhost", &desired.vhost, detail, vec![Step::PutVhost]);
    let mut found = Vec::new();
    match there {
        None => found.push(of_vhost(Action::Create, "")),
        Some(vhost) if vhost.tracing => {
            found.push(of_vhost(Action::Change, "tracing is on, which copies every message to amq.rabbitmq.trace"));
        }
        Some(_) => {}
    }
    let limits = there.map(|vhost| vhost.limits.clone()).unwrap_or_default();
    for (limit, value) in &desired.limits {
        let set = || vec![Step::SetVhostLimit { limit: limit.clone(), value: *value }];
        match limits.get(limit) {
            Some(found) if found == value => {}
            Some(was) => {
                found.push(Difference::new(
                    Action::Change,
                    "vhost limit",
                    limit,
                    format!("{was}, declared {value}"),
                    set(),
                ));
            }
            None => found.push(Difference::new(Action::Create, "vhost limit", limit, value.to_string(), set())),
        }
    }
    for (limit, value) in limits.iter().filter(|(limit, _)| !desired.limits.contains_key(*limit)) {
        let steps = vec![Step::ClearVhostLimit { limit: limit.clone() }];
        found.push(Difference::new(Action::Remove, "vhost limit", limit, format!("{value}, not declared"), steps));
    }
    found
}

fn policy(policy: &Policy) -> Difference {
    let object = if policy.operator { "operator policy" } else { "policy" };
    let step = Step::DeletePolicy { name: policy.name.clone(), operator: policy.operator };
    Difference::new(Action::Remove, object, &policy.name, format!("not declared: {}", policy.meaning), vec![step])
}

fn exchange(name: &str, want: &Exchange, there: Option<&Exchange>) -> Option<Difference> {
    let Some(there) = there else {
        let detail = listed(&want.kind, &want.arguments);
        let step = Step::Declare(Declared::Exchange(name.to_owned(), want.clone()));
        return Some(Difference::new(Action::Create, "exchange", name, detail, vec![step]));
    };
    let mut differs = Differing::default();
    differs.note("type", &want.kind, &there.kind);
    differs.note("durable", &want.durable, &there.durable);
    differs.note("auto_delete", &want.auto_delete, &there.auto_delete);
    differs.note("internal", &want.internal, &there.internal);
    differs.arguments(&want.arguments, &there.arguments);
    let remedy = format!(
        "RabbitMQ cannot change an exchange: stop the node's processes, delete exchange {name} (it holds no messages), \
         and apply again"
    );
    differs.difference("exchange", name, remedy)
}

fn queue(name: &str, want: &Queue, there: Option<&ObservedQueue>) -> Option<Difference> {
    let Some(ObservedQueue { queue: there, messages, .. }) = there else {
        let detail = listed("", &want.arguments);
        let step = Step::Declare(Declared::Queue(name.to_owned(), want.clone()));
        return Some(Difference::new(Action::Create, "queue", name, detail, vec![step]));
    };
    let mut differs = Differing::default();
    differs.note("durable", &want.durable, &there.durable);
    differs.note("auto_delete", &want.auto_delete, &there.auto_delete);
    differs.arguments(&want.arguments, &there.arguments);
    if want.arguments.contains_key("x-message-ttl") {
        let remedy = format!(
            "RabbitMQ cannot change a queue. This one holds tokens alone ({messages}), and what they stand for lies in the store: \
             delete queue {name} and apply again; what waited there is tried ten minutes after its time"
        );
        return differs.difference("queue", name, remedy);
    }
    let remedy = format!(
        "RabbitMQ cannot change a queue, and deleting it loses what it holds ({messages} messages): stop what publishes to \
         it, let its consumers drain it to 0, stop them, delete queue {name}, apply again, and start them"
    );
    differs.difference("queue", name, remedy)
}

/// Aspects in which an object differs.
#[derive(Default)]
struct Differing(Vec<String>);

impl Differing {
    fn note<T: PartialEq + fmt::Display>(&mut self, aspect: &str, want: &T, there: &T) {
        if want != there {
            self.0.push(format!("{aspect} is {there}, declared {want}"));
        }
    }

    fn arguments(&mut self, want: &Map<String, Value>, there: &Map<String, Value>) {
        for (name, value) in want {
            match there.get(name) {
                Some(found) if found == value => {}
                Some(found) => self.0.push(format!("{name} is {found}, declared {value}")),
                None => self.0.push(format!("{name} is not set, declared {value}")),
            }
        }
        let extra = there.iter().filter(|(name, _)| !want.contains_key(*name));
        self.0.extend(extra.map(|(name, value)| format!("{name} is {value}, not declared")));
    }

    fn difference(self, object: &'static str, name: &str, remedy: String) -> Option<Difference> {
        let differs = !self.0.is_empty();
        differs
            .then(|| Difference::new(Action::Change, object, name, self.0.join("; "), Vec::new()).for_a_person(remedy))
    }
}

fn missing_bindings<'a>(desired: &'a Desired, there: &'a ObservedVhost) -> impl Iterator<Item = Difference> + 'a {
    let is_there = |want: &&Binding| there.bindings.iter().any(|found| found.binding == **want);
    desired.bindings.iter().filter(move |want| !is_there(want)).map(|want| {
        let step = Step::Declare(Declared::Binding(want.clone()));
        Difference::new(Action::Create, "binding", want.to_string(), "", vec![step])
    })
}

/// Bindings that take from, or bring to, what is declared, and are not declared themselves.
fn extra_bindings<'a>(desired: &'a Desired, there: &'a ObservedVhost) -> impl Iterator<Item = Difference> + 'a {
    let touches_declared = |binding: &Binding| {
        desired.exchanges.contains_key(&binding.source)
            || match binding.end {
                super::objects::End::Queue => desired.queues.contains_key(&binding.destination),
                super::objects::End::Exchange => desired.exchanges.contains_key(&binding.destination),
            }
    };
    let extra = there.bindings.iter().filter(|found| !desired.bindings.contains(&found.binding));
    extra.filter(move |found| touches_declared(&found.binding)).map(|found| {
        let (binding, properties_key) = (found.binding.clone(), found.properties_key.clone());
        let name = binding.to_string();
        Difference::new(Action::Remove, "binding", name, "not declared", vec![Step::Unbind { binding, properties_key }])
    })
}

fn extra_queue(name: &str, queue: &ObservedQueue) -> Difference {
    let detail = format!("not declared, holds {} messages, {} consumers", queue.messages, queue.consumers);
    let steps = vec![Step::DeleteQueue { name: name.to_owned() }];
    let found = Difference::new(Action::Remove, "queue", name, detail, steps);
    match (queue.messages, queue.consumers) {
        (0, 0) => found,
        _ => found.for_a_person(in_use(name)),
    }
}

/// What to do about a queue that is not declared and may still be needed.
pub(super) fn in_use(name: &str) -> String {
    format!(
        "a queue in use is never deleted: look at what it holds, let whoever made queue {name} take it or stop, and apply \
         again; or delete it by hand"
    )
}

fn listed(kind: &str, arguments: &Map<String, Value>) -> String {
    let arguments = arguments.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    });
    let kind = (!kind.is_empty()).then(|| kind.to_owned());
    kind.into_iter().chain(arguments).collect::<Vec<_>>().join(", ")
}
