//! Accepting connections.

use super::connection::attend;
use super::pace::Limits;
use super::slots::{Slot, Slots};
use crate::metrics;
use crate::tls::ServerTls;
use axum::Router;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a listener is served.
pub struct Listening {
    /// Its name, in metrics and the log.
    pub name: &'static str,
    /// The most connections open at once.
    pub connections: usize,
    /// How long a connection may take to send the head of a request.
    pub head: Duration,
    /// How long a connection may rest between two requests, or leave an answer unread.
    pub idle: Duration,
    /// How long a request may take in all, where its handler does not see to that itself.
    pub request: Option<Duration>,
    /// HTTPS; plain HTTP without it.
    pub tls: Option<ServerTls>,
}

/// What all connections of a listener share.
pub(super) struct Shared {
    pub(super) name: &'static str,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) request: Option<Duration>,
    pub(super) tls: Option<ServerTls>,
    pub(super) stop: CancellationToken,
}

/// After the kernel has refused a connection for want of something.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves a listener until `stop`, then ends once every request under way is answered.
pub async fn serve(listener: TcpListener, router: Router, listening: Listening, stop: CancellationToken) {
    let Listening { name, connections, head, idle, request, tls } = listening;
    let slots = Slots::new(connections);
    let limits = Limits { head, idle };
    let shared = Arc::new(Shared { name, router, limits, request, tls, stop: stop.clone() });
    let tasks = TaskTracker::new();
    ::metrics::counter!(metrics::CONNECTIONS_EVICTED, "listener" => name).increment(0);
    loop {
        let next = async {
            let (stream, address) = accept(&listener, &slots, name).await;
            // Nobody closes the slots, so there is always one in the end.
            let slot = match slots.free() {
                Some(slot) => Some(slot),
                None => slots.make_room().await,
            };
            (stream, address, slot)
        };
        let (stream, address, slot) = tokio::select! {
            next = next => next,
            () = stop.cancelled() => break,
        };
        if let Some(slot) = slot {
            tasks.spawn(counted(stream, address, slot, shared.clone()));
        }
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

async fn counted(stream: TcpStream, address: SocketAddr, slot: Slot, shared: Arc<Shared>) {
    let open = ::metrics::gauge!(metrics::CONNECTIONS, "listener" => shared.name);
    open.increment(1.0);
    // Answers are small and whole: waiting to fill a packet would only delay them. A socket that takes no option is gone.
    if stream.set_nodelay(true).is_ok() {
        attend(stream, address, slot, shared).await;
    }
    open.decrement(1.0);
}

/// The next connection, however long the kernel has none to give.
async fn accept(listener: &TcpListener, slots: &Slots, name: &'static str) -> (TcpStream, SocketAddr) {
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // That client has gone again.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                ::metrics::counter!(metrics::ACCEPT_FAILURES, "listener" => name).increment(1);
                if !told {
                    tracing::warn!(listener = name, %error, "cannot take connections; trying on");
                    told = true;
                }
                // A connection that rests holds a file that a new one needs.
                slots.evict();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}
