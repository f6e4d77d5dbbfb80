//! What is sent: signed bodies made before anything is measured, the same for every subject of a run.

use anyhow::{Context, Result};
use bytes::Bytes;
use sesame::generate::World;
use sesame::standard::busilist::Array;
use sesame::standard::cipher::{Key, Software};
use sesame::standard::code::{Action, BusinessCode};
use sesame::standard::envelope::{Busilist, Envelope};
use sesame::standard::random::Random;
use sesame::standard::region::{Region, RegionTable};
use sesame::standard::sign::{Profile, Signer};
use uuid::Uuid;

/// The appid everything is sent as.
pub const APPID: &str = "bench";
/// Its key, and that of everybody else in the benchmark.
pub const KEY: &str = "0123456789abcdeffedcba9876543210";
/// Inspections: a dataset with a primary key of one field and about as many fields as the others.
pub const BUSICODE: &str = "007";
/// Its primary key.
pub const KEY_FIELD: &str = "JCJLBH";

/// Optional fields that are left out, so that a record comes to about the 465 bytes of the measured floor.
const LEFT_OUT: [&str; 2] = ["BJCDZ", "JCJGDM"];
/// So many different records are generated; each is sent many times under other keys.
const TEMPLATES: u32 = 10_000;

/// Makes bodies with records that no other body of the same corpus has.
pub struct Corpus {
    templates: Vec<Template>,
    key: Key,
    /// The next record's number.
    next: u64,
}

/// A generated record around the value of its key.
struct Template {
    before: String,
    after: String,
}

/// Bodies, each with the random of its envelope.
pub struct Bodies {
    /// In the order they are sent.
    pub bodies: Vec<Bytes>,
    /// The randoms, in the same order.
    pub randoms: Vec<String>,
    /// Records in each.
    pub records: usize,
}

impl Bodies {
    /// Records in all of them.
    pub fn total(&self) -> u64 {
        (self.bodies.len() * self.records) as u64
    }
}

impl Corpus {
    /// Generates the records of a region.
    pub fn new(region: Region) -> Result<Self> {
        let world = World::new(1, region, &RegionTable::builtin())?;
        let templates = world.records(BusinessCode::parse(BUSICODE)?, TEMPLATES)?;
        let templates = templates.map(|record| {
            let kept: serde_json::Map<String, serde_json::Value> = record
                .members()
                .filter(|(name, _)| !LEFT_OUT.contains(name))
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect();
            let (text, value) = (serde_json::to_string(&kept)?, record.get(KEY_FIELD).context("a key")?);
            let (before, after) = text.split_once(value).context("a key in the text")?;
            Ok(Template { before: before.to_owned(), after: after.to_owned() })
        });
        Ok(Self { templates: templates.collect::<Result<_>>()?, key: Key::parse(KEY)?, next: 0 })
    }

    /// `count` bodies of `records` new records each.
    pub fn bodies(&mut self, count: usize, records: usize) -> Bodies {
        let made = (0..count).map(|_| self.body(records));
        let (bodies, randoms) = made.unzip();
        Bodies { bodies, randoms, records }
    }

    /// `count` new records, each with its key.
    pub fn records(&mut self, count: usize) -> Vec<(String, String)> {
        (0..count).map(|_| self.record()).collect()
    }

    fn record(&mut self) -> (String, String) {
        let Template { before, after } = &self.templates[(self.next % self.templates.len() as u64) as usize];
        let key = scattered_key(self.next);
        let record = [before, key.as_str(), after].concat();
        self.next += 1;
        (key, record)
    }

    fn body(&mut self, records: usize) -> (Bytes, String) {
        let mut list = String::with_capacity(records * 512);
        for at in 0..records {
            list.push(if at == 0 { '[' } else { ',' });
            list.push_str(&self.record().1);
        }
        list.push(']');
        self.signed(Action::Add, &list)
    }

    /// A body with this list, and its random.
    pub fn signed(&self, action: Action, list: &str) -> (Bytes, String) {
        let random = Random::from(Uuid::new_v4());
        let envelope = Envelope {
            appid: APPID.into(),
            busicode: BUSICODE.into(),
            action: action.code().into(),
            busilist: Busilist::Array(Array::known(list)),
            random: random.clone(),
            sign: "".into(),
        };
        let signer = Signer { cipher: &Software, profile: Profile::Digest, key: &self.key };
        (Bytes::from(envelope.signed(signer).write()), random.as_str().to_owned())
    }
}

/// A key of its own for each number, scattered over the index as the keys of many senders are.
fn scattered_key(number: u64) -> String {
    // splitmix64's finaliser: a bijection, so no two numbers meet.
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("JC{:016X}", mixed ^ (mixed >> 31))
}
