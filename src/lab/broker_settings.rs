//! Ports and settings of a private broker, and the files that tell RabbitMQ about them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::authority::SecuredFiles;
use super::error::LabError;
use super::ports;

/// Where a private broker listens, always on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerPorts {
    /// AMQP 0-9-1.
    pub amqp: u16,
    /// The management API and pages.
    pub management: u16,
    /// RabbitMQ's own `/metrics`.
    pub prometheus: u16,
    /// Erlang distribution, which `rabbitmqctl` speaks.
    pub dist: u16,
    /// The private Erlang port mapper.
    pub epmd: u16,
}

impl BrokerPorts {
    /// Five ports in a row.
    pub fn starting_at(first: u16) -> Self {
        let nth = |n: u16| first.saturating_add(n);
        Self { amqp: first, management: nth(1), prometheus: nth(2), dist: nth(3), epmd: nth(4) }
    }

    /// Five ports that were free a moment ago.
    pub fn free() -> Result<Self, LabError> {
        let free = ports::free_ports(5)?;
        let [amqp, management, prometheus, dist, epmd] = free[..] else {
            return Err(LabError::NoFreePorts { wanted: 5, range: (0, u16::MAX) });
        };
        Ok(Self { amqp, management, prometheus, dist, epmd })
    }

    /// Fails on the first port that is taken.
    pub fn check(&self) -> Result<(), LabError> {
        ports::check_free(self.amqp, "AMQP")?;
        ports::check_free(self.management, "RabbitMQ management")?;
        ports::check_free(self.prometheus, "RabbitMQ metrics")?;
        ports::check_free(self.dist, "Erlang distribution")?;
        ports::check_free(self.epmd, "Erlang port mapper")
    }

    /// After a kill: the last of the node's processes may take a moment to let its port go.
    pub(super) fn wait_until_free(&self) -> Result<(), LabError> {
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.check().is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.check()
    }
}

/// Limits of a private broker. The default suits a demo beside other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerSettings {
    /// Above so many bytes of memory the broker blocks publishers.
    pub memory_high_watermark: u64,
    /// Below so many bytes of free disk the broker blocks publishers.
    pub disk_free_limit: u64,
    /// Quorum queues share a log on disk that may grow to so many bytes.
    pub raft_log_limit: u64,
    /// Erlang's schedulers: how many cores the broker can use at once.
    pub schedulers: u8,
    /// Further lines of `rabbitmq.conf`. RabbitMQ does not start with a key it does not know.
    pub conf: Vec<(String, String)>,
    /// Further entries of the list in `advanced.config`: `{rabbit, [{channel_tick_interval, 1000}]}`.
    pub advanced: Vec<String>,
}

/// The longest message that a private broker takes, as docs/topology.md advises for any.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            memory_high_watermark: 1 << 30,
            disk_free_limit: 200 << 20,
            raft_log_limit: 32 << 20,
            schedulers: 2,
            conf: Vec::new(),
            advanced: Vec::new(),
        }
    }
}

impl BrokerSettings {
    /// Writes `rabbitmq.conf`, `advanced.config` and `enabled_plugins`.
    pub(super) fn write(
        &self,
        dir: &Path,
        name: &str,
        ports: BrokerPorts,
        secured: Option<&SecuredFiles>,
    ) -> Result<(), LabError> {
        let files = [
            ("rabbitmq.conf", self.conf(name, ports, secured)),
            ("advanced.config", format!("[{}].\n", self.advanced.join(",\n "))),
            ("enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n".to_owned()),
        ];
        for (file, text) in files {
            let path = dir.join(file);
            fs::write(&path, text).map_err(LabError::io("write", &path))?;
        }
        Ok(())
    }

    fn conf(&self, name: &str, ports: BrokerPorts, secured: Option<&SecuredFiles>) -> String {
        let mut lines = secured.map_or_else(|| plain(ports), |files| encrypted(ports, files));
        lines.extend([
            "prometheus.tcp.ip = 127.0.0.1".to_owned(),
            format!("prometheus.tcp.port = {}", ports.prometheus),
            // The default holds the host's name and ends up in message headers.
            format!("cluster_name = {name}"),
            format!("vm_memory_high_watermark.absolute = {}", self.memory_high_watermark),
            format!("disk_free_limit.absolute = {}", self.disk_free_limit),
            format!("raft.wal_max_size_bytes = {}", self.raft_log_limit),
            // The largest batch fits; see docs/topology.md.
            format!("max_message_size = {MAX_MESSAGE_BYTES}"),
            "log.console = false".to_owned(),
            "log.file.level = info".to_owned(),
        ]);
        lines.extend(self.conf.iter().map(|(key, value)| format!("{key} = {value}")));
        lines.join("\n") + "\n"
    }
}

fn plain(ports: BrokerPorts) -> Vec<String> {
    vec![
        format!("listeners.tcp.1 = 127.0.0.1:{}", ports.amqp),
        "management.tcp.ip = 127.0.0.1".to_owned(),
        format!("management.tcp.port = {}", ports.management),
    ]
}

/// AMQP and management over TLS alone. A client may show a certificate, which must then be good.
fn encrypted(ports: BrokerPorts, files: &SecuredFiles) -> Vec<String> {
    let mut lines = vec![
        "listeners.tcp = none".to_owned(),
        format!("listeners.ssl.1 = 127.0.0.1:{}", ports.amqp),
        "ssl_options.verify = verify_peer".to_owned(),
        "ssl_options.fail_if_no_peer_cert = false".to_owned(),
        "management.ssl.ip = 127.0.0.1".to_owned(),
        format!("management.ssl.port = {}", ports.management),
    ];
    for section in ["ssl_options", "management.ssl"] {
        lines.push(format!("{section}.cacertfile = {}", files.ca.display()));
        lines.push(format!("{section}.certfile = {}", files.certificate.display()));
        lines.push(format!("{section}.keyfile = {}", files.key.display()));
    }
    lines
}
