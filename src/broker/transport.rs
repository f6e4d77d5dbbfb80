//! TLS below AMQP. The client library's own would read the CAs from a text at each connection, trust the system's beside them,
//! and bring a parser of PKCS#12; it takes a transport of ours as well.

use crate::tls::ClientTls;
use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_util::io::{AsyncRead, AsyncWrite};
use futures_util::{Stream, TryFutureExt};
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, ConnectionProperties};
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// A connection to a broker, plain or secured.
type Wire = Compat<Box<dyn Duplex>>;

trait Duplex: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Duplex for S {}

/// Connects over TLS.
pub(super) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    tls: ClientTls,
) -> lapin::Result<lapin::Connection> {
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), Wiring(Tokio::current())));
    let secured = async move |uri: AMQPUri, _| {
        let wire = secure(&uri, &tls).await;
        wire.map(AsyncTcpStream::Plain).map_err(lapin::Error::from)
    };
    lapin::Connection::connector(uri, runtime, secured, properties).await
}

async fn secure(uri: &AMQPUri, tls: &ClientTls) -> io::Result<Wire> {
    let authority = &uri.authority;
    let stream = TcpStream::connect((authority.host.as_str(), authority.port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect(&authority.host, stream).await?;
    Ok(wire(stream))
}

fn wire(stream: impl Duplex + 'static) -> Wire {
    (Box::new(stream) as Box<dyn Duplex>).compat()
}

/// tokio's reactor, with streams that may be secured.
#[derive(Debug, Clone)]
struct Wiring(Tokio);

impl Reactor for Wiring {
    type TcpStream = Wire;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(&self, address: SocketAddr) -> impl Future<Output = io::Result<Wire>> + Send + 'static {
        TcpStream::connect(address).map_ok(wire)
    }
}
