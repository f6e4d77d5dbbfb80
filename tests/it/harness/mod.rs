//! One private RabbitMQ and PostgreSQL for the whole test process; a vhost and a database for each node of each test.

mod ahead;
mod api;
mod batch;
mod command;
mod forgery;
mod node;
mod process;
#[path = "../../shared/proxy.rs"]
mod proxy;
mod raw;
pub mod records;
mod wait;

pub use ahead::Ahead;
pub use api::Api;
pub use batch::batch;
pub use command::{Ended, sesame};
pub use forgery::{Forgery, honest, publish, region};
pub use node::{APP, KEY, Spec, TestNode};
pub use process::NodeProcess;
pub use proxy::{Proxy, Weather};
pub use raw::RawPublisher;
pub use wait::{eventually, fail_so};

use sesame::lab::{Lab, LabOptions, Scratch};
use std::sync::OnceLock;

/// The servers of this process. The lab's reaper stops them when the process ends, however it ends.
pub fn lab() -> &'static Lab {
    // `SESAME_LOG=sesame=debug cargo test` shows what the nodes of a failing test say.
    let filter = tracing_subscriber::EnvFilter::try_from_env("SESAME_LOG").unwrap_or_else(|_| "off".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    sesame::tls::install();
    static LAB: OnceLock<(Lab, Scratch)> = OnceLock::new();
    &LAB.get_or_init(|| {
        let folder = Scratch::new(&std::env::temp_dir(), "sesame-test").unwrap_or_else(|error| panic!("{error}"));
        let lab = Lab::start(&LabOptions::new(folder.path())).unwrap_or_else(|error| panic!("{error}"));
        (lab, folder)
    })
    .0
}

/// The URI of a new, empty database.
pub async fn database() -> String {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    tokio::task::spawn_blocking(move || {
        let server = lab().database.as_ref().expect("a database");
        server.create_database(&name).unwrap_or_else(|error| panic!("{error}"));
        server.uri(&name)
    })
    .await
    .expect("a blocking task")
}

/// Servers of one test's own, to be restarted. They end when dropped.
pub async fn own_lab() -> (Lab, tempfile::TempDir) {
    tokio::task::spawn_blocking(|| {
        let folder = tempfile::Builder::new().prefix("sesame-test-").tempdir().expect("a temporary folder");
        let lab = Lab::start(&LabOptions::new(folder.path())).unwrap_or_else(|error| panic!("{error}"));
        (lab, folder)
    })
    .await
    .expect("a blocking task")
}

/// Does something to a lab off the async threads.
pub async fn with(lab: Lab, act: impl FnOnce(&mut Lab) + Send + 'static) -> Lab {
    let mut lab = lab;
    tokio::task::spawn_blocking(move || {
        act(&mut lab);
        lab
    })
    .await
    .expect("a blocking task")
}
