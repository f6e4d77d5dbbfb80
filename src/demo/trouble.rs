//! What goes wrong on purpose once every tier agrees, so that the failure desk can be tried: two things that go wrong between
//! offices. README.md, "When something fails", mends both.

use super::compare::Stores;
use super::feed::Feeder;
use super::nodes::Nodes;
use super::settings::Shared;
use super::{DemoError, DemoNode, Federation};
use crate::failure::Reason;
use crate::generate::Record;
use crate::standard::code::BusinessCode;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Who takes part in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast {
    /// A county with a record that a tier above it does not take.
    pub(super) sender: DemoNode,
    /// The tier that does not: it has a rule of its own.
    pub(super) strict: DemoNode,
    /// A county that signs with a new key.
    pub(super) renewed: DemoNode,
    /// Its parent, which has not been told.
    pub(super) untold: DemoNode,
}

/// The dataset that the strict tier has a rule of its own for: supervisory checks.
const DATASET: &str = "007";
/// The characters that the shipped rule takes in a remark, and those that the strict tier does.
const REMARK: [u32; 2] = [500, 20];
/// A remark of more characters than the strict tier takes.
const LONG: &str = "企业正在搬迁，三台电梯的技术资料暂存原址，复查时由检查人员核对并补录";
/// Records of each batch.
const RECORDS: u32 = 3;
/// From sending a batch until it is marked failed.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);

impl Federation {
    /// Who takes part in the demo's trouble. A test holds the built-in federation to two counties with four tiers each.
    pub(super) fn cast(&self) -> Cast {
        let ways: Vec<Vec<DemoNode>> = self.counties().map(|county| self.way_up(county)).collect();
        Cast { sender: ways[0][0], strict: ways[0][2], renewed: ways[1][0], untold: ways[1][1] }
    }
}

/// The strict tier's version of a dictionary file: it takes shorter remarks.
pub(super) fn stricter(file: &str, text: &str) -> String {
    if file != format!("{DATASET}.json") {
        return text.to_owned();
    }
    let longest =
        |characters: u32| format!(r#""备注", "type": "string", "x-type": "string", "maxLength": {characters}"#);
    let [shipped, here] = REMARK.map(longest);
    text.replace(&shipped, &here).replace(r#""x-version": "2""#, r#""x-version": "3""#)
}

/// Lets both things happen, and returns once both batches are marked failed. The feeders are those of the sender and of the renewed
/// county; `unused` is a record's number from which on none has been sent.
pub(super) async fn make(
    cast: &Cast,
    feeders: [&Feeder<'_>; 2],
    unused: u32,
    stores: &Stores,
    shared: &Shared,
    (nodes, folder): (&mut Nodes, &Path),
) -> Result<(), DemoError> {
    let code = BusinessCode::parse(DATASET).map_err(|error| DemoError::Refused(error.to_string()))?;
    let [sender, renewed] = feeders;
    let records = |feeder: &Feeder<'_>| {
        (unused..unused + RECORDS).map(|index| feeder.world.record(code, index)).collect::<Result<Vec<Record>, _>>()
    };
    let mut remarked = records(sender)?;
    remarked[1] = remarked[1].clone().and("BZ", LONG);
    sender.add_batch(code, remarked).await?;
    shared.renew_key(&cast.renewed, &Uuid::new_v4().simple().to_string(), folder)?;
    nodes.restart(cast.renewed.region).await?;
    renewed.add_batch(code, records(renewed)?).await?;
    parked(stores, &cast.untold, Reason::SignMismatch).await?;
    parked(stores, &cast.strict, Reason::InvalidRecords).await
}

/// Waits until a node has a failure of this reason that is marked failed.
async fn parked(stores: &Stores, node: &DemoNode, reason: Reason) -> Result<(), DemoError> {
    let deadline = Instant::now() + PATIENCE;
    while !stores.has_parked(node, reason.code()).await? {
        if Instant::now() > deadline {
            return Err(DemoError::NoFailure { region: node.region, reason: reason.code() });
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Tells what has failed, and how to look at it.
pub(super) fn show(cast: &Cast, folder: &Path) {
    let Cast { sender, strict, renewed, untold } = cast;
    // As this program was called, so that the line can be copied.
    let program = std::env::args().next().unwrap_or_else(|| "sesame".to_owned());
    println!("\ntwo batches have failed, on purpose:");
    for (node, reason, told) in [
        (
            untold,
            Reason::SignMismatch,
            format!("county {} signs with a new key, which this city does not know", renewed.region),
        ),
        (
            strict,
            Reason::InvalidRecords,
            format!("a record of county {} has a longer remark than this province takes", sender.region),
        ),
    ] {
        println!("  {} at {}: {told}", reason.code(), node.region);
        println!("    {program} failures list --config {}", folder.join(format!("{}.toml", node.region)).display());
    }
    println!("README.md, \"When something fails\", mends both and replays what has failed");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dictionary;

    #[test]
    fn the_strict_tier_refuses_what_the_shipped_rules_take() {
        for (name, text) in Dictionary::builtin_files().filter(|(name, _)| *name != "007.json") {
            assert_eq!(stricter(name, text), text, "{name}");
        }
        let (_, shipped) = Dictionary::builtin_files().find(|(name, _)| *name == "007.json").unwrap();
        let strict: serde_json::Value = serde_json::from_str(&stricter("007.json", shipped)).unwrap();
        // The walk-through changes both.
        assert_eq!((&strict["properties"]["BZ"]["maxLength"], &strict["x-version"]), (&20.into(), &"3".into()));
        let length = LONG.chars().count() as u32;
        let [shipped, here] = REMARK;
        assert!(here < length && length <= shipped, "{length}");
    }

    #[test]
    fn the_cast_is_the_one_the_readme_speaks_of() {
        let Cast { sender, strict, renewed, untold } = Federation::builtin().cast();
        let regions = [sender, strict, renewed, untold].map(|node| node.region.to_string());
        assert_eq!(regions, ["370203", "370000", "320106", "320100"]);
    }
}
