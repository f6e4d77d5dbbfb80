//! A node of a test as a process of its own, to be killed.

use super::TestNode;
use super::wait::DEADLINE;
use sesame::lab::ports::free_ports;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A `sesame serve` process. Dropping it kills it.
pub struct NodeProcess {
    folder: tempfile::TempDir,
    ports: Vec<u16>,
    child: Child,
}

impl NodeProcess {
    /// Starts a process for a prepared node.
    pub fn start(node: &TestNode) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = free_ports(3).unwrap_or_else(|error| panic!("{error}"));
        let mut toml = node.toml.clone();
        for port in &ports {
            toml = toml.replacen("127.0.0.1:0\"", &format!("127.0.0.1:{port}\""), 1);
        }
        std::fs::write(folder.path().join("node.toml"), toml).expect("a settings file");
        let child = spawn(&folder);
        Self { folder, ports, child }
    }

    /// Where the standard's interface is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sesame", self.ports[0])
    }

    /// Where the console listens.
    pub fn console(&self) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], self.ports[1]))
    }

    /// Lets the process open no more than `spare` files beyond those it has open.
    pub fn limit_files(&self, spare: usize) {
        let pid = self.child.id().to_string();
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process").count();
        let limit = format!("--nofile={}", open + spare);
        let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status().expect("prlimit, of util-linux");
        assert!(status.success());
    }

    /// Where metrics and health are.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[2])
    }

    /// Its memory in bytes, as a line of the kernel's tells: what is in use, `VmRSS`, or the most that has been, `VmHWM`.
    pub fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let rest =
            status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')).expect("a line of the kernel's");
        let kibibytes: u64 = rest.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes * 1024
    }

    /// Where the standard's interface listens.
    pub fn interface(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.ports[0]).into()
    }

    /// Waits until `/health/ready` says so.
    pub async fn ready(&self) {
        let url = format!("{}/health/ready", self.metrics_url());
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (up, seen) = match reqwest::get(&url).await {
                Ok(response) => (response.status().is_success(), response.text().await.unwrap_or_default()),
                Err(error) => (false, error.to_string()),
            };
            if up {
                return;
            }
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the process is not ready: {seen}\n{log}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it in the middle of whatever it does, as a machine does that hangs: it keeps its connections and says nothing more.
    pub fn freeze(&self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).expect("a running process");
    }

    /// kill -9, and a new process with the same settings.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
        self.child = spawn(&self.folder);
    }
}

fn spawn(folder: &tempfile::TempDir) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.path().join("log")).expect("a log file");
    Command::new(env!("CARGO_BIN_EXE_sesame"))
        .args(["serve", "--config"])
        .arg(folder.path().join("node.toml"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the sesame binary")
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
