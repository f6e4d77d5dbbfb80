//! The nodes of the demo: the federation of `topology/demo.toml`, numbered.

use crate::federation;
use crate::standard::region::{Region, RegionTable};

/// The nodes, in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Federation {
    nodes: Vec<DemoNode>,
}

/// One node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoNode {
    number: u16,
    /// Its region.
    pub region: Region,
    /// Its parent's region; none at the nation.
    pub parent: Option<Region>,
}

impl Federation {
    /// The federation that ships with sesame.
    pub fn builtin() -> Self {
        let declared = federation::Federation::parse(include_str!("../../topology/demo.toml"), &RegionTable::builtin());
        // A test reads the same file, so a build that passes its tests cannot fail here.
        let declared = declared.expect("the built-in federation is well-formed");
        let numbered = (1..).zip(declared.nodes());
        let node = |(number, node): (u16, &federation::FederationNode)| DemoNode {
            number,
            region: node.region,
            parent: node.parent,
        };
        Self { nodes: numbered.map(node).collect() }
    }

    /// The nodes.
    pub fn nodes(&self) -> &[DemoNode] {
        &self.nodes
    }

    /// The nodes that share up to `region`.
    pub fn children(&self, region: Region) -> impl Iterator<Item = &DemoNode> {
        self.nodes.iter().filter(move |node| node.parent == Some(region))
    }

    /// The nodes that nobody shares up to: where the demo's records enter.
    pub fn counties(&self) -> impl Iterator<Item = &DemoNode> {
        self.nodes.iter().filter(|node| self.children(node.region).next().is_none())
    }

    /// The nodes from `node` up to the nation.
    pub fn way_up(&self, node: &DemoNode) -> Vec<DemoNode> {
        let mut way = vec![*node];
        while let Some(parent) = way.last().and_then(|node| node.parent)
            && let Some(node) = self.nodes.iter().find(|node| node.region == parent)
        {
            way.push(*node);
        }
        way
    }
}

impl DemoNode {
    /// Port of the standard's interface.
    pub fn interface_port(&self) -> u16 {
        18_100 + self.number
    }

    /// Port of the console.
    pub fn console_port(&self) -> u16 {
        19_100 + self.number
    }

    /// Port of metrics and health.
    pub fn metrics_port(&self) -> u16 {
        19_200 + self.number
    }

    /// Appid of the demo's app at this node.
    pub fn app(&self) -> String {
        format!("demo-{}", self.region)
    }

    /// The node's own appid.
    pub fn appid(&self) -> String {
        format!("node-{}", self.region)
    }

    /// Its settings, in the demo's folder.
    pub fn settings_file(&self) -> String {
        format!("{}.toml", self.region)
    }

    /// Its key, beside the settings.
    pub(super) fn key_file(&self) -> String {
        format!("{}.key", self.region)
    }

    /// Its data dictionary, beside the settings, where it has one of its own.
    pub(super) fn datasets_folder(&self) -> String {
        format!("{}.datasets", self.region)
    }

    /// Vhost and database.
    pub fn name(&self) -> String {
        format!("sesame-{}", self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_counties_lead_up_to_one_nation() {
        let federation = Federation::builtin();
        assert_eq!(federation.nodes()[0].interface_port(), 18_101);
        let counties: Vec<_> = federation.counties().copied().collect();
        assert_eq!(counties.len(), 2);
        for county in counties {
            let way = federation.way_up(&county);
            assert_eq!(way.len(), 4);
            assert_eq!(way[3].region, Region::NATION);
        }
    }
}
