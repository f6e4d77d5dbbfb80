//! Whose failures are counted together.

use super::{Failure, Rule, Standing};
use crate::store::StoredMark;
use std::net::IpAddr;

/// One transfer as its sender repeats it. The source keeps others from using up a sender's three tries: whoever knows its
/// appid and guesses its randoms marks his own address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Transfer {
    /// 应用账号; always of an app that is known.
    pub appid: String,
    /// 请求随机标识.
    pub random: String,
    /// The other end of the connection: a proxy's, where there is one in between.
    pub source: IpAddr,
}

impl Transfer {
    /// A transfer; an IPv4 address is the same however the listener's socket shows it.
    pub fn new(appid: &str, random: &str, source: IpAddr) -> Self {
        Self { appid: appid.to_owned(), random: random.to_owned(), source: source.to_canonical() }
    }

    /// How the store keeps it.
    pub(super) fn to_stored(&self, standing: &Standing) -> StoredMark {
        StoredMark {
            appid: self.appid.clone(),
            random: self.random.clone(),
            source: self.source,
            floor: standing.floor(),
            failures: standing.failures().iter().map(|failure| (failure.at, failure.nonce)).collect(),
        }
    }
}

impl Standing {
    /// What the store keeps of a transfer.
    pub fn of_stored(stored: &StoredMark, rule: Rule) -> Self {
        let failures = stored.failures.iter().map(|(at, nonce)| Failure { at: *at, nonce: *nonce });
        Self::new(stored.floor, failures.collect(), rule)
    }
}
