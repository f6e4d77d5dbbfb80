//! The listener's one route: every path ends in an answer of Annex A.2.

use super::body::{Received, discard, receive};
use super::door::{Door, InterFlag};
use super::exchange::handle;
use super::outcome::Denial;
use super::reply::{Answered, reply};
use crate::standard::refusal::RefusalCode;
use crate::tls::PeerCertificate;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{Method, Request, Response};
use std::sync::Arc;
use std::time::Instant;

/// The router of the standard's interface.
pub fn router(door: Arc<Door>) -> Router {
    Router::new().fallback(serve).with_state(door)
}

async fn serve(State(door): State<Arc<Door>>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let announced = request.body().size_hint().lower() as usize;
    let addressed = addressed(&door, &request);
    let (parts, body) = request.into_parts();
    let certificate = parts.extensions.get::<Arc<PeerCertificate>>().cloned();
    let mut body = body.into_data_stream();
    let received = match addressed {
        Ok(flag) => receive(&door, &parts.headers, &mut body).await.map(|received| (flag, received)),
        Err(denial) => Err(denial),
    };
    let answered = match received {
        Ok((flag, Received { bytes, share, pass })) => {
            let answered = handle(&door, flag, bytes, share, started, certificate).await;
            drop(pass);
            answered
        }
        Err(denial) => {
            discard(&door, &parts.headers, &mut body).await;
            Answered::unread(denial, announced, started)
        }
    };
    reply(&door, answered)
}

/// The interFlag that path and method address.
fn addressed(door: &Door, request: &Request<Body>) -> Result<InterFlag, Denial> {
    let Some(flag) = door.flag(request.uri().path()) else {
        let reason = format!("没有这个接口地址：应为 /{}/exchange、/{0}/log 或 /{0}/validate", door.service);
        return Err(Denial::new(RefusalCode::NotFound, reason));
    };
    if request.method() != Method::POST {
        return Err(Denial::new(RefusalCode::MethodNotAllowed, "请求方法应为 POST"));
    }
    Ok(flag)
}
