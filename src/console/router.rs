//! The console's routes.

use super::failures;
use super::login::{HOLD, Login, Sessions};
use super::page::{self, POLICY, Status};
use crate::dataset::InUse;
use crate::desk::FailureDesk;
use crate::interface::Documents;
use crate::metrics;
use crate::standard::region::Region;
use crate::standard::subject::Subject;
use crate::store::Store;
use crate::tls::PeerCertificate;
use axum::extract::{ConnectInfo, Extension, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, response::Html};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// One look at what the node needs, as the page shows it.
#[derive(Debug, Clone)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// What was seen.
    pub detail: String,
}

/// An operator who is known by a client certificate (§7.2).
#[derive(Debug, Clone)]
pub struct Operator {
    /// What the pages call it.
    pub name: String,
    /// Whom the certificate names.
    pub certificate: Subject,
    /// What it may do.
    pub role: OperatorRole,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorRole {
    /// Look, with sensitive values masked.
    Viewer,
    /// Act, with sensitive values masked.
    Operator,
    /// Act, and read sensitive values in full. `admin` is one.
    Supervisor,
}

impl OperatorRole {
    pub(super) fn may_act(self) -> bool {
        self != OperatorRole::Viewer
    }

    pub(super) fn sees_all(self) -> bool {
        self == OperatorRole::Supervisor
    }
}

/// Who is calling.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: OperatorRole,
}

/// Who may look at the pages.
#[derive(Debug, Clone)]
pub struct Access {
    /// Password of `admin`; without one `admin` cannot log in.
    pub password: Option<String>,
    /// Operators known by certificates.
    pub operators: Vec<Operator>,
    /// Whether the pages go over TLS: a session must not go any other way then.
    pub over_tls: bool,
}

/// What the console works with.
pub struct Console {
    region: Region,
    name: String,
    sessions: Sessions,
    operators: Vec<Operator>,
    over_tls: bool,
    store: Store,
    pub(super) desk: FailureDesk,
    dictionary: InUse,
    documents: Arc<Documents>,
    checks: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
}

/// What a console shows.
pub struct Parts {
    /// Records and failures.
    pub store: Store,
    /// The failure desk.
    pub desk: FailureDesk,
    /// The data dictionary.
    pub dictionary: InUse,
    /// The interface document.
    pub documents: Arc<Documents>,
    /// Looks at what the node needs.
    pub checks: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
}

impl Console {
    /// A console of one node. Without password and operators nobody gets in.
    pub fn new(region: Region, name: String, access: Access, parts: Parts) -> Self {
        let name = if name.is_empty() { "国家 National".to_owned() } else { name };
        let Parts { store, desk, dictionary, documents, checks } = parts;
        let Access { password, operators, over_tls } = access;
        Self {
            region,
            name,
            sessions: Sessions::new(password),
            operators,
            over_tls,
            store,
            desk,
            dictionary,
            documents,
            checks,
        }
    }

    /// Who is calling: the operator of a client certificate, or whoever has logged in.
    pub(super) fn caller(&self, headers: &HeaderMap, shown: Option<&PeerCertificate>) -> Option<Caller> {
        let known = |certificate: &PeerCertificate| {
            self.operators.iter().find(|operator| operator.certificate == *certificate.subject())
        };
        match shown.and_then(known) {
            Some(operator) => Some(Caller { name: operator.name.clone(), role: operator.role }),
            None => self.session(headers).map(|_| Caller { name: "admin".to_owned(), role: OperatorRole::Supervisor }),
        }
    }

    fn session(&self, headers: &HeaderMap) -> Option<Uuid> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let id = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let id = id.parse().ok()?;
        self.sessions.is_live(id, Instant::now()).then_some(id)
    }
}

const COOKIE: &str = "sesame-session";

/// The router of the console.
pub fn router(console: Console) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/interface", get(interface))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .merge(failures::routes())
        .with_state(Arc::new(console))
}

async fn status(
    State(console): State<Arc<Console>>,
    certificate: Option<Extension<Arc<PeerCertificate>>>,
    headers: HeaderMap,
) -> Response {
    let certificate = certificate.map(|Extension(certificate)| certificate);
    let Some(operator) = console.caller(&headers, certificate.as_deref()) else {
        return shown(StatusCode::OK, page::login(&console.name, ""));
    };
    let tally = console.store.tally(console.region).await;
    let counts = console.store.failure_counts().await.unwrap_or_default();
    let checks = (console.checks)();
    let status = Status {
        node: &console.name,
        region: console.region,
        operator: &operator.name,
        checks: &checks,
        tally: tally.as_deref().map_err(ToString::to_string),
        failures: &counts,
        dictionary: &console.dictionary.now(),
    };
    shown(StatusCode::OK, page::status(&status))
}

/// The interface document for people. Vendors have no account here, and it holds no secret: it is shown without a login.
async fn interface(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let edition = console.documents.of(&console.dictionary.now());
    // Made the first time after the dictionary was replaced, which takes too long for an async thread.
    let document = match tokio::task::spawn_blocking(move || edition.page().clone()).await {
        Ok(document) => document,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let head = [
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, document.etag().to_owned()),
    ];
    let mut held = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if held.any(|tags| document.is_held(tags)) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, Html(document.bytes().clone())).into_response()
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

/// Who logs in, and who fails to, stands in the log with the address. Neither user nor password does: people type one into the
/// field of the other.
async fn login(
    State(console): State<Arc<Console>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Form(given): Form<Credentials>,
) -> Response {
    let login = console.sessions.login(address.ip(), &given.user, &given.password, Instant::now());
    ::metrics::counter!(metrics::CONSOLE_LOGINS, "result" => login.result()).increment(1);
    let (status, problem) = match login {
        Login::Welcome(id) => {
            tracing::info!(%address, "admin has logged in to the console");
            let secure = if console.over_tls { "; Secure" } else { "" };
            let cookie = format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/{secure}");
            return (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, "/".to_owned())])
                .into_response();
        }
        Login::Wrong => {
            tracing::warn!(%address, "a login to the console failed: wrong user or password");
            // The next attempt from there would not be looked at before.
            tokio::time::sleep(HOLD).await;
            (StatusCode::UNAUTHORIZED, "用户名或密码错误 Wrong user or password")
        }
        Login::Held => (StatusCode::TOO_MANY_REQUESTS, "尝试过于频繁，请一秒后再试 Too many attempts: wait a second"),
        Login::Closed => (StatusCode::UNAUTHORIZED, "未设置密码：请配置 [console] admin_password No password is set"),
    };
    shown(status, page::login(&console.name, problem))
}

async fn logout(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    if let Some(id) = console.session(&headers) {
        console.sessions.logout(id);
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
}

fn shown(status: StatusCode, page: String) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    (status, headers, Html(page)).into_response()
}
