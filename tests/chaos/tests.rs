//! A short run of `make chaos`, runs that must fail, and tests of the checker's parts.

mod checker;
mod harness;
mod short;
