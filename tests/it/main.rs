//! Integration tests against a real RabbitMQ and PostgreSQL, which the harness starts privately; they end with the process.

mod apps;
mod contract;
mod desk;
mod harness;
mod history;
mod invariants;
mod link;
mod marks;
mod months;
mod poison;
mod receipts;
mod refusals;
mod rules;
mod samples;
mod spine;
mod tls;
mod topology;
mod walls;
mod weather;
