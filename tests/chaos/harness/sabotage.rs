//! Breaking sesame on purpose, to see that the checker notices.
//!
//! A product that holds data of record must not carry a hook that loses them, not even a sleeping one. So the hooks are put
//! where persist does its work, and yet outside of it: triggers in a node's database, which run within persist's own
//! transactions and make of them what a build without the guard in question would do.

use super::chance::Chance;
use super::flow::connect;
use super::layout::PLACES;
use super::verdict::Sort;
use anyhow::Result;

/// What goes wrong, at one node that the seed chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// One batch of two is acked and forgotten
    Drop,
    /// One batch of two enters the history twice
    Double,
    /// One record of two keeps its older state when a newer one comes
    Reorder,
}

impl Sabotage {
    /// What the checker must find, whatever else follows from it.
    pub fn sort(self) -> Sort {
        match self {
            Sabotage::Drop => Sort::Lost,
            Sabotage::Double => Sort::Doubled,
            Sabotage::Reorder => Sort::Differs,
        }
    }

    /// The node it happens at.
    pub fn node(seed: u64) -> usize {
        // A stream of its own, far from those of the senders.
        Chance::new(seed, u64::MAX).below(PLACES.len())
    }

    /// Puts it into a node's database.
    pub async fn install(self, database: &str) -> Result<()> {
        Ok(connect(database).await?.batch_execute(self.trigger()).await?)
    }

    fn trigger(self) -> &'static str {
        match self {
            // Persist finds that the row was not inserted, takes the batch for a repetition and acks it.
            Sabotage::Drop => {
                "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF abs(hashtext(NEW.id::text)) % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER sabotage BEFORE INSERT ON batches FOR EACH ROW EXECUTE FUNCTION sabotage()"
            }
            // As if the same batch had been taken for a new one: merging it again changes no state, but history tells.
            Sabotage::Double => {
                "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF abs(hashtext(NEW.first_batch::text)) % 2 = 0 THEN \
                 INSERT INTO changes VALUES (NEW.id, NEW.first_batch, NEW.first_ordinal); END IF; RETURN NULL; END $$; \
                 CREATE TRIGGER sabotage AFTER INSERT ON records FOR EACH ROW EXECUTE FUNCTION sabotage()"
            }
            // As if the change had come before the state that is there: that one is put over it.
            Sabotage::Reorder => {
                "CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF abs(hashtext(NEW.key)) % 2 = 0 THEN RETURN OLD; END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER sabotage BEFORE UPDATE ON records FOR EACH ROW EXECUTE FUNCTION sabotage()"
            }
        }
    }
}
