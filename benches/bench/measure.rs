//! What processes take of the machine, as the kernel tells: CPU and memory of a process with all its children.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// /proc counts CPU in these, on every Linux of today (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
/// Between two looks at the memory of processes that do not note their own peak.
const LOOK: Duration = Duration::from_millis(100);

/// A process and its children by the name of their part: service, rabbit, pg, load.
#[derive(Debug, Clone)]
pub struct Family {
    /// The part.
    pub name: String,
    /// The first process.
    pub root: i32,
}

/// CPU seconds used so far by a process and its children, those that have ended included.
pub fn cpu_seconds(root: i32) -> f64 {
    // utime, stime, and those of children that were waited for.
    let ticks = |pid: i32| times(pid).iter().sum::<u64>();
    members(root).into_iter().map(ticks).sum::<u64>() as f64 / TICKS_PER_SECOND
}

/// CPU seconds used so far by this process alone, which is the parent of all others.
pub fn own_cpu_seconds() -> f64 {
    times(std::process::id() as i32)[..2].iter().sum::<u64>() as f64 / TICKS_PER_SECOND
}

fn times(pid: i32) -> [u64; 4] {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let times = fields(&stat).into_iter().skip(11).take(4).map(|field| field.parse().unwrap_or(0));
    times.collect::<Vec<u64>>().try_into().unwrap_or_default()
}

/// The most memory a process has held at once, in bytes.
pub fn peak_bytes(pid: i32) -> u64 {
    status(pid, "VmHWM")
}

/// The memory of a family in bytes: what each process has for itself, and what they share once. This process, the parent of
/// all others, counts for itself alone.
fn resident_bytes(root: i32) -> u64 {
    let members = if root == std::process::id() as i32 { vec![root] } else { members(root) };
    let own: u64 = members.iter().map(|pid| status(*pid, "RssAnon")).sum();
    own + members.iter().map(|pid| status(*pid, "RssShmem")).max().unwrap_or(0)
}

fn status(pid: i32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes = value.and_then(|text| text.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// The process and all below it.
fn members(root: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(i32, i32)> = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, fields(&stat).get(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found
}

/// The fields of /proc/PID/stat from the state on; the name before it may hold spaces and brackets.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').map_or_else(Vec::new, |(_, rest)| rest.split_whitespace().collect())
}

/// Notes the most memory that families hold while it lives.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<String, u64>>,
}

impl Watch {
    /// Starts looking.
    pub fn start(families: Vec<Family>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut peaks = BTreeMap::new();
            while !stopped.load(Ordering::Relaxed) {
                for family in &families {
                    let peak: &mut u64 = peaks.entry(family.name.clone()).or_default();
                    *peak = (*peak).max(resident_bytes(family.root));
                }
                std::thread::sleep(LOOK);
            }
            peaks
        });
        Self { stop, thread }
    }

    /// The peaks in bytes, by the families' names.
    pub fn stop(self) -> BTreeMap<String, u64> {
        self.stop.store(true, Ordering::Relaxed);
        // A thread that reads files and counts does not panic.
        self.thread.join().unwrap_or_default()
    }
}
