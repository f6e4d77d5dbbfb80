//! What an app may write and read (§6.5.1 授权管理).

use super::code::{Action, BusinessCode};
use super::region::Region;
use std::collections::BTreeSet;

/// What one app is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    /// Regions it may write and read; each covers all below.
    pub regions: Vec<Region>,
    /// Business codes granted; `None` means all.
    pub busicodes: Option<BTreeSet<BusinessCode>>,
    /// Actions granted; `None` means all.
    pub actions: Option<BTreeSet<Action>>,
}

impl Grants {
    /// Nothing.
    pub fn none() -> Self {
        Self { regions: Vec::new(), busicodes: Some(BTreeSet::new()), actions: Some(BTreeSet::new()) }
    }

    /// Whether the business code is granted.
    pub fn may_touch(&self, busicode: BusinessCode) -> bool {
        self.busicodes.as_ref().is_none_or(|granted| granted.contains(&busicode))
    }

    /// Whether the action is granted.
    pub fn may(&self, action: Action) -> bool {
        self.actions.as_ref().is_none_or(|granted| granted.contains(&action))
    }

    /// Whether records of the region are granted.
    pub fn may_reach(&self, region: Region) -> bool {
        self.regions.iter().any(|granted| granted.covers(region))
    }
}
