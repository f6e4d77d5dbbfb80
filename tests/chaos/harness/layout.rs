//! Which nodes there are, what they are joined by, and which way a batch goes.
//!
//! ```text
//!   370203 (two processes) ─┐
//!                           ├─▶ 370200 ──▶ 370000
//!   370211 ─────────────────┘
//!   └── lower broker and store    └── upper broker and store
//! ```
//!
//! Two brokers and two stores, so that a child goes on while its parent's are away. Every line between two programs leads
//! through a proxy that can be made bad.

use std::fmt;

/// A node: one regulator's installation.
pub struct Place {
    /// Its region.
    pub region: &'static str,
    /// The node it shares up to.
    pub parent: Option<usize>,
    /// Which of the two pairs of servers it uses.
    pub servers: usize,
    /// How many `sesame serve` processes it runs.
    pub processes: usize,
}

/// The nodes; a node is known by its number in this list.
pub const PLACES: [Place; 4] = [
    Place { region: "370203", parent: Some(2), servers: 0, processes: 2 },
    Place { region: "370211", parent: Some(2), servers: 0, processes: 1 },
    Place { region: "370200", parent: Some(3), servers: 1, processes: 1 },
    Place { region: "370000", parent: None, servers: 1, processes: 1 },
];

/// The pairs of servers.
pub const SERVERS: [&str; 2] = ["lower", "upper"];

/// The tier that everything reaches in the end.
pub const TOP: usize = PLACES.len() - 1;

/// The node whose rules are stricter than those of the others.
pub const STRICT: usize = 2;

/// The nodes that callers send to. An app of the city sends records of the city's own region.
pub const ENTRIES: [usize; 3] = [0, 1, 2];

/// The nodes a batch passes, the entering one first.
pub fn way(entry: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(entry), |place| PLACES[*place].parent)
}

/// The node of each process, in the order of the processes.
pub fn processes() -> Vec<usize> {
    PLACES.iter().enumerate().flat_map(|(at, place)| std::iter::repeat_n(at, place.processes)).collect()
}

/// A line between two programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// From the callers to the interface of a process.
    Door(usize),
    /// From a node to its own broker.
    Broker(usize),
    /// From a node to its own store.
    Store(usize),
    /// From a node to its parent's broker.
    Uplink(usize),
}

/// Every line there is.
pub fn lines() -> Vec<Line> {
    let doors = (0..processes().len()).map(Line::Door);
    let nodes = 0..PLACES.len();
    let uplinks = nodes.clone().filter(|at| PLACES[*at].parent.is_some()).map(Line::Uplink);
    doors.chain(uplinks).chain(nodes.flat_map(|at| [Line::Broker(at), Line::Store(at)])).collect()
}

/// A process in words.
pub fn process_name(process: usize) -> String {
    let processes = processes();
    let node = processes[process];
    let nth = processes[..process].iter().filter(|other| **other == node).count();
    format!("{}-{}", PLACES[node].region, nth + 1)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Line::Door(process) => write!(f, "callers of {}", process_name(process)),
            Line::Broker(node) => write!(f, "{} to its broker", PLACES[node].region),
            Line::Store(node) => write!(f, "{} to its store", PLACES[node].region),
            Line::Uplink(node) => write!(f, "{} to its parent", PLACES[node].region),
        }
    }
}
