//! Integration tests against a real RabbitMQ and PostgreSQL, which the harness starts privately; they end with the process.

mod apps;
mod contract;
mod harness;
mod invariants;
mod months;
mod refusals;
mod samples;
mod spine;
mod tls;
mod topology;
mod walls;
mod weather;
