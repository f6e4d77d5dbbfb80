//! The listener's one route: every path ends in an answer of Annex A.2, but for the interface document.

use super::body::{Received, discard, receive};
use super::child::carried;
use super::document;
use super::door::Door;
use super::exchange::{Sent, handle};
use super::outcome::Denial;
use super::reply::{Answered, reply};
use super::sender::Sender;
use crate::interface::{Address, InterFlag};
use crate::standard::refusal::RefusalCode;
use crate::tls::PeerCertificate;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, State};
use axum::http::{Method, Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// The router of the standard's interface.
pub fn router(door: Arc<Door>) -> Router {
    Router::new().fallback(serve).with_state(door)
}

async fn serve(
    State(door): State<Arc<Door>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    let started = Instant::now();
    let announced = request.body().size_hint().lower() as usize;
    let addressed = match addressed(&door, &request) {
        Ok(Address::OpenApi) => return document::answer(&door, request.headers()).await,
        Ok(Address::Exchange(flag)) => Ok(flag),
        Err(denial) => Err(denial),
    };
    let (parts, body) = request.into_parts();
    let certificate = parts.extensions.get::<Arc<PeerCertificate>>().cloned();
    let sender = Sender { address: address.ip(), certificate };
    let mut body = body.into_data_stream();
    let received = match addressed {
        Ok(flag) => receive(&door, &parts.headers, &mut body).await.map(|received| (flag, received)),
        Err(denial) => Err(denial),
    };
    let answered = match received {
        Ok((flag, Received { bytes, share, pass })) => {
            let sent = Sent { flag, body: bytes, sender, carried: carried(&parts.headers) };
            let answered = handle(&door, sent, share, started).await;
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

/// What path and method address.
fn addressed(door: &Door, request: &Request<Body>) -> Result<Address, Denial> {
    let interface = door.documents.interface();
    let Some(address) = interface.address(request.uri().path()) else {
        let names = InterFlag::ALL.map(|flag| format!("/{}/{}", interface.service(), flag.as_str()));
        let reason = format!("没有这个接口地址：应为 {}", names.join("、"));
        return Err(Denial::new(RefusalCode::NotFound, reason));
    };
    let allowed: &[Method] = match address {
        Address::Exchange(_) => &[Method::POST],
        Address::OpenApi => &[Method::GET, Method::HEAD],
    };
    if allowed.contains(request.method()) {
        return Ok(address);
    }
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let denial = Denial::new(RefusalCode::MethodNotAllowed, format!("请求方法应为 {allowed}"));
    Err(Denial { allowed: Some(allowed), ..denial })
}
