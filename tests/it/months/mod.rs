//! The months of the store: made ahead, archived, dropped (§6.4).

mod archive;
mod fixture;
mod retention;
