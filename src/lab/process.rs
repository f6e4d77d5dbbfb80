//! A server's process: started on a leash, watched, signalled, ended.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::error::LabError;

/// Runs as `sh -c LEASH leash SIGNAL PROGRAM ARGUMENTS...` with a pipe as its standard input. The shell becomes the
/// program, so that the child's id is the server's; the reaper is forked twice, so that the server never sees a child it
/// does not know. The signal is what ends the server fast, sent until it works, since a program that has only just begun
/// may miss the first; what is still there after five seconds is killed.
const LEASH: &str = r#"
exec 3<&0 </dev/null
signal=$1; shift
( (
    trap '' HUP INT TERM
    read -r _ <&3
    tries=50
    [ "$signal" = KILL ] && tries=0
    while [ "$tries" -gt 0 ] && kill -s "$signal" "$$"; do tries=$((tries - 1)); sleep 0.1; done
    kill -s KILL -- "-$$"
) >/dev/null 2>&1 & )
exec "$@" 3<&-
"#;

/// How often a server that starts or stops is looked at.
const POLL: Duration = Duration::from_millis(20);

/// What is killed is gone at once, unless the kernel waits for a disk.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// How many lines of a log an error shows at most from its end, and how many of its first errors before.
const LOG_LINES: usize = 6;

/// The command that runs `program` on a leash, in a process group of its own. `fast_stop` is the signal the reaper
/// sends. The caller adds arguments and environment.
pub(super) fn leashed(program: impl AsRef<OsStr>, fast_stop: Signal) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", LEASH, "leash", fast_stop.as_str().trim_start_matches("SIG")]).arg(program);
    shell.process_group(0);
    shell
}

/// Who a process id belongs to now: the boot and the time the process started. `None` if there is no such process, or
/// only its remains.
pub(super) fn identity(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started = *stat_fields(&stat)?.get(19)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    state(pid).is_some_and(|state| !is_dead(state)).then(|| format!("{} {started}", boot.trim()))
}

/// Whether a process has ended and its parent has not yet asked how.
pub(super) fn is_zombie(pid: i32) -> bool {
    state(pid).is_some_and(is_dead)
}

/// The letter for what a process is doing, as `ps` shows it; `None` if there is no such process.
fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat_fields(&stat)?.first()?.chars().next()
}

fn is_dead(state: char) -> bool {
    state == 'Z' || state == 'X'
}

/// Kills a running server with its process group and its direct children, which leave the group if they are PostgreSQL's,
/// and waits until they have let go of memory, files and ports.
pub(super) fn kill_family(pid: i32) {
    let server = Pid::from_raw(pid);
    let deadline = Instant::now() + KILL_LIMIT;
    // Stopped first, so that it starts no child meanwhile. A process that is gone is as good as killed, here and below.
    let _ = kill(server, Signal::SIGSTOP);
    wait_until(deadline, || state(pid).is_none_or(|state| is_dead(state) || state == 'T'));
    let children = children(pid);
    kill_group(pid);
    for child in &children {
        let _ = kill(Pid::from_raw(*child), Signal::SIGKILL);
    }
    wait_until(deadline, || children.iter().chain([&pid]).all(|pid| state(*pid).is_none_or(is_dead)));
}

fn wait_until(deadline: Instant, done: impl Fn() -> bool) {
    while !done() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn kill_group(pid: i32) {
    let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
}

fn children(parent: i32) -> Vec<i32> {
    let parent = parent.to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat_fields(&stat).is_some_and(|fields| fields.get(1) == Some(&parent.as_str()))
    };
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}

/// The fields of /proc/PID/stat from the state on; the name before it may hold spaces and brackets.
fn stat_fields(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

/// A server's process. Dropping it kills it at once, with everything it started.
#[derive(Debug)]
pub(super) struct ServerProcess {
    /// Its standard input is the leash; it is held here and never written.
    child: Child,
    server: String,
    /// With the length each had before this start.
    logs: Vec<(PathBuf, u64)>,
}

impl ServerProcess {
    /// Starts a command that [`leashed`] made. Standard output and error go to the last of `logs`, which is begun anew.
    pub fn spawn(server: String, command: &mut Command, logs: Vec<PathBuf>) -> Result<Self, LabError> {
        let output = logs.last().map_or(Path::new("/dev/null"), PathBuf::as_path);
        let log = File::create(output).map_err(LabError::io("write", output))?;
        let lengths: Vec<u64> = logs.iter().map(|log| fs::metadata(log).map_or(0, |log| log.len())).collect();
        let errors = log.try_clone().map_err(LabError::io("write", output))?;
        let child = command.stdin(Stdio::piped()).stdout(log).stderr(errors).spawn();
        let child = child.map_err(LabError::io("start", Path::new(&server)))?;
        Ok(Self { child, server, logs: logs.into_iter().zip(lengths).collect() })
    }

    /// The process id, which is also the id of the process group.
    pub fn pid(&self) -> i32 {
        // Process ids of Linux end at 2^22.
        self.child.id() as i32
    }

    /// Sends a signal to the server alone. One that has ended is left alone.
    pub fn signal(&mut self, signal: Signal) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Not yet waited for, so the id is still the server's.
            let _ = kill(Pid::from_raw(self.pid()), signal);
        }
    }

    /// Fails if the server has ended by itself.
    pub fn check(&mut self) -> Result<(), LabError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.died(status)),
            Err(source) => Err(LabError::io("look at", Path::new(&self.server))(source)),
        }
    }

    /// Waits until `ready` says so; fails if the server ends or takes too long.
    pub fn wait_until_ready(&mut self, limit: Duration, ready: impl Fn() -> bool) -> Result<(), LabError> {
        let deadline = Instant::now() + limit;
        while !ready() {
            self.check()?;
            if Instant::now() > deadline {
                return Err(self.late("ready", limit));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Asks the server to end, waits, and kills what is left.
    pub fn stop(mut self, request: Signal, limit: Duration) -> Result<(), LabError> {
        self.signal(request);
        let deadline = Instant::now() + limit;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                return Err(self.late("stopped", limit));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn died(&self, status: ExitStatus) -> LabError {
        LabError::Died { server: self.server.clone(), status, log: self.log_end() }
    }

    fn late(&self, state: &'static str, limit: Duration) -> LabError {
        let (server, log) = (self.server.clone(), self.log_end());
        LabError::Timeout { server, state, seconds: limit.as_secs(), log }
    }

    /// What the logs say of the end, each under its file's name.
    fn log_end(&self) -> String {
        let mut text = String::new();
        for (path, length) in &self.logs {
            let log = fs::read(path).unwrap_or_default();
            // One that is shorter now was begun anew.
            let new = log.get(*length as usize..).unwrap_or(&log);
            let lines = telling_lines(&String::from_utf8_lossy(new)).join("\n  ");
            if !lines.is_empty() {
                text.push_str(&format!("{}:\n  {lines}\n", path.display()));
            }
        }
        text.trim_end().to_owned()
    }
}

/// The first errors and the last lines: what went wrong is often said before pages of details.
fn telling_lines(log: &str) -> Vec<&str> {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let (before, end) = lines.split_at(lines.len().saturating_sub(LOG_LINES));
    let is_error = |line: &&&str| ["[error]", "ERROR", "FATAL"].iter().any(|word| line.contains(word));
    before.iter().filter(is_error).take(LOG_LINES).chain(end).copied().collect()
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        match self.child.try_wait() {
            // Once waited for, the id is only the group's: the reaper in it keeps it from being used again.
            Ok(Some(_)) => kill_group(self.pid()),
            _ => kill_family(self.pid()),
        }
        // It has been killed, so this ends; an error means that it was waited for before.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    /// A process whose script has said a line, by which it is past its first commands.
    fn talker(fast_stop: Signal, script: &str) -> (ServerProcess, String) {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut command = leashed("sh", fast_stop);
        command.args(["-c", script]);
        let mut process = ServerProcess::spawn("talker".to_owned(), &mut command, vec![log.clone()]).unwrap();
        let said = || fs::read_to_string(&log).unwrap_or_default();
        process.wait_until_ready(Duration::from_secs(20), || said().ends_with('\n')).unwrap();
        (process, said().trim().to_owned())
    }

    fn wait_for_end(process: &mut ServerProcess) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = process.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "still runs");
            std::thread::sleep(POLL);
        }
    }

    #[test]
    fn a_server_dies_when_the_other_end_of_its_leash_is_closed() {
        let (mut process, _) = talker(Signal::SIGKILL, "echo up; exec sleep 600");
        // What the kernel does when this process is killed.
        drop(process.child.stdin.take());
        assert_eq!(wait_for_end(&mut process).signal(), Some(9));
    }

    #[test]
    fn a_server_that_ignores_the_reapers_signal_is_killed() {
        let (mut process, _) = talker(Signal::SIGQUIT, "trap '' QUIT; echo up; while :; do sleep 1; done");
        drop(process.child.stdin.take());
        assert_eq!(wait_for_end(&mut process).signal(), Some(9));
    }

    #[test]
    fn dropping_kills_the_whole_group() {
        let (process, said) = talker(Signal::SIGTERM, "sleep 600 & echo $!; wait");
        let grandchild = said.parse().unwrap();
        assert!(identity(grandchild).is_some());
        drop(process);
        let deadline = Instant::now() + Duration::from_secs(20);
        while identity(grandchild).is_some() {
            assert!(Instant::now() < deadline, "the grandchild outlived the group");
            std::thread::sleep(POLL);
        }
    }

    #[test]
    fn a_server_that_ends_early_shows_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = leashed("sh", Signal::SIGTERM);
        command.args(["-c", "echo starting; echo the disk is on fire >&2; exit 3"]);
        let log = dir.path().join("log");
        let mut process = ServerProcess::spawn("RabbitMQ".to_owned(), &mut command, vec![log]).unwrap();
        let error = process.wait_until_ready(Duration::from_secs(20), || false).unwrap_err().to_string();
        assert!(error.contains("RabbitMQ ended by itself (exit status: 3)"), "{error}");
        assert!(error.contains("the disk is on fire"), "{error}");
    }
}
