//! A network that can be made bad: a TCP proxy in front of a server.

use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Bytes pass.
    Fair,
    /// Bytes pass after this time.
    Slow(Duration),
    /// Nothing passes, and nobody is told.
    Silent,
    /// Connections are reset, and none is accepted.
    Cut,
}

/// A proxy on a port of its own. It ends when dropped.
pub struct Proxy {
    pub port: u16,
    weather: Arc<watch::Sender<Weather>>,
    accepting: AbortHandle,
}

impl Proxy {
    /// In front of `127.0.0.1:port`.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let weather = Arc::new(watch::Sender::new(Weather::Fair));
        let accepting = tokio::spawn(accept(listener, port, weather.clone())).abort_handle();
        Self { port: own, weather, accepting }
    }

    pub fn turn(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.turn(Weather::Cut);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, weather: Arc<watch::Sender<Weather>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut changes = weather.subscribe();
        tokio::spawn(async move {
            if *changes.borrow() == Weather::Cut {
                return;
            }
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            let (up, down) = (changes.clone(), changes.clone());
            tokio::select! {
                () = pass(from_client, to_server, up) => {}
                () = pass(from_server, to_client, down) => {}
                // Dropping both halves with bytes unread resets the connection.
                _ = changes.wait_for(|weather| *weather == Weather::Cut) => {}
            }
        });
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return;
        }
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        let now = *weather.borrow();
        match now {
            Weather::Slow(delay) => tokio::time::sleep(delay).await,
            Weather::Silent => {
                if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
                    return;
                }
            }
            Weather::Fair | Weather::Cut => {}
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
