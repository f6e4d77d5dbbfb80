//! Starting, serving, stopping.

use super::health::{self, Health};
use super::monitor::Monitor;
use super::{Assembly, Listeners, StartError, servers};
use crate::broker::Names;
use crate::clock::Clock;
use crate::config::{Config, OperatorRights, Role};
use crate::console::{self, Access, Console, Operator, OperatorRole, Parts};
use crate::desk::FailureDesk;
use crate::flow::failures::{Desk, Returner, Salvage, Sweeper};
use crate::flow::receipts::Announcer;
use crate::flow::{Context, LogWriter, Outbox, Persist, Quarantine, Retention};
use crate::ingress;
use crate::server::{self, raise_file_limit};
use crate::store::StoreError;
use metrics_exporter_prometheus::PrometheusHandle;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A running node.
pub struct Node {
    listeners_stop: CancellationToken,
    steps_stop: CancellationToken,
    connections_stop: CancellationToken,
    servers: TaskTracker,
    steps: TaskTracker,
    health: Health,
}

/// How long requests under way may take to finish once told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two times of summing up histograms.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long the steps may take to finish what they have in hand.
const FINISH: Duration = Duration::from_secs(20);

/// Runs a node until `stop` completes, then stops it gracefully.
pub async fn run_until(
    config: Config,
    listeners: Listeners,
    metrics: Option<PrometheusHandle>,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let node = Node::start(&config, listeners, metrics, Clock::system())?;
    stop.await;
    node.stop().await;
    Ok(())
}

impl Node {
    /// Starts a node on bound listeners; returns at once. Broker, store and parent may come up later.
    pub fn start(
        config: &Config,
        listeners: Listeners,
        metrics: Option<PrometheusHandle>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let (listeners_stop, steps_stop, connections_stop) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (servers, steps, health) = (TaskTracker::new(), TaskTracker::new(), Health::default());
        let mut assembly = Assembly::new(config, clock, steps_stop.clone(), connections_stop.clone(), &steps)?;
        let files = raise_file_limit();
        let upkeep = metrics.clone();
        let routers = [
            (listeners.interface, ingress::router(assembly.door.clone())),
            (listeners.console, console::router(console_of(config, &assembly, &health))),
            (Some(listeners.metrics), health::router(health.clone(), metrics)),
        ];
        let listening = servers::listening(config, &assembly.certificates, files);
        for ((listener, router), listening) in routers.into_iter().zip(listening) {
            if let Some(listener) = listener {
                servers.spawn(server::serve(listener, router, listening, listeners_stop.clone()));
            }
        }
        servers::warn_of_plain(config);
        steps.spawn(assembly.certificates.watch.clone().run(steps_stop.clone()));
        if let Some(watcher) = assembly.watcher.take() {
            steps.spawn(watcher.run(steps_stop.clone()));
        }
        let needs_store = config.node.roles.iter().any(|role| *role != Role::Ingress);
        let migrated = Arc::new(AtomicBool::new(false));
        let apps = assembly.refresher.take().map(|refresher| {
            refresher.start(&steps);
            assembly.apps.clone()
        });
        let marks = assembly.marks.take().map(|(guard, sharer)| {
            sharer.start(&steps);
            guard
        });
        let looks = servers::Looks {
            files: servers::check_files(config, files),
            watch: assembly.certificates.watch.clone(),
            link: assembly.uplink.as_ref().map(|link| link.standing().clone()),
        };
        Monitor::new(assembly.context.clone(), health.clone(), migrated.clone(), needs_store, apps, marks, looks)
            .start(&steps);
        if let Some(handle) = upkeep {
            steps.spawn(keep_metrics(handle, steps_stop.clone()));
        }
        start_steps(config, assembly, migrated, &steps);
        servers.close();
        tracing::info!(region = %config.node.region, version = env!("CARGO_PKG_VERSION"), "node started");
        Ok(Self { listeners_stop, steps_stop, connections_stop, servers, steps, health })
    }

    /// The last looks at what the node needs.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Stops: first the listeners, so that every request is answered; then the steps, which finish what they have in hand;
    /// then the connections.
    pub async fn stop(self) {
        self.listeners_stop.cancel();
        if tokio::time::timeout(DRAIN, self.servers.wait()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        self.steps_stop.cancel();
        self.steps.close();
        if tokio::time::timeout(FINISH, self.steps.wait()).await.is_err() {
            tracing::warn!("some steps did not finish in time; what they had in hand comes back");
        }
        self.connections_stop.cancel();
        tracing::info!("node stopped");
    }
}

/// Histograms gather samples until they are summed up: at each scrape, or here where nobody scrapes.
async fn keep_metrics(handle: PrometheusHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => handle.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}

fn console_of(config: &Config, assembly: &Assembly, health: &Health) -> Console {
    let health = health.clone();
    let checks = move || {
        let checks = health.checks();
        let named = [
            ("RabbitMQ", checks.broker),
            ("PostgreSQL", checks.store),
            ("时钟 clock", checks.clock),
            ("应用 apps", checks.apps),
            ("标记 marks", checks.marks),
            ("上级链路 link", checks.link),
            ("证书 certificates", checks.certificates),
            ("数据字典 dictionary", checks.dictionary),
            ("文件数 files", checks.files),
            ("处理 work", checks.work),
        ];
        named.map(|(name, check)| console::Check { name, ok: check.ok, detail: check.detail }).to_vec()
    };
    let name = assembly.context.regions.name(config.node.region).map(str::to_owned);
    let password = config.console.admin_password.as_ref().map(|password| password.text().to_owned());
    let operators = config.console.operators.iter();
    let operators = operators.map(|operator| Operator {
        name: operator.name.clone(),
        certificate: operator.certificate.clone(),
        role: match operator.role {
            OperatorRights::Viewer => OperatorRole::Viewer,
            OperatorRights::Operator => OperatorRole::Operator,
            OperatorRights::Supervisor => OperatorRole::Supervisor,
        },
    });
    let access = Access { password, operators: operators.collect(), over_tls: config.console.tls.is_some() };
    let (store, dictionary) = (assembly.store.clone(), assembly.context.dictionary.clone());
    let (names, clock) = (Names(config.node.region.tier()), assembly.context.clock.clone());
    let per_second = config.failures.replay_per_second;
    let desk = FailureDesk::new(store.clone(), dictionary.clone(), names, clock, per_second);
    let documents = assembly.documents.clone();
    let parts = Parts { store, desk, dictionary, documents, checks: Box::new(checks) };
    Console::new(config.node.region, name.unwrap_or_default(), access, parts)
}

/// Starts the steps once the store's schema is ready.
fn start_steps(config: &Config, assembly: Assembly, migrated: Arc<AtomicBool>, tasks: &TaskTracker) {
    let retention = config.retention.clone();
    let tracker = tasks.clone();
    tasks.spawn(async move {
        let Assembly { context, uplink, receipts, inbox, store, apart, .. } = assembly;
        if !migrate(&context).await {
            return;
        }
        migrated.store(true, Ordering::Relaxed);
        if apart.is_some() || uplink.is_some() {
            Announcer::new(context.clone(), inbox).start(&tracker);
        }
        if let Some(apart) = apart {
            let outbox = Outbox::start(context.clone(), &tracker);
            Persist::new(context.clone(), outbox.clone()).start(&tracker);
            Quarantine::new(context.clone(), apart.quarantine, outbox).start(&tracker);
            Salvage::new(context.clone(), apart.salvage).start(&tracker);
            LogWriter::new(context.clone()).start(&tracker);
            let (clock, stop) = (context.clock.clone(), context.stop.clone());
            Retention::new(context.node.region, store, retention, clock, stop).start(&tracker);
            Returner::new(context.clone()).start(&tracker);
            Desk::new(context.clone()).start(&tracker);
            Sweeper::new(context).start(&tracker);
        }
        if let Some(uplink) = uplink {
            uplink.start(&tracker);
        }
        if let Some((reader, asker)) = receipts {
            reader.start(&tracker);
            asker.start(&tracker);
        }
    });
}

/// Brings the schema up to date, however long that takes. False when told to stop meanwhile.
async fn migrate(context: &Context) -> bool {
    let mut told = String::new();
    loop {
        let pause = match context.store.migrate().await {
            Ok(()) => return true,
            Err(error) => {
                if error.to_string() != told {
                    tracing::error!(%error, "the store is not ready");
                    told = error.to_string();
                }
                if matches!(error, StoreError::Outage(_)) { Duration::from_millis(300) } else { Duration::from_secs(5) }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.stop.cancelled() => return false,
        }
    }
}
