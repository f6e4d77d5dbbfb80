//! Values to ask for, drawn by a seed from what is in the store.

use anyhow::{Context, Result};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sesame::batch::batch_id;
use sesame::standard::moment::Moment;
use sesame::standard::region::Region;
use sesame::store::Store;
use std::cell::RefCell;
use time::OffsetDateTime;
use tokio_postgres::Client;
use uuid::Uuid;

/// What queries are drawn from. Every app, county and key is as likely as any other, however little it has sent.
pub struct Draw {
    rng: RefCell<ChaCha8Rng>,
    senders: Vec<(Region, String)>,
    counties: Vec<Region>,
    /// Batches whose id is made of sender and random as those of a node are: appid, random, id.
    batches: Vec<(String, String, Uuid)>,
    /// Randoms of queries and refusals.
    randoms: Vec<String>,
    /// Keys with the number of their dataset.
    keys: Vec<(i16, String)>,
    first: Moment,
    last: Moment,
}

const SAMPLES: i64 = 500;

impl Draw {
    /// Reads samples.
    pub async fn read(client: &Client, store: &Store) -> Result<Self> {
        let senders = store.senders(None).await?;
        let counties = client.query("SELECT region FROM place ORDER BY n", &[]).await?;
        let counties = counties.iter().filter_map(|row| Region::from_number(row.get::<_, i32>(0) as u32)).collect();
        let text = |row: &tokio_postgres::Row| row.get::<_, String>(0);
        let sample = format!("SELECT random FROM log TABLESAMPLE SYSTEM (1) LIMIT {SAMPLES}");
        let randoms = client.query(&sample, &[]).await?.iter().map(text).collect();
        let sample = format!("SELECT busicode, key FROM records TABLESAMPLE SYSTEM (1) LIMIT {SAMPLES}");
        let keys = client.query(&sample, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
        let span = client.query_one("SELECT min(at), max(at) FROM once", &[]).await?;
        let moment = |column: usize| span.get::<_, Option<OffsetDateTime>>(column).map(Moment::from);
        Ok(Self {
            rng: RefCell::new(ChaCha8Rng::seed_from_u64(7)),
            senders,
            counties,
            batches: named(client).await?,
            randoms,
            keys,
            first: moment(0).context("batches")?,
            last: moment(1).context("batches")?,
        })
    }

    fn any<'a, T>(&self, of: &'a [T]) -> &'a T {
        of.choose(&mut *self.rng.borrow_mut()).expect("the store was filled with some of each kind")
    }

    /// A number below `below`.
    pub fn number(&self, below: usize) -> usize {
        self.rng.borrow_mut().random_range(0..below)
    }

    /// An app.
    pub fn appid(&self) -> String {
        self.sender().1
    }

    /// An app with the node where it enters.
    pub fn sender(&self) -> (Region, String) {
        self.any(&self.senders).clone()
    }

    /// A county.
    pub fn county(&self) -> Region {
        *self.any(&self.counties)
    }

    /// The city, or province, of a county.
    pub fn above(&self, width: u32) -> Region {
        let number = self.county().number() / width * width;
        Region::from_number(number).expect("the first of a county's span is a region")
    }

    /// A moment of the thirteen months.
    pub fn moment(&self) -> Moment {
        let span = (self.last.micros() - self.first.micros()) as usize;
        self.first.plus_micros(self.number(span) as i64)
    }

    /// A batch: appid, random, id.
    pub fn batch(&self) -> (String, String, Uuid) {
        self.any(&self.batches).clone()
    }

    /// The random of a query or a refusal.
    pub fn random(&self) -> String {
        self.any(&self.randoms).clone()
    }

    /// A key with its dataset.
    pub fn key(&self) -> (i16, String) {
        self.any(&self.keys).clone()
    }

    /// A key of two parts with its dataset.
    pub fn double_key(&self) -> (i16, String) {
        loop {
            let key = self.key();
            if key.1.contains('\u{1f}') {
                return key;
            }
        }
    }
}

/// Gives some batches the ids that a node would have given them; the others were made by PostgreSQL, which cannot.
async fn named(client: &Client) -> Result<Vec<(String, String, Uuid)>> {
    let sample =
        format!("SELECT id, persisted_at, origin, appid, random FROM batches TABLESAMPLE SYSTEM (0.1) LIMIT {SAMPLES}");
    let mut batches = Vec::new();
    for row in client.query(&sample, &[]).await? {
        let (old, at): (Uuid, OffsetDateTime) = (row.get(0), row.get(1));
        let (appid, random): (String, String) = (row.get(3), row.get(4));
        let origin = Region::from_number(row.get::<_, i32>(2) as u32).context("a region")?;
        let id = batch_id(origin, &appid, &random);
        client.execute("UPDATE once SET id = $2 WHERE id = $1", &[&old, &id]).await?;
        let rename = "UPDATE batches SET id = $3 WHERE persisted_at = $2 AND id = $1";
        client.execute(rename, &[&old, &at, &id]).await?;
        batches.push((appid, random, id));
    }
    Ok(batches)
}
