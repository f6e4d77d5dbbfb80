//! A federation file. Pure.

use super::FederationError;
use crate::standard::region::{Region, RegionTable, Tier};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes of a federation, in the order of the file.
#[derive(Debug, Clone)]
pub struct Federation {
    nodes: Vec<FederationNode>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationNode {
    /// Its region.
    pub region: Region,
    /// Its parent's region; `None` where no node of the federation lies above it.
    pub parent: Option<Region>,
    /// Where its servers are.
    pub addresses: Addresses,
}

/// Where the servers of a node are. In a file, `{region}` stands for the node's code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Addresses {
    /// Its RabbitMQ, `amqps://host:port/vhost` without user and password, as its children reach it too.
    pub broker: Option<String>,
    /// `[broker] management` of its settings, as it is to stand there.
    pub management: Option<String>,
    /// `[store] uri` of its settings, as it is to stand there.
    pub store: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    addresses: Addresses,
    nodes: Vec<Entry>,
}

/// One node by `region`, or all regions of a tier by `within` and `tier`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    region: Option<String>,
    within: Option<String>,
    tier: Option<Tier>,
    #[serde(default)]
    except: Vec<String>,
    parent: Option<String>,
    broker: Option<String>,
    management: Option<String>,
    store: Option<String>,
}

impl Federation {
    /// Reads a federation file; the region table says which regions there are and what lies above them.
    pub fn parse(text: &str, table: &RegionTable) -> Result<Self, FederationError> {
        let document: Document = toml::from_str(text)?;
        let single: BTreeSet<&str> = document.nodes.iter().filter_map(|entry| entry.region.as_deref()).collect();
        let (mut places, mut nodes) = (BTreeMap::new(), Vec::new());
        for entry in &document.nodes {
            // An entry of its own goes before one that stands for many, so that a node can differ from its neighbours.
            let spoken_for = |region: &Region| entry.within.is_some() && single.contains(region.to_string().as_str());
            for region in entry.regions(table)?.into_iter().filter(|region| !spoken_for(region)) {
                if places.insert(region, entry).is_some() {
                    return Err(entry.wrong(format!("{region} is given by another entry already: use `except`")));
                }
                nodes.push((region, entry));
            }
        }
        let nodes = nodes.into_iter().map(|(region, entry)| {
            let parent = match &entry.parent {
                Some(parent) => Some(entry.parent_named(parent, region, &places)?),
                None => nearest_above(region, table, |above| places.contains_key(&above)),
            };
            Ok(FederationNode { region, parent, addresses: entry.addresses(&document.addresses, region) })
        });
        Ok(Self { nodes: nodes.collect::<Result<_, FederationError>>()? })
    }

    /// The nodes, in the order of the file.
    pub fn nodes(&self) -> &[FederationNode] {
        &self.nodes
    }

    /// The nodes that share up to `region`.
    pub fn children(&self, region: Region) -> impl Iterator<Item = &FederationNode> {
        self.nodes.iter().filter(move |node| node.parent == Some(region))
    }

    /// The node of a region.
    pub fn node(&self, region: Region) -> Option<&FederationNode> {
        self.nodes.iter().find(|node| node.region == region)
    }
}

impl FederationNode {
    /// The node's own appid: its user at brokers.
    pub fn appid(&self) -> String {
        appid(self.region)
    }
}

pub(super) fn appid(region: Region) -> String {
    format!("node-{region}")
}

impl Entry {
    fn wrong(&self, reason: impl Into<String>) -> FederationError {
        let entry = self.region.as_ref().or(self.within.as_ref()).map_or("without region", String::as_str);
        FederationError::Entry { entry: entry.to_owned(), reason: reason.into() }
    }

    fn read(&self, text: &str, table: &RegionTable) -> Result<Region, FederationError> {
        let region = Region::parse(text).map_err(|e| self.wrong(e.to_string()))?;
        match table.absence(region) {
            Some(absence) => Err(self.wrong(format!("{region} cannot have a node: {absence}"))),
            None => Ok(region),
        }
    }

    fn regions(&self, table: &RegionTable) -> Result<Vec<Region>, FederationError> {
        match (&self.region, &self.within, self.tier) {
            (Some(region), None, None) if self.except.is_empty() => Ok(vec![self.read(region, table)?]),
            (None, Some(within), Some(tier)) if self.parent.is_none() => {
                let within = self.read(within, table)?;
                let except =
                    self.except.iter().map(|text| self.read(text, table)).collect::<Result<BTreeSet<_>, _>>()?;
                let of_tier = |region: &Region| region.tier() == tier && within.covers(*region) && *region != within;
                let all: Vec<Region> = table.regions().map(|(region, _)| region).filter(of_tier).collect();
                if let Some(stranger) = except.iter().find(|region| !all.contains(region)) {
                    return Err(self.wrong(format!("except {stranger} is no {tier} within {within}")));
                }
                if all.is_empty() {
                    return Err(self.wrong(format!("the region table has no {tier} within {within}")));
                }
                Ok(all.into_iter().filter(|region| !except.contains(region)).collect())
            }
            _ => Err(self.wrong(
                "give either `region` (with `parent` if it is not the nearest above), or `within` and `tier` (with `except`)",
            )),
        }
    }

    fn parent_named(
        &self,
        text: &str,
        region: Region,
        places: &BTreeMap<Region, &Entry>,
    ) -> Result<Region, FederationError> {
        let parent = Region::parse(text).map_err(|e| self.wrong(e.to_string()))?;
        if parent == region || !parent.covers(region) {
            return Err(self.wrong(format!("parent {parent} does not cover it")));
        }
        if !places.contains_key(&parent) {
            return Err(self.wrong(format!(
                "parent {parent} is no node of this file; leave `parent` out, and add the [parent] section to the settings \
                 that its operator gives you"
            )));
        }
        Ok(parent)
    }

    fn addresses(&self, common: &Addresses, region: Region) -> Addresses {
        let address = |own: &Option<String>, common: &Option<String>| {
            own.as_ref().or(common.as_ref()).map(|text| text.replace("{region}", &region.to_string()))
        };
        Addresses {
            broker: address(&self.broker, &common.broker),
            management: address(&self.management, &common.management),
            store: address(&self.store, &common.store),
        }
    }
}

/// The nearest region above that takes part: by the table, since 429004 lies directly in 420000.
fn nearest_above(region: Region, table: &RegionTable, takes_part: impl Fn(Region) -> bool) -> Option<Region> {
    let mut at = region;
    while at != Region::NATION {
        at = table.entry(at).map_or(Region::NATION, |entry| entry.parent);
        if takes_part(at) {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Federation, String> {
        Federation::parse(text, &RegionTable::builtin()).map_err(|e| e.to_string())
    }

    fn region(text: &str) -> Region {
        Region::parse(text).unwrap()
    }

    #[test]
    fn the_files_that_ship_with_sesame_are_good() {
        let demo = parse(include_str!("../../topology/demo.toml")).unwrap();
        assert_eq!(demo.nodes().len(), 7);
        assert_eq!(demo.children(Region::NATION).count(), 2);
        let province = parse(include_str!("../../topology/province.toml")).unwrap();
        let tiers = |tier| province.nodes().iter().filter(|node| node.region.tier() == tier).count();
        assert_eq!((tiers(Tier::Province), tiers(Tier::City)), (1, 16));
        assert!(tiers(Tier::County) > 130, "{}", tiers(Tier::County));
        assert_eq!(province.children(region("370000")).count(), 16);
        assert!(province.nodes().iter().all(|node| node.addresses.broker.is_some() && node.addresses.store.is_some()));
    }

    #[test]
    fn one_entry_stands_for_all_regions_of_a_tier() {
        let text = "[addresses]\nbroker = \"amqp://{region}.example/s\"\n[[nodes]]\nregion = \"420000\"\n\
                    [[nodes]]\nwithin = \"420000\"\ntier = \"city\"\nexcept = [\"420200\"]\n\
                    [[nodes]]\nwithin = \"420000\"\ntier = \"county\"\n\
                    [[nodes]]\nregion = \"420102\"\nbroker = \"amqp://elsewhere/s\"\n";
        let federation = parse(text).unwrap();
        let node = |code: &str| federation.node(region(code));
        assert_eq!(node("420100").unwrap().parent, Some(region("420000")));
        assert!(node("420200").is_none());
        // Its city takes no part, so it shares up to the province; and 429004 has no city at all.
        assert_eq!(node("420202").unwrap().parent, Some(region("420000")));
        assert_eq!(node("429004").unwrap().parent, Some(region("420000")));
        assert_eq!(node("420103").unwrap().addresses.broker.as_deref(), Some("amqp://420103.example/s"));
        assert_eq!(node("420102").unwrap().addresses.broker.as_deref(), Some("amqp://elsewhere/s"));
        assert_eq!(node("420000").unwrap().parent, None);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, said) in [
            ("region = \"370203\"\nparent = \"320100\"", "does not cover"),
            ("region = \"370203\"\nparent = \"370200\"", "no node of this file"),
            ("region = \"370299\"", "not in the region table"),
            ("region = \"370205\"", "四方区 was in force until 2012-12-31, now 370203"),
            ("within = \"371200\"\ntier = \"county\"", "莱芜市 was in force"),
            ("region = \"37020\"", "37020"),
            ("within = \"370000\"", "give either"),
            ("within = \"370000\"\ntier = \"city\"\nparent = \"000000\"", "give either"),
            ("within = \"370203\"\ntier = \"city\"", "has no city within"),
            ("within = \"370000\"\ntier = \"city\"\nexcept = [\"320100\"]", "except 320100"),
            ("region = \"370203\"\n[[nodes]]\nregion = \"370203\"", "by another entry already"),
            ("region = \"370203\"\nregoin = \"x\"", "regoin"),
        ] {
            let error = parse(&format!("[[nodes]]\n{text}\n")).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
