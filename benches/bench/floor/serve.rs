//! The floor's process.

use super::consume::consume;
use super::publish::Publisher;
use super::store::{self, Store, Variant};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use lapin::{Connection, ConnectionProperties};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the floor is told.
#[derive(Debug, Clone, clap::Args)]
pub struct FloorArguments {
    /// URI of its vhost.
    #[arg(long)]
    pub broker: String,
    /// URI of its database.
    #[arg(long)]
    pub store: String,
    /// How it writes.
    #[arg(long)]
    pub variant: Variant,
    /// Consumers, each with a connection to the database of its own.
    #[arg(long)]
    pub consumers: usize,
    /// Messages each consumer takes ahead of its acks.
    #[arg(long)]
    pub prefetch: u16,
    /// Where it listens.
    #[arg(long)]
    pub listen: SocketAddr,
}

/// Serves until it is killed.
pub fn run(arguments: FloorArguments) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(arguments))
}

struct Shared {
    publisher: Publisher,
    persisted: Arc<AtomicU64>,
}

async fn serve(arguments: FloorArguments) -> Result<()> {
    let FloorArguments { broker, store, variant, consumers, prefetch, listen } = arguments;
    store::create(&store).await?;
    let publishing = Connection::connect(&broker, ConnectionProperties::default()).await?;
    let consuming = Arc::new(Connection::connect(&broker, ConnectionProperties::default()).await?);
    let (publisher, persisted) = (Publisher::new(&publishing).await?, Arc::new(AtomicU64::new(0)));
    let mut consumer_tasks = JoinSet::new();
    for _ in 0..consumers {
        let store = Store::open(&store, variant).await?;
        consumer_tasks.spawn(consume(consuming.clone(), store, prefetch, persisted.clone()));
    }
    let router = Router::new()
        .route("/sesame/exchange", post(exchange))
        .route("/persisted", get(count))
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::new(Shared { publisher, persisted }));
    // A socket without Nagle's delay; one that refuses is as good as closed.
    let listener = TcpListener::bind(listen).await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::select! {
        served = axum::serve(listener, router) => served.context("the listener failed"),
        Some(ended) = consumer_tasks.join_next() => ended?.context("a consumer failed"),
    }
}

async fn exchange(State(shared): State<Arc<Shared>>, body: Bytes) -> (StatusCode, &'static str) {
    match shared.publisher.publish(&body).await {
        Ok(()) => (StatusCode::OK, r#"{"code":"0001"}"#),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, r#"{"code":"9999"}"#),
    }
}

async fn count(State(shared): State<Arc<Shared>>) -> String {
    shared.persisted.load(Ordering::Relaxed).to_string()
}
