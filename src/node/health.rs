//! Health and metrics, on a listener of their own.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};

/// The last looks at what a node needs. Clones share them.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<Mutex<Checks>>,
}

/// What a node needs to be ready.
#[derive(Debug, Clone, Serialize)]
pub struct Checks {
    /// RabbitMQ can be published to.
    pub broker: Check,
    /// PostgreSQL answers and has the right schema.
    pub store: Check,
    /// This process's clock agrees with the store's.
    pub clock: Check,
    /// The apps of the store are known.
    pub apps: Check,
    /// No transfer is marked (§7.4); else the apps are named. Says nothing about readiness.
    pub marks: Check,
    /// The link to the parent works, as far as is known. Says nothing about readiness.
    pub link: Check,
    /// Certificates are good for a month at least, and their files can be used. Says nothing about readiness.
    pub certificates: Check,
    /// The files of the data dictionary are those in use. Says nothing about readiness.
    pub dictionary: Check,
    /// The operating system allows as many connections as the settings. Says nothing about readiness.
    pub files: Check,
    /// This process can work on batches; else it has to be started anew, and says so at `/health/live` too.
    pub work: Check,
}

/// One look.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Whether all is well.
    pub ok: bool,
    /// What was seen, and what to do where it is not well.
    pub detail: String,
}

impl Check {
    /// All is well.
    pub fn good(detail: impl Into<String>) -> Self {
        Self { ok: true, detail: detail.into() }
    }

    /// Something is wrong.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self { ok: false, detail: detail.into() }
    }
}

impl Default for Checks {
    fn default() -> Self {
        let unseen = Check::bad("not looked at yet");
        Self {
            broker: unseen.clone(),
            store: unseen.clone(),
            clock: unseen.clone(),
            apps: unseen.clone(),
            marks: unseen.clone(),
            link: unseen.clone(),
            certificates: unseen.clone(),
            dictionary: unseen.clone(),
            files: unseen,
            // Nothing can be stuck that was not begun.
            work: Check::good("no thread is stuck"),
        }
    }
}

impl Checks {
    /// Whether exchanges can be accepted and worked on.
    pub fn ready(&self) -> bool {
        self.broker.ok && self.store.ok && self.clock.ok && self.apps.ok
    }
}

impl Health {
    /// The last looks.
    pub fn checks(&self) -> Checks {
        // The lock guards plain data, which is whole even if a holder panicked.
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes new looks.
    pub fn note(&self, checks: Checks) {
        *self.checks.lock().unwrap_or_else(PoisonError::into_inner) = checks;
    }
}

#[derive(Clone)]
struct Exposed {
    health: Health,
    metrics: Option<PrometheusHandle>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Checks,
}

/// `/health/live`, `/health/ready` and, where the process has a recorder, `/metrics`.
pub fn router(health: Health, metrics: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(render))
        .with_state(Exposed { health, metrics })
}

async fn live(State(exposed): State<Exposed>) -> (StatusCode, String) {
    let work = exposed.health.checks().work;
    match work.ok {
        true => (StatusCode::OK, "live\n".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, work.detail + "\n"),
    }
}

async fn ready(State(exposed): State<Exposed>) -> impl IntoResponse {
    let checks = exposed.health.checks();
    let readiness = Readiness { ready: checks.ready(), checks };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string_pretty(&readiness).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body + "\n")
}

async fn render(State(exposed): State<Exposed>) -> impl IntoResponse {
    let text = exposed.metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
