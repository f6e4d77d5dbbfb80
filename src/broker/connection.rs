//! One connection to a broker, kept up by a task of its own.

use super::transport;
use crate::tls::ClientTls;
use futures_util::StreamExt;
use lapin::ConnectionProperties;
use lapin::uri::{AMQPScheme, AMQPUri};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Where a broker is and what for.
#[derive(Clone)]
pub struct ConnectionSettings {
    /// `amqps://user:password@host:port/vhost`, or `amqp://` without encryption.
    pub uri: String,
    /// Whom a connection by `amqps://` trusts.
    pub tls: ClientTls,
    /// Shown in RabbitMQ's management pages.
    pub name: String,
}

/// Whether the broker can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// Connected.
    Up,
    /// Connected, but the broker takes no publishes: it is short of memory or disk.
    Blocked,
    /// Connected, but the broker has settled nothing of what it was handed for too long.
    Stalled,
    /// Not connected, with the reason.
    Down(String),
}

/// A handle on a supervised connection. Clones share it.
#[derive(Clone)]
pub struct Connection {
    current: watch::Receiver<Current>,
}

#[derive(Clone)]
enum Current {
    Down(String),
    Up(Arc<lapin::Connection>),
}

/// A broker that does not answer the handshake within this time is as good as down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A broker that has fallen silent is given up after twice this time, unless the URI says otherwise. RabbitMQ's own proposal,
/// a minute, would leave requests without an answer for two.
const HEARTBEAT_SECS: u16 = 10;
/// The pauses between attempts grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(3);
/// The client library announces most ends of a connection; this look at its state finds the rest.
const LOOK: Duration = Duration::from_millis(500);

impl Connection {
    /// Starts keeping a connection up until `stop`; returns at once.
    pub fn start(settings: ConnectionSettings, stop: CancellationToken) -> Self {
        let (sender, current) = watch::channel(Current::Down("not connected yet".to_owned()));
        tokio::spawn(async move {
            tokio::select! {
                () = supervise(&settings, &sender) => {}
                () = stop.cancelled() => {}
            }
            if let Current::Up(connection) = sender.send_replace(Current::Down("stopped".to_owned())) {
                // Best effort: the broker notices a closed socket as well.
                let _ = timeout(CONNECT_TIMEOUT, connection.close(200, "stopping".into())).await;
            }
        });
        Self { current }
    }

    /// Whether the broker can be used right now.
    pub fn availability(&self) -> Availability {
        match &*self.current.borrow() {
            Current::Up(connection) if connection.status().blocked() => Availability::Blocked,
            Current::Up(connection) if connection.status().connected() => Availability::Up,
            Current::Up(_) => Availability::Down("the connection has just been lost".to_owned()),
            Current::Down(reason) => Availability::Down(reason.clone()),
        }
    }

    /// The live connection, or why there is none.
    pub(super) fn live(&self) -> Result<Arc<lapin::Connection>, String> {
        match &*self.current.borrow() {
            Current::Up(connection) if connection.status().connected() => Ok(connection.clone()),
            Current::Up(_) => Err("the connection has just been lost".to_owned()),
            Current::Down(reason) => Err(reason.clone()),
        }
    }

    /// What comes of `work` on a connection, as long as that one lives.
    ///
    /// The client library does not end everything that was under way when a connection is lost: without this an answer that
    /// never comes would be waited for for ever.
    pub(super) async fn while_live<T>(
        &self,
        connection: &Arc<lapin::Connection>,
        work: impl Future<Output = T>,
    ) -> Result<T, String> {
        let mut current = self.current.clone();
        let is_it = |current: &Current| matches!(current, Current::Up(live) if Arc::ptr_eq(live, connection));
        tokio::select! {
            // What the library has to say of it says more.
            biased;
            done = work => Ok(done),
            _ = current.wait_for(|current| !is_it(current)) => Err("the connection was lost".to_owned()),
        }
    }

    /// Waits until there is a live connection.
    pub async fn up(&self) {
        let mut current = self.current.clone();
        // An error means that the supervisor has stopped; whoever waits is being stopped too.
        let _ = current.wait_for(|current| matches!(current, Current::Up(c) if c.status().connected())).await;
    }
}

async fn supervise(settings: &ConnectionSettings, sender: &watch::Sender<Current>) {
    let mut pause = FIRST_PAUSE;
    let mut known = false;
    loop {
        match connect(settings).await {
            Ok(connection) => {
                tracing::info!(connection = %settings.name, "connected to the broker");
                (pause, known) = (FIRST_PAUSE, false);
                let connection = Arc::new(connection);
                sender.send_replace(Current::Up(connection.clone()));
                let reason = lost(&connection).await;
                tracing::warn!(connection = %settings.name, reason, "lost the broker");
                sender.send_replace(Current::Down(reason));
            }
            Err(reason) => {
                if !known {
                    tracing::warn!(connection = %settings.name, reason, "cannot reach the broker; trying on");
                    known = true;
                }
                sender.send_replace(Current::Down(reason));
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

async fn connect(settings: &ConnectionSettings) -> Result<lapin::Connection, String> {
    let properties = ConnectionProperties::default().with_connection_name(settings.name.as_str().into());
    let mut uri: AMQPUri = settings.uri.parse()?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
    let connecting = async {
        match uri.scheme {
            AMQPScheme::AMQP => lapin::Connection::connect_uri(uri, properties).await,
            AMQPScheme::AMQPS => transport::connect(uri, properties, settings.tls.clone()).await,
        }
    };
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        // With TLS 1.3 a server that wants a certificate says so after the handshake, when AMQP has begun.
        Ok(Err(error)) => Err(settings.tls.explain(&error).unwrap_or_else(|| error.to_string())),
        Err(_) => Err(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())),
    }
}

/// Waits until the connection is gone and says why.
async fn lost(connection: &lapin::Connection) -> String {
    let mut events = std::pin::pin!(connection.events_listener());
    let mut reason = None;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(lapin::Event::Error(error)) => reason = Some(error.to_string()),
                Some(lapin::Event::ConnectionBlocked(why)) => tracing::warn!(why, "the broker takes no publishes"),
                Some(lapin::Event::ConnectionUnblocked) => tracing::info!("the broker takes publishes again"),
                Some(_) => {}
                None => sleep(LOOK).await,
            },
            () = sleep(LOOK) => {}
        }
        if !connection.status().connected() {
            return reason.unwrap_or_else(|| "the broker closed the connection".to_owned());
        }
    }
}
