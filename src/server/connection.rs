//! One connection, from its handshake to its end.

use super::listener::Shared;
use super::pace::{Activity, Paced};
use super::slots::Slot;
use crate::metrics;
use crate::tls::{Peer, ServerTls};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long an answer being sent may hold up a connection that must make room.
const LEAVE: Duration = Duration::from_secs(2);
/// The longest head of a request. Ours are a few hundred bytes; a browser's, with cookies, a few thousand.
const HEAD_BYTES: usize = 16 * 1024;

/// Serves a connection until it ends.
pub(super) async fn attend(stream: TcpStream, address: SocketAddr, slot: Slot, shared: Arc<Shared>) {
    let Some(tls) = &shared.tls else { return converse(stream, address, None, slot, &shared).await };
    let shaken = tokio::select! {
        shaken = timeout(HANDSHAKE, tls.accept(stream)) => shaken,
        () = slot.leave().cancelled() => return,
        () = shared.stop.cancelled() => return,
    };
    let reason = match shaken {
        Ok(Ok((stream, peer))) => {
            let peer = peer.map(|peer| (peer, tls.clone()));
            return converse(stream, address, peer, slot, &shared).await;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no handshake within {} s", HANDSHAKE.as_secs()),
    };
    ::metrics::counter!(metrics::HANDSHAKE_FAILURES, "listener" => shared.name).increment(1);
    tracing::info!(listener = shared.name, %address, reason, "a TLS handshake failed");
}

async fn converse<S>(stream: S, address: SocketAddr, peer: Option<(Peer, ServerTls)>, slot: Slot, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (activity, slot) = (Arc::new(Activity::default()), Arc::new(slot));
    let io = TokioIo::new(Paced::new(stream, activity.clone(), shared.limits));
    let router = TowerToHyperService::new(shared.router.clone());
    let service = service_fn(|mut request: Request<Incoming>| {
        let work = Work::begin(activity.clone(), slot.clone());
        request.extensions_mut().insert(ConnectInfo(address));
        // Looked at for each request: a certificate may expire or be revoked while its connection lives.
        if let Some(certificate) = peer.as_ref().and_then(|(peer, tls)| peer.certificate(tls)) {
            request.extensions_mut().insert(certificate);
        }
        answer(&router, request, shared.request, work)
    });
    let mut builder = http1::Builder::new();
    // Answers are written from where they lie, never copied together: their memory is counted once.
    builder.header_read_timeout(None).max_header_size(HEAD_BYTES).writev(true);
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    // However a connection ends, nobody is left to be told.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = slot.leave().cancelled() => {
            ::metrics::counter!(metrics::CONNECTIONS_EVICTED, "listener" => shared.name).increment(1);
            // An answer that is being sent is sent; a head that has come in part would only be waited for.
            if !activity.is_head() {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(LEAVE, connection).await;
            }
        }
        () = shared.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// A request being worked on; dropping it ends that.
struct Work {
    activity: Arc<Activity>,
    slot: Arc<Slot>,
}

impl Work {
    fn begin(activity: Arc<Activity>, slot: Arc<Slot>) -> Self {
        activity.work();
        slot.work();
        Self { activity, slot }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.activity.rest();
        self.slot.rest();
    }
}

/// The router's answer, within the time a request may take in all, where there is such a time.
fn answer(
    router: &TowerToHyperService<Router>,
    request: Request<Incoming>,
    limit: Option<Duration>,
    work: Work,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + use<> {
    let answered = router.call(request);
    async move {
        let response = match limit {
            None => answered.await,
            Some(limit) => timeout(limit, answered).await.unwrap_or_else(|_| {
                let mut late = Response::new(Body::empty());
                *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
                Ok(late)
            }),
        };
        drop(work);
        response
    }
}
