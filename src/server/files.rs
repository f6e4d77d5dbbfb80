//! The number of files the operating system lets this process open: each connection is one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How many files may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimit(pub usize);

/// What a process opens beside its listeners' connections: to broker, store and parent, files being read.
const RESERVE: usize = 256;

/// Raises the limit that holds to the highest this user may have, and says what it is. Service managers often start programs
/// with 1,024, which is a courtesy to programs that cannot count further.
pub fn raise_file_limit() -> FileLimit {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return FileLimit(1_024) };
    let raised = soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    FileLimit(usize::try_from(if raised { hard } else { soft }).unwrap_or(usize::MAX))
}

impl FileLimit {
    /// How many of `wanted` connections a listener can have beside `others` of other listeners. At least a few.
    pub fn connections(self, wanted: usize, others: usize) -> usize {
        wanted.min(self.0.saturating_sub(RESERVE + others)).max(8)
    }

    /// The limit that so many connections in all would need.
    pub fn needed(connections: usize) -> usize {
        connections + RESERVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_below_the_limit_of_files() {
        assert_eq!(FileLimit(20_000).connections(16_384, 1_280), 16_384);
        assert_eq!(FileLimit(4_096).connections(16_384, 1_280), 4_096 - 1_280 - RESERVE);
        assert_eq!(FileLimit(64).connections(16_384, 1_280), 8);
    }
}
