//! The parties of the store: what `sesame app` does to them, and what running nodes make of it (§6.5.1, §7.2, §7.3).

mod at_rest;
mod certificates;
mod diagnosis;
mod fixture;
mod granted;
mod lifecycle;
mod limits;
mod link;
mod outage;
mod rotation;
mod samples;
