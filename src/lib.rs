//! sesame, the Special Equipment Safety Administration Message Exchange: a message-queue federation broker for
//! 《特种设备安全监管信息共享接口规范》 (MR/T, draft). `docs/architecture.md` is the map of the rooms below; arrows point down.

pub mod apps;
pub mod archive;
pub mod batch;
pub mod broker;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod console;
pub mod dataset;
pub mod demo;
pub mod desk;
pub mod failure;
pub mod federation;
pub mod flow;
pub mod generate;
pub mod history;
pub mod ingress;
pub mod interface;
pub mod lab;
pub mod marks;
pub mod metrics;
pub mod node;
pub mod receipt;
pub mod record;
pub mod server;
pub mod standard;
pub mod store;
pub mod tls;
pub mod transmission;
pub mod volume;
