//! The failure desk over HTTP, for the pages and for programs of operators.

use super::router::{Caller, Console};
use crate::desk::{Ask, Control, DeskError, Selection, Sight, groups_by};
use crate::store::ActKind;
use crate::tls::PeerCertificate;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Extension, FromRequestParts, Json, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{RequestPartsExt, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The routes of the desk.
pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/api/failures", get(list))
        .route("/api/failures/groups", get(groups))
        .route("/api/failures/replay", post(replay))
        .route("/api/failures/discard", post(discard))
        .route("/api/failures/{id}", get(show))
        .route("/api/acts", get(acts))
        .route("/api/acts/{id}", get(act))
        .route("/api/acts/{id}/{control}", post(control))
}

/// Why a request is not answered.
enum Refusal {
    /// Nobody has logged in.
    Stranger,
    /// The caller's role does not allow it.
    Forbidden(&'static str),
    /// It means nothing.
    Unreadable(String),
    /// The desk says so.
    Desk(DeskError),
}

impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Self {
        Refusal::Desk(error)
    }
}

impl From<QueryRejection> for Refusal {
    fn from(error: QueryRejection) -> Self {
        Refusal::Unreadable(error.body_text())
    }
}

impl From<JsonRejection> for Refusal {
    fn from(error: JsonRejection) -> Self {
        Refusal::Unreadable(error.body_text())
    }
}

impl From<PathRejection> for Refusal {
    fn from(error: PathRejection) -> Self {
        Refusal::Unreadable(error.body_text())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Refusal::Stranger => (StatusCode::UNAUTHORIZED, "请先登录 Log in first".to_owned()),
            Refusal::Forbidden(text) => (StatusCode::FORBIDDEN, text.to_owned()),
            Refusal::Unreadable(text) => {
                (StatusCode::BAD_REQUEST, format!("请求无法读取 The request cannot be read: {text}"))
            }
            Refusal::Desk(DeskError::Selection(error)) => {
                (StatusCode::BAD_REQUEST, format!("条件有误 The conditions mean nothing: {error}"))
            }
            Refusal::Desk(DeskError::NotFound(text)) => (StatusCode::NOT_FOUND, format!("未找到 Not found: {text}")),
            Refusal::Desk(DeskError::Store(error)) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("数据库不可用，请稍后再试 The store is away: {error}"))
            }
        };
        answer(status, &json!({ "error": text }))
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Whoever calls has to be known.
struct Known(Caller);

impl FromRequestParts<Arc<Console>> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Response> {
        let certificate = parts.extract::<Option<Extension<Arc<PeerCertificate>>>>().await.unwrap_or_default();
        let caller = console.caller(&parts.headers, certificate.as_ref().map(|Extension(shown)| shown.as_ref()));
        caller.map(Known).ok_or_else(|| Refusal::Stranger.into_response())
    }
}

impl Known {
    /// Who may act.
    fn actor(&self) -> Result<&str, Refusal> {
        match self.0.role.may_act() {
            true => Ok(&self.0.name),
            false => Err(Refusal::Forbidden("您的角色只能查看 Your role may look, and not act")),
        }
    }
}

/// The parameters of a list: conditions, and what else the route takes.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The conditions, once all else is taken out. A misspelt one must not widen what is meant.
    fn selection(self) -> Result<Selection, Refusal> {
        let conditions = self.0.into_iter().map(|(name, value)| (name, value.into())).collect();
        serde_json::from_value(serde_json::Value::Object(conditions))
            .map_err(|error| Refusal::Unreadable(error.to_string()))
    }
}

type Asked = Result<Query<BTreeMap<String, String>>, QueryRejection>;

/// Failures of a page, unless it asks for another number.
const PAGE: u32 = 50;

async fn list(State(console): State<Arc<Console>>, _: Known, asked: Asked) -> Result<Response, Refusal> {
    let mut parameters = Parameters(asked?.0);
    let after = parameters.take("after");
    let size = match parameters.take("size").map(|size| size.parse()) {
        None => PAGE,
        Some(Ok(size)) => size,
        Some(Err(error)) => return Err(Refusal::Unreadable(format!("size: {error}"))),
    };
    let page = console.desk.list(&parameters.selection()?, size, after.as_deref()).await?;
    Ok(answer(StatusCode::OK, &page))
}

async fn groups(State(console): State<Arc<Console>>, _: Known, asked: Asked) -> Result<Response, Refusal> {
    let mut parameters = Parameters(asked?.0);
    let by = parameters.take("by").unwrap_or_else(|| "reason".to_owned());
    let by = groups_by(&by).map_err(DeskError::from)?;
    Ok(answer(StatusCode::OK, &console.desk.groups(&parameters.selection()?, &by).await?))
}

#[derive(Deserialize)]
struct Look {
    /// Whether sensitive values are to be shown in full.
    #[serde(default)]
    full: bool,
}

async fn show(
    State(console): State<Arc<Console>>,
    known: Known,
    id: Result<Path<Uuid>, PathRejection>,
    look: Result<Query<Look>, QueryRejection>,
) -> Result<Response, Refusal> {
    let (Path(id), Query(Look { full })) = (id?, look?);
    if full && !known.0.role.sees_all() {
        return Err(Refusal::Forbidden("您的角色不能查看敏感信息原文 Your role may not read sensitive values in full"));
    }
    let sight = if full { Sight::Full } else { Sight::Masked };
    let message = console.desk.show(id, sight).await?;
    if full {
        console.desk.note_unmasked(id, &known.0.name).await?;
    }
    Ok(answer(StatusCode::OK, &message))
}

/// An act as it is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Made by who asks, so that asking twice is asking once.
    id: Option<Uuid>,
    #[serde(default)]
    selection: Selection,
    /// Without conditions everything is meant, which has to be said.
    #[serde(default)]
    all: bool,
    #[serde(default)]
    why: String,
    #[serde(default)]
    dry_run: bool,
    per_second: Option<u32>,
    #[serde(default = "canary")]
    canary: u32,
}

fn canary() -> u32 {
    10
}

async fn replay(
    State(console): State<Arc<Console>>,
    known: Known,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Refusal> {
    begin(&console, &known, ActKind::Replay, wanted?.0).await
}

async fn discard(
    State(console): State<Arc<Console>>,
    known: Known,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Refusal> {
    begin(&console, &known, ActKind::Discard, wanted?.0).await
}

async fn begin(console: &Console, known: &Known, kind: ActKind, wanted: Wanted) -> Result<Response, Refusal> {
    let by = known.actor()?;
    if wanted.selection.is_empty() != wanted.all {
        let text = "请给出条件，或以 all 表示全部，不可兼有 Give conditions, or all, and not both";
        return Err(Refusal::Unreadable(text.to_owned()));
    }
    if wanted.dry_run {
        return Ok(answer(StatusCode::OK, &console.desk.count(kind, &wanted.selection).await?));
    }
    let ask = Ask {
        id: wanted.id.unwrap_or_else(Uuid::now_v7),
        kind,
        selection: wanted.selection,
        by: by.to_owned(),
        why: wanted.why,
        per_second: wanted.per_second,
        canary: wanted.canary,
    };
    Ok(answer(StatusCode::ACCEPTED, &console.desk.ask(ask).await?))
}

async fn acts(State(console): State<Arc<Console>>, _: Known) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &console.desk.acts(MOST_ACTS).await?))
}

/// Acts shown, newest first.
const MOST_ACTS: u32 = 100;

async fn act(
    State(console): State<Arc<Console>>,
    _: Known,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, &console.desk.act(id?.0).await?))
}

/// Why an act pauses, goes on or ends.
#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    why: String,
}

async fn control(
    State(console): State<Arc<Console>>,
    known: Known,
    path: Result<Path<(Uuid, String)>, PathRejection>,
    reason: Result<Json<Why>, JsonRejection>,
) -> Result<Response, Refusal> {
    let Path((id, word)) = path?;
    let control = match word.as_str() {
        "pause" => Control::Pause,
        "resume" => Control::Resume,
        "cancel" => Control::Cancel,
        _ => return Err(Refusal::Unreadable(format!("{word:?} is none of pause, resume and cancel"))),
    };
    let by = known.actor()?;
    Ok(answer(StatusCode::OK, &console.desk.control(id, control, by, &reason?.0.why).await?))
}
