//! The months of the store: made ahead, archived, dropped (§6.4).

mod archive;
mod failures;
mod fixture;
mod retention;
