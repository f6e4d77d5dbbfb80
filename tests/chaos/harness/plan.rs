//! Which faults come when: drawn from the seed, before anything runs.

use super::chance::Chance;
use super::layout::{self, Line, PLACES, SERVERS};
use std::fmt;
use std::time::Duration;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// `kill -9` of a `sesame serve`, and a new process after a while.
    KillProcess(usize),
    /// SIGSTOP of a `sesame serve`, and SIGCONT after a while.
    FreezeProcess(usize),
    /// `kill -9` of a RabbitMQ, and a start after a while.
    KillBroker(usize),
    /// A RabbitMQ is stopped as an administrator does, and started.
    RestartBroker(usize),
    /// A RabbitMQ is short of memory: it blocks whoever publishes.
    MemoryAlarm(usize),
    /// A RabbitMQ is short of disk space.
    DiskAlarm(usize),
    /// `kill -9` of a PostgreSQL with all its processes, and a start after a while.
    KillStore(usize),
    /// A PostgreSQL is away for longer.
    StopStore(usize),
    /// Connections are reset, and none is accepted for a while.
    Cut(Line),
    /// Connections are reset, and can be made again at once.
    Reset(Line),
    /// Nothing passes, and nobody is told.
    Silence(Line),
    /// Bytes pass late.
    Slow(Line, Duration),
    /// The parent is started with a wrong key for a child, and after a while with the right one.
    WrongKey(usize),
}

/// What a harm is done to. One thing has one fault at a time; different things may have theirs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Process(usize),
    Broker(usize),
    Store(usize),
    Line(Line),
    /// What a node signs with, and what its parent takes for that.
    Key(usize),
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Since the fault before it began.
    pub after: Duration,
    pub harm: Harm,
    /// Until it is healed; a start of a server comes on top.
    pub lasts: Duration,
}

impl Harm {
    pub fn victim(self) -> Victim {
        match self {
            Harm::KillProcess(process) | Harm::FreezeProcess(process) => Victim::Process(process),
            Harm::KillBroker(at) | Harm::RestartBroker(at) | Harm::MemoryAlarm(at) | Harm::DiskAlarm(at) => {
                Victim::Broker(at)
            }
            Harm::KillStore(at) | Harm::StopStore(at) => Victim::Store(at),
            Harm::Cut(line) | Harm::Reset(line) | Harm::Silence(line) | Harm::Slow(line, _) => Victim::Line(line),
            Harm::WrongKey(child) => Victim::Key(child),
        }
    }

    /// What is done, in words.
    pub fn deed(self) -> &'static str {
        match self {
            Harm::KillProcess(_) | Harm::KillBroker(_) | Harm::KillStore(_) => "kill -9",
            Harm::FreezeProcess(_) => "SIGSTOP",
            Harm::RestartBroker(_) => "restart",
            Harm::MemoryAlarm(_) => "memory alarm",
            Harm::DiskAlarm(_) => "disk alarm",
            Harm::StopStore(_) => "stop",
            Harm::Cut(_) => "cut",
            Harm::Reset(_) => "reset",
            Harm::Silence(_) => "silent",
            Harm::Slow(..) => "slow",
            Harm::WrongKey(_) => "wrong",
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Victim::Process(process) => write!(f, "sesame {}", layout::process_name(process)),
            Victim::Broker(at) => write!(f, "{} RabbitMQ", SERVERS[at]),
            Victim::Store(at) => write!(f, "{} PostgreSQL", SERVERS[at]),
            Victim::Line(line) => write!(f, "line {line}"),
            Victim::Key(child) => {
                // Keys of children alone are drawn.
                let parent = PLACES[child].parent.map_or("", |parent| PLACES[parent].region);
                write!(f, "key of {} at {parent}", PLACES[child].region)
            }
        }
    }
}

/// One of each kind, before any comes again.
const EACH: [fn(&mut Chance) -> Harm; 13] = [
    |chance| Harm::KillProcess(process(chance)),
    |chance| Harm::FreezeProcess(process(chance)),
    |chance| Harm::KillBroker(servers(chance)),
    |chance| Harm::RestartBroker(servers(chance)),
    |chance| Harm::MemoryAlarm(servers(chance)),
    |chance| Harm::DiskAlarm(servers(chance)),
    |chance| Harm::KillStore(servers(chance)),
    |chance| Harm::StopStore(servers(chance)),
    |chance| Harm::Cut(line(chance)),
    |chance| Harm::Reset(line(chance)),
    |chance| Harm::Silence(line(chance)),
    |chance| Harm::Slow(line(chance), chance.millis(20, 600)),
    |chance| Harm::WrongKey(child(chance)),
];

/// What comes besides: processes, stores, lines and keys fail more often than brokers, whose start takes long.
const BESIDES: [fn(&mut Chance) -> Harm; 9] = [
    |chance| Harm::KillProcess(process(chance)),
    |chance| Harm::KillProcess(process(chance)),
    |chance| Harm::KillProcess(process(chance)),
    |chance| Harm::FreezeProcess(process(chance)),
    |chance| Harm::KillStore(servers(chance)),
    |chance| Harm::Cut(line(chance)),
    |chance| Harm::Reset(line(chance)),
    |chance| Harm::Silence(line(chance)),
    |chance| Harm::WrongKey(child(chance)),
];
/// How often, for once each of the first.
const TIMES: usize = 3;

fn process(chance: &mut Chance) -> usize {
    chance.below(layout::processes().len())
}

fn servers(chance: &mut Chance) -> usize {
    chance.below(SERVERS.len())
}

fn line(chance: &mut Chance) -> Line {
    let lines = layout::lines();
    lines[chance.below(lines.len())]
}

/// A node that shares up.
fn child(chance: &mut Chance) -> usize {
    let children: Vec<usize> = (0..PLACES.len()).filter(|node| PLACES[*node].parent.is_some()).collect();
    children[chance.below(children.len())]
}

/// In a run of fewer faults none lasts longer than [`LONGEST_OF_FEW`].
const FEW: usize = 40;
const LONGEST_OF_FEW: Duration = Duration::from_secs(5);

/// The faults of a seed. The first thirteen are one of each kind.
pub fn plan(seed: u64, kills: usize) -> Vec<Fault> {
    let mut chance = Chance::new(seed, 0);
    let mut kinds: Vec<fn(&mut Chance) -> Harm> = Vec::new();
    while kinds.len() < kills {
        let (mut each, mut besides) = (EACH, [BESIDES; TIMES].concat());
        chance.shuffle(&mut each);
        chance.shuffle(&mut besides);
        kinds.extend(each.into_iter().chain(besides));
    }
    kinds.truncate(kills);
    let faults = kinds.into_iter().map(|kind| {
        let harm = kind(&mut chance);
        let lasts = lasts(harm, &mut chance);
        // One in five begins almost together with the one before it.
        let after = if chance.percent(20) { chance.millis(0, 150) } else { chance.millis(300, 3_700) };
        Fault { after, harm, lasts: if kills < FEW { lasts.min(LONGEST_OF_FEW) } else { lasts } }
    });
    faults.collect()
}

fn lasts(harm: Harm, chance: &mut Chance) -> Duration {
    match harm {
        Harm::KillProcess(_) | Harm::KillBroker(_) | Harm::KillStore(_) => chance.millis(0, 2_500),
        Harm::RestartBroker(_) | Harm::Reset(_) => Duration::ZERO,
        Harm::FreezeProcess(_) => chance.millis(1_000, 12_000),
        Harm::MemoryAlarm(_) | Harm::DiskAlarm(_) => chance.millis(2_000, 10_000),
        // Mostly some seconds, sometimes up to a minute.
        Harm::StopStore(_) if chance.percent(20) => chance.millis(20_000, 60_000),
        Harm::StopStore(_) => chance.millis(3_000, 15_000),
        Harm::Cut(_) => chance.millis(200, 8_000),
        // Longer than a heartbeat is waited for, now and then.
        Harm::Silence(_) if chance.percent(30) => chance.millis(20_000, 30_000),
        Harm::Silence(_) => chance.millis(1_000, 10_000),
        Harm::Slow(..) => chance.millis(3_000, 12_000),
        // From the first failure on: one attempt, or two, or three and the mark, or some rounds.
        Harm::WrongKey(_) => chance.millis(500, 7_000),
    }
}
