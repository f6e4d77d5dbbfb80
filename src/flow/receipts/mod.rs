//! Receipts (§6.5.3, §7.4): this node's verdicts on what its children sent go down to them ([`Receipts`], [`Announcer`]), those of
//! the tiers above come from the parent and go on down ([`Reader`]), and what stays unsettled is asked for, or sent again
//! ([`Asker`]). All of it rides behind persistence and may lose whatever it likes: a child asks again.

mod announce;
mod answer;
mod ask;
mod handle;
mod read;

pub use announce::Announcer;
pub use ask::Asker;
pub use handle::{Inbox, Parent, Receipts};
pub use read::Reader;

use crate::batch::NodeIdentity;
use crate::failure::Reason;
use crate::standard::sign::{Canonical, Profile, Signer};

/// Failures of a hop's signature: what the child sent cannot be verified, so it signs anew and sends again.
pub(super) const OF_SIGNATURE: [&str; 2] = [Reason::SignMismatch.code(), Reason::UnknownSender.code()];

/// A number that tells the node's present key from others, and nothing of the key.
fn key_mark(node: &NodeIdentity) -> i32 {
    let signer = Signer { cipher: node.cipher.as_ref(), profile: Profile::Hmac, key: &node.key };
    let sign = signer.sign(&Canonical::Headers("key"));
    // A signature is hexadecimal and longer than this.
    sign.get(..8).and_then(|start| u32::from_str_radix(start, 16).ok()).unwrap_or_default().cast_signed()
}
