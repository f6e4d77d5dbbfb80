//! What this process remembers of randoms used at its door.
//!
//! The batch id is derived from the random, so a reuse that is forgotten here (another process, a restart, a random of
//! long ago) is still caught when the batch is committed; this memory only says so at once.

use super::outcome::Denial;
use crate::standard::refusal::RefusalCode;
use quick_cache::sync::Cache;
use uuid::Uuid;

/// Remembers the latest uses, up to a fixed number.
pub struct Randoms {
    uses: Cache<Uuid, Use>,
}

/// What a random was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    /// SM3 over business code, action and content.
    content: [u8; 32],
    /// A query's answer is of its moment, so a query is never answered again.
    is_write: bool,
}

/// What this use of a random is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The first one known.
    First,
    /// The same write once more: it is answered as before.
    Again,
    /// Anything else: `RANDOM_REUSED`.
    Reused,
}

/// About 100 bytes each: 20 MB at most.
const CAPACITY: usize = 200_000;

impl Randoms {
    /// An empty memory.
    pub fn new() -> Self {
        Self { uses: Cache::new(CAPACITY) }
    }

    /// What a use of a random would be, without noting it.
    pub fn look(&self, id: Uuid, content: [u8; 32], is_write: bool) -> Seen {
        match self.uses.get(&id) {
            None => Seen::First,
            Some(known) if is_write && known == (Use { content, is_write }) => Seen::Again,
            Some(_) => Seen::Reused,
        }
    }

    /// Forgets a use: what was asked could not be answered, and may be asked again.
    pub fn forget(&self, id: Uuid) {
        self.uses.remove(&id);
    }

    /// Notes the use of a random, by the batch id that stands for (node, appid, random).
    pub fn note(&self, id: Uuid, content: [u8; 32], is_write: bool) -> Seen {
        let this = Use { content, is_write };
        match self.uses.get_value_or_guard(&id, None) {
            quick_cache::sync::GuardResult::Value(known) if known == this && is_write => Seen::Again,
            quick_cache::sync::GuardResult::Value(_) => Seen::Reused,
            quick_cache::sync::GuardResult::Guard(guard) => {
                // Fails only if the entry was removed meanwhile, which leaves the memory as it would be after eviction.
                let _ = guard.insert(this);
                Seen::First
            }
            // Only waiting with a timeout times out.
            quick_cache::sync::GuardResult::Timeout => Seen::First,
        }
    }
}

impl Default for Randoms {
    fn default() -> Self {
        Self::new()
    }
}

/// A use that is none of the first, nor the same write again, is refused.
pub(super) fn refuse_reuse(seen: Seen) -> Result<(), Denial> {
    match seen {
        Seen::First | Seen::Again => Ok(()),
        Seen::Reused => Err(Denial::new(
            RefusalCode::RandomReused,
            "请求随机标识已用于另一次请求：每次请求应生成新的 random；只有内容完全相同的新增、修改、删除可以用原 random 重发",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_may_be_repeated_and_nothing_else() {
        let randoms = Randoms::new();
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(randoms.look(a, [1; 32], true), Seen::First);
        assert_eq!(randoms.note(a, [1; 32], true), Seen::First);
        assert_eq!(randoms.look(a, [1; 32], true), Seen::Again);
        assert_eq!(randoms.look(a, [2; 32], true), Seen::Reused);
        assert_eq!(randoms.note(a, [1; 32], true), Seen::Again);
        assert_eq!(randoms.note(a, [2; 32], true), Seen::Reused);
        assert_eq!(randoms.note(a, [1; 32], false), Seen::Reused);
        assert_eq!(randoms.note(b, [1; 32], false), Seen::First);
        assert_eq!(randoms.note(b, [1; 32], false), Seen::Reused);
    }
}
