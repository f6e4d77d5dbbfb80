//! A private RabbitMQ node.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::authority::Secured;
use super::broker_settings::{BrokerPorts, BrokerSettings};
use super::directory::ServerDirectory;
use super::error::LabError;
use super::process::{ServerProcess, leashed};

/// A start takes 5-7 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(120);

/// After being told to stop. Erlang itself gives up after [`ERLANG_SHUTDOWN_MILLIS`].
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// RabbitMQ closes its queues and stores within 0.1 s, and then idles for 6 s before it exits.
const ERLANG_SHUTDOWN_MILLIS: u32 = 1500;

/// The node's last words on standard output when it starts. It listens about 0.2 s earlier, and then still refuses
/// `rabbitmqctl`.
const ANNOUNCEMENT: &str = "completed with";

/// A release with other words is taken for ready so long after it listens.
const ANNOUNCEMENT_LIMIT: Duration = Duration::from_secs(3);

/// Where packages keep the plain programs. Those in /usr/sbin are wrappers that switch to user `rabbitmq` and to the
/// system's own configuration.
const PROGRAM_DIRS: [&str; 4] =
    ["/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/opt/homebrew/sbin", "/usr/local/sbin"];

/// The port mapper runs in the foreground, in the node's process group, so that it ends with the node: the one Erlang
/// starts by itself is a daemon that stays.
const BOOT: &str = r#"epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & exec "$1""#;

/// A running RabbitMQ node with the plugins management and prometheus; user `guest`, password `guest`, from this machine
/// alone. Dropping it kills it. What was confirmed of durable queues survives that, as it survives [`Self::kill9`].
#[derive(Debug)]
pub struct PrivateBroker {
    // Before the directory: what is dropped first ends before the directory is free for another owner.
    process: Option<ServerProcess>,
    directory: ServerDirectory,
    programs: PathBuf,
    ports: BrokerPorts,
    name: String,
    schedulers: u8,
    secured: bool,
}

impl PrivateBroker {
    /// Starts a node in `dir` with the default settings and waits until it takes connections.
    pub fn start(dir: &Path, ports: BrokerPorts, name: &str) -> Result<Self, LabError> {
        Self::start_with(dir, ports, name, &BrokerSettings::default())
    }

    /// Starts a node in `dir`, going on with the messages it finds there, and waits until it takes connections.
    /// The name is also the cluster's.
    pub fn start_with(dir: &Path, ports: BrokerPorts, name: &str, settings: &BrokerSettings) -> Result<Self, LabError> {
        Self::start_secured(dir, ports, name, settings, None)
    }

    /// The same; with a certificate AMQP and the management API are over TLS alone.
    pub fn start_secured(
        dir: &Path,
        ports: BrokerPorts,
        name: &str,
        settings: &BrokerSettings,
        secured: Option<&Secured>,
    ) -> Result<Self, LabError> {
        let programs = find_programs()?;
        let directory = ServerDirectory::claim(dir)?;
        for subdirectory in ["data", "log", "home", "generated"] {
            directory.subdirectory(subdirectory)?;
        }
        write_cookie(&directory.path().join("home/.erlang.cookie"))?;
        let files = secured.map(|secured| secured.write(&directory.path().join("tls"))).transpose()?;
        settings.write(directory.path(), name, ports, files.as_ref())?;
        ports.check()?;
        let (name, schedulers, secured) = (name.to_owned(), settings.schedulers, secured.is_some());
        let mut broker = Self { process: None, directory, programs, ports, name, schedulers, secured };
        broker.run()?;
        Ok(broker)
    }

    /// `amqp://` or `amqps://` with the vhost and the user's name and password encoded.
    pub fn amqp_uri(&self, vhost: &str, user: &str, password: &str) -> String {
        let [user, password, vhost] = [user, password, vhost].map(encode);
        let scheme = if self.secured { "amqps" } else { "amqp" };
        format!("{scheme}://{user}:{password}@127.0.0.1:{}/{vhost}", self.ports.amqp)
    }

    /// `http://127.0.0.1:PORT`, or with `https`, the base of the management API and pages.
    pub fn management_url(&self) -> String {
        let scheme = if self.secured { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.ports.management)
    }

    /// RabbitMQ's own metrics.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.ports.prometheus)
    }

    /// Where the node listens.
    pub fn ports(&self) -> BrokerPorts {
        self.ports
    }

    /// The process id of the Erlang machine; `None` after [`Self::kill9`] and [`Self::stop`].
    pub fn pid(&self) -> Option<i32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// Fails, with the end of its log, if the node has ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        self.running()?.check()
    }

    /// Ends the node as a power cut would, but for what the operating system has yet to write.
    pub fn kill9(&mut self) {
        self.process = None;
    }

    /// Asks the node to end and waits; about two seconds.
    pub fn stop(&mut self) -> Result<(), LabError> {
        match self.process.take() {
            Some(process) => process.stop(Signal::SIGTERM, STOP_LIMIT),
            None => Ok(()),
        }
    }

    /// Stops the node if it runs, starts it and waits until it takes connections.
    pub fn restart(&mut self) -> Result<(), LabError> {
        self.stop()?;
        self.ports.wait_until_free()?;
        self.run()
    }

    /// Freezes the node: its connections stay open and nothing answers.
    pub fn pause(&mut self) -> Result<(), LabError> {
        self.running()?.signal(Signal::SIGSTOP);
        Ok(())
    }

    /// Lets a frozen node go on.
    pub fn resume(&mut self) -> Result<(), LabError> {
        self.running()?.signal(Signal::SIGCONT);
        Ok(())
    }

    /// Runs `rabbitmqctl` against the node and gives what it prints: `["set_vm_memory_high_watermark", "0.001"]`.
    pub fn ctl(&self, arguments: &[&str]) -> Result<String, LabError> {
        let program = self.programs.join("rabbitmqctl");
        let mut command = Command::new(&program);
        self.environment(command.arg("-q").args(arguments));
        let output = command.output().map_err(LabError::io("start", &program))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Err(LabError::Tool {
            command: format!("rabbitmqctl {}", arguments.join(" ")),
            status: output.status,
            output: said,
        })
    }

    fn running(&mut self) -> Result<&mut ServerProcess, LabError> {
        let server = self.label();
        self.process.as_mut().ok_or(LabError::NotRunning { server })
    }

    fn label(&self) -> String {
        format!("RabbitMQ ({})", self.name)
    }

    fn run(&mut self) -> Result<(), LabError> {
        let log = self.directory.path().join("log");
        // The reaper's first signal is the last as well: a broker killed loses nothing that was confirmed.
        let mut command = leashed("/bin/sh", Signal::SIGKILL);
        command.args(["-c", BOOT, "boot"]).arg(self.programs.join("rabbitmq-server"));
        self.environment(&mut command);
        let logs = vec![log.join("rabbit.log"), log.join("output")];
        let mut process = ServerProcess::spawn(self.label(), &mut command, logs)?;
        self.directory.note(process.pid())?;
        let (ports, secured, output) = (self.ports, self.secured, log.join("output"));
        // TLS is not spoken here: that the ports are open, and the announcement below, must do.
        process.wait_until_ready(START_LIMIT, || match secured {
            true => accepts(ports.amqp) && accepts(ports.management),
            false => speaks_amqp(ports.amqp) && serves_http(ports.management),
        })?;
        let listening = Instant::now();
        let has_announced = || fs::read_to_string(&output).is_ok_and(|text| text.contains(ANNOUNCEMENT));
        process.wait_until_ready(START_LIMIT, || has_announced() || listening.elapsed() > ANNOUNCEMENT_LIMIT)?;
        self.process = Some(process);
        Ok(())
    }

    /// Everything RabbitMQ takes from its environment, and nothing from ours.
    fn environment(&self, command: &mut Command) {
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| is_erlang_variable(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let dir = self.directory.path();
        let paths = [
            ("HOME", "home"),
            ("ERL_CRASH_DUMP", "log/erl_crash.dump"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_MNESIA_BASE", "data"),
            ("RABBITMQ_MNESIA_DIR", "data/mnesia"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_LOGS", "log/rabbit.log"),
            ("RABBITMQ_PID_FILE", "rabbit.pid"),
            ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
        ];
        command.envs(paths.map(|(name, path)| (name, dir.join(path)))).current_dir(dir);
        command
            .env("LC_ALL", "C.UTF-8")
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_NODENAME", format!("{}@localhost", self.name))
            .env("RABBITMQ_DIST_PORT", self.ports.dist.to_string())
            // With input allowed the start script becomes the node instead of watching it, so that its process id is
            // the node's; -noinput takes the input away again.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", self.erlang_flags());
    }

    /// Threads that spin for work (`sbwt`) would make every idle broker cost a few per cent of a core.
    fn erlang_flags(&self) -> String {
        format!(
            "-noinput -start_epmd false -shutdown_time {ERLANG_SHUTDOWN_MILLIS} +S {n}:{n} +A 8 \
             +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {{127,0,0,1}}",
            n = self.schedulers.max(1)
        )
    }
}

fn is_erlang_variable(name: &str) -> bool {
    name.starts_with("RABBITMQ_") || name.starts_with("ERL_") || name == "NOTIFY_SOCKET"
}

fn find_programs() -> Result<PathBuf, LabError> {
    let dirs = PROGRAM_DIRS.into_iter().map(PathBuf::from);
    let has_both = |dir: &PathBuf| dir.join("rabbitmq-server").exists() && dir.join("rabbitmqctl").exists();
    let missing = LabError::MissingPackage { product: "RabbitMQ", package: "rabbitmq-server" };
    dirs.into_iter().find(has_both).ok_or(missing)
}

/// The secret by which `rabbitmqctl` is let in; Erlang wants it readable by its owner alone.
fn write_cookie(path: &Path) -> Result<(), LabError> {
    if path.exists() {
        return Ok(());
    }
    let cookie = hex::encode(rand::random::<[u8; 16]>());
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path);
    file.and_then(|mut file| file.write_all(cookie.as_bytes())).map_err(LabError::io("write", path))
}

/// Percent-encodes all but unreserved characters.
fn encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if unreserved(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Whether a node answers the protocol header with a method frame. Its AMQP listener starts after all plugins.
fn speaks_amqp(port: u16) -> bool {
    let mut first = [0; 1];
    converse(port, b"AMQP\x00\x00\x09\x01", &mut first) && first == [1]
}

fn accepts(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Duration::from_secs(1)).is_ok()
}

fn serves_http(port: u16) -> bool {
    let mut start = [0; 5];
    converse(port, b"GET / HTTP/1.0\r\n\r\n", &mut start) && start == *b"HTTP/"
}

fn converse(port: u16, request: &[u8], answer: &mut [u8]) -> bool {
    let patience = Duration::from_secs(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else { return false };
    stream.set_read_timeout(Some(patience)).is_ok()
        && stream.write_all(request).is_ok()
        && stream.read_exact(answer).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_an_address_are_encoded() {
        assert_eq!(encode("/"), "%2F");
        assert_eq!(encode("node-370200"), "node-370200");
        assert_eq!(encode("a:b@c/d%市"), "a%3Ab%40c%2Fd%25%E5%B8%82");
    }
}
