//! The rules of the house: who may use what, and how large a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rooms each room may use. A line added here is a decision about the architecture.
const ARROWS: [(&str, &[&str]); 31] = [
    ("standard", &[]),
    ("metrics", &[]),
    ("clock", &["standard"]),
    ("record", &["standard"]),
    ("failure", &[]),
    ("dataset", &["standard"]),
    ("receipt", &["standard"]),
    ("batch", &["dataset", "record", "standard"]),
    ("config", &["standard"]),
    ("archive", &["standard"]),
    ("lab", &[]),
    ("federation", &["config", "standard"]),
    ("tls", &["config", "metrics", "standard"]),
    ("server", &["metrics", "tls"]),
    ("client", &["standard", "tls"]),
    ("transmission", &["client", "clock", "standard"]),
    ("generate", &["dataset", "standard"]),
    ("interface", &["dataset", "generate", "standard"]),
    ("broker", &["failure", "metrics", "standard", "tls"]),
    ("store", &["failure", "receipt", "record", "standard", "tls"]),
    ("volume", &["standard"]),
    ("desk", &["batch", "broker", "clock", "dataset", "failure", "standard", "store"]),
    ("history", &["batch", "dataset", "record", "standard", "store"]),
    (
        "flow",
        &[
            "apps", "archive", "batch", "broker", "client", "clock", "config", "dataset", "failure", "metrics",
            "receipt", "record", "standard", "store", "volume",
        ],
    ),
    ("apps", &["clock", "config", "metrics", "standard", "store", "volume"]),
    ("marks", &["clock", "config", "metrics", "standard", "store"]),
    (
        "ingress",
        &[
            "apps",
            "batch",
            "broker",
            "clock",
            "config",
            "dataset",
            "interface",
            "marks",
            "metrics",
            "receipt",
            "standard",
            "store",
            "tls",
            "volume",
        ],
    ),
    ("console", &["dataset", "desk", "interface", "metrics", "standard", "store", "tls"]),
    (
        "node",
        &[
            "apps",
            "batch",
            "broker",
            "client",
            "clock",
            "config",
            "console",
            "dataset",
            "desk",
            "failure",
            "flow",
            "ingress",
            "interface",
            "marks",
            "metrics",
            "receipt",
            "server",
            "standard",
            "store",
            "tls",
            "volume",
        ],
    ),
    (
        "demo",
        &[
            "broker",
            "client",
            "config",
            "dataset",
            "failure",
            "federation",
            "generate",
            "lab",
            "node",
            "standard",
            "store",
            "tls",
        ],
    ),
    (
        "cli",
        &[
            "apps",
            "archive",
            "batch",
            "broker",
            "clock",
            "client",
            "config",
            "dataset",
            "demo",
            "desk",
            "federation",
            "generate",
            "history",
            "interface",
            "lab",
            "marks",
            "metrics",
            "node",
            "record",
            "standard",
            "store",
            "tls",
            "transmission",
        ],
    ),
];

/// Crates that only some rooms may name.
const GUARDED: [(&str, &[&str]); 15] = [
    ("lapin", &["broker"]),
    ("tokio_postgres", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("axum", &["ingress", "console", "node", "server"]),
    ("hyper", &["server"]),
    ("hyper_util", &["server"]),
    ("rustls", &["tls"]),
    ("tokio_rustls", &["tls"]),
    ("x509_parser", &["standard", "tls"]),
    ("tokio_postgres_rustls", &["store"]),
    ("async_rs", &["broker"]),
    ("rcgen", &["lab"]),
    ("ccm", &["apps"]),
    ("governor", &["volume"]),
    ("reqwest", &["broker", "client", "demo", "node"]),
];

/// Rooms that do no I/O and know no clock; reading the dictionary's files at start is the one exception.
const PURE: [&str; 8] = ["standard", "failure", "receipt", "record", "batch", "dataset", "generate", "interface"];
const IMPURE: [&str; 7] =
    ["tokio", "std::fs", "std::net", "std::env", "std::process", "std::time::SystemTime", "std::time::Instant"];
const EXCEPTIONS: [&str; 1] = ["src/dataset/dictionary.rs"];

const MOST_LINES: usize = 500;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut sources) = (vec![root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root).unwrap().to_owned();
                let room = relative.components().nth(1).unwrap().as_os_str().to_string_lossy().replace(".rs", "");
                sources.push(Source { text: std::fs::read_to_string(&path).unwrap(), path: relative, room });
            }
        }
    }
    assert!(sources.len() > 100, "the sources were not found");
    sources
}

/// The lines of a file before its unit tests that are no comments.
fn code(source: &Source) -> impl Iterator<Item = &str> {
    let end = source.text.find("#[cfg(test)]").unwrap_or(source.text.len());
    source.text[..end].lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn arrows_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = BTreeSet::new();
    for source in sources().iter().filter(|source| !matches!(source.room.as_str(), "lib" | "main")) {
        let may =
            allowed.get(source.room.as_str()).unwrap_or_else(|| panic!("room {} is not in the table", source.room));
        for line in code(source) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                // `use crate::{config, metrics};`
                let used = if used.is_empty() { inside_braces(line) } else { vec![used] };
                for room in used.into_iter().filter(|room| *room != source.room && !may.contains(&room.as_str())) {
                    wrong.insert(format!("{} uses {room}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn inside_braces(line: &str) -> Vec<String> {
    let inside = line.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
    let rooms = inside.split(',').map(|part| part.trim().split("::").next().unwrap_or_default().to_owned());
    rooms.filter(|room| !room.is_empty()).collect()
}

#[test]
fn guarded_crates_stay_in_their_rooms() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        for (name, rooms) in GUARDED {
            let path = format!("{name}::");
            if !rooms.contains(&source.room.as_str()) && code(&source).any(|line| names(line, &path)) {
                wrong.insert(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a line names a path, not only the end of a longer name: `rustls::` in `tokio_rustls::`.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn pure_rooms_do_no_io_and_know_no_clock() {
    let mut wrong = BTreeSet::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.room.as_str())) {
        let excepted = EXCEPTIONS.iter().any(|path| source.path == Path::new(path));
        for name in IMPURE {
            if !excepted && code(source).any(|line| line.contains(name)) {
                wrong.insert(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.lines().count() > MOST_LINES)
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:?}");
}
