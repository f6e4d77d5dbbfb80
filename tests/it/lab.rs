//! The private servers themselves, against the real programs.

use sesame::lab::{BrokerPorts, BrokerSettings, Lab, LabError, LabOptions, PrivateBroker, PrivateDatabase, ports};
use std::os::unix::fs::PermissionsExt;

fn directory(mode: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    dir
}

#[test]
fn servers_survive_kills_and_are_found_again() {
    let dir = directory(0o755);
    let mut lab = Lab::start(&LabOptions::new(dir.path())).unwrap();
    let database = lab.database.as_mut().unwrap();
    database.create_database("county-370203").unwrap();
    database.kill9();
    database.restart().unwrap();
    assert!(matches!(database.create_database("county-370203"), Err(LabError::Tool { .. })), "it is there");
    let broker = lab.broker.as_mut().unwrap();
    broker.ctl(&["add_vhost", "kept"]).unwrap();
    broker.kill9();
    assert!(matches!(broker.pause(), Err(LabError::NotRunning { .. })));
    broker.restart().unwrap();
    assert!(broker.ctl(&["list_vhosts"]).unwrap().contains("kept"));
    lab.check().unwrap();
    assert!(matches!(Lab::start(&LabOptions::new(dir.path())), Err(LabError::DirectoryInUse { .. })));
    lab.stop().unwrap();
    let mut options = LabOptions::new(dir.path());
    options.broker = None;
    let lab = Lab::start(&options).unwrap();
    lab.database.as_ref().unwrap().drop_database("county-370203").unwrap();
    lab.database.as_ref().unwrap().create_database("county-370203").unwrap();
}

#[test]
fn a_broker_that_does_not_start_says_why() {
    let dir = directory(0o755);
    let settings = BrokerSettings { conf: vec![("nonsense.key".to_owned(), "1".to_owned())], ..Default::default() };
    let error = PrivateBroker::start_with(dir.path(), BrokerPorts::free().unwrap(), "broken", &settings).unwrap_err();
    assert!(matches!(&error, LabError::Died { log, .. } if log.contains("nonsense.key")), "{error}");
}

#[test]
fn a_taken_port_is_named() {
    let dir = directory(0o755);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = PrivateDatabase::start(dir.path(), port).unwrap_err().to_string();
    assert!(error.contains(&format!("port {port} (PostgreSQL) is taken by")), "{error}");
}

#[test]
fn a_database_out_of_reach_of_its_user_is_kept_elsewhere() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let hidden = directory(0o700);
    let dir = hidden.path().join("database");
    let port = ports::free_ports(1).unwrap()[0];
    let database = PrivateDatabase::start(&dir, port).unwrap();
    database.create_database("here").unwrap();
    let place = database.data_directory().parent().unwrap().to_owned();
    drop(database);
    assert!(place.starts_with("/var/tmp"), "{}", place.display());
    std::fs::remove_dir_all(place).unwrap();
}
