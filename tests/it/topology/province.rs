//! A province from one file, and one more child: settings, secrets, and the way from nothing to a running federation.

use crate::harness::{lab, sesame};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A federation file whose vhosts are of this test alone.
fn federation(run: &str, nodes: &str) -> String {
    let broker = lab().broker.as_ref().expect("a broker");
    let (amqp, management) = (broker.ports().amqp, broker.management_url().replace("http://", "http://guest:guest@"));
    format!(
        "[addresses]\nbroker = \"amqp://127.0.0.1:{amqp}/{{region}}-{run}\"\nmanagement = \"{management}\"\n\
         store = \"postgresql://127.0.0.1/sesame\"\n{nodes}"
    )
}

/// Every file beneath a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_province_is_one_file_and_grows_without_changing_a_secret() {
    let (folder, run) = (tempfile::tempdir().unwrap(), Uuid::new_v4().simple().to_string());
    // No other test has users of these names: a broker has one password for each.
    let start =
        "[[nodes]]\nregion = \"620000\"\n[[nodes]]\nwithin = \"620000\"\ntier = \"city\"\nexcept = [\"620200\"]\n";
    let file = folder.path().join("province.toml");
    let settings = ["topology", "settings", "--federation", "province.toml", "--out", "nodes"];
    std::fs::write(&file, federation(&run, start)).unwrap();
    let ended = sesame(folder.path(), &settings).await;
    assert!(ended.status == 0 && ended.stdout.contains("14 nodes"), "{ended:?}");
    let before = files(&folder.path().join("nodes"));
    for path in before.keys() {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is for its owner alone", path.display());
    }

    let topology = async |command: &str| sesame(folder.path(), &["topology", command, "--config", "nodes"]).await;
    assert_eq!(topology("check").await.status, 1);
    let ended = topology("apply").await;
    assert!(ended.status == 0, "{ended:?}");
    let ended = topology("check").await;
    assert!(ended.status == 0 && ended.stdout.matches("as declared").count() == 14, "{ended:?}");

    // A city comes in, and a county of one that was there: nothing that was there changes, but for the parents' new sections.
    let more = start.replace("\nexcept = [\"620200\"]", "") + "[[nodes]]\nregion = \"620102\"\n";
    std::fs::write(&file, federation(&run, &more)).unwrap();
    let ended = sesame(folder.path(), &settings).await;
    assert!(ended.status == 0 && ended.stdout.contains("620000/node.toml: + [[children]] 620200"), "{ended:?}");
    assert!(ended.stdout.contains("620100/node.toml: + [[children]] 620102"), "{ended:?}");
    let after = files(&folder.path().join("nodes"));
    for (path, text) in &before {
        let grown = ["620000/node.toml", "620100/node.toml"].iter().any(|name| path.ends_with(name));
        assert!(if grown { after[path].starts_with(text) } else { &after[path] == text }, "{}", path.display());
    }
    assert_eq!(topology("apply").await.status, 0);
    let again = sesame(folder.path(), &[&settings[..], &["--json"]].concat()).await;
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["created"], &again["added"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(files(&folder.path().join("nodes")), after);
    let ended = topology("check").await;
    assert!(ended.status == 0 && ended.stdout.matches("as declared").count() == 16, "{ended:?}");

    // One that leaves is pointed out, since its section is for a person to remove.
    std::fs::write(&file, federation(&run, start)).unwrap();
    let ended = sesame(folder.path(), &settings).await;
    assert!(ended.stdout.contains("[[children]] 620200 is not in the federation"), "{ended:?}");
    // And secrets that no longer match are an error, not something to mend by guessing.
    std::fs::write(folder.path().join("nodes/620100/node.key"), "00112233445566778899aabbccddeeff\n").unwrap();
    let ended = sesame(folder.path(), &settings).await;
    assert!(ended.status == 1 && ended.stderr.contains("must hold the same secret"), "{ended:?}");
    std::fs::write(&file, "[[nodes]]\nregion = \"620000\"\n").unwrap();
    let ended = sesame(folder.path(), &settings).await;
    assert!(ended.status == 1 && ended.stderr.contains("no broker"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_child_is_prepared_on_both_sides_and_let_in() {
    let (folder, run) = (tempfile::tempdir().unwrap(), Uuid::new_v4().simple().to_string());
    std::fs::write(folder.path().join("f.toml"), federation(&run, "[[nodes]]\nregion = \"630100\"\n")).unwrap();
    let ended = sesame(folder.path(), &["topology", "settings", "--federation", "f.toml", "--out", "nodes"]).await;
    assert_eq!(ended.status, 0, "{ended:?}");
    let new_child = async |region: &str, more: &[&str]| {
        let words = ["topology", "new-child", region, "--config", "nodes/630100/node.toml"];
        sesame(folder.path(), &[&words[..], more].concat()).await
    };
    for (region, said) in [
        ("630199", "not in the region table"),
        ("630122", "湟中县 was in force until 2020-06-30, now 630106 湟中区"),
        ("620102", "does not lie in"),
        ("630100", "does not lie in"),
        ("000000", "does not lie in"),
    ] {
        let ended = new_child(region, &[]).await;
        assert!(ended.status == 1 && ended.stderr.contains(said), "{ended:?}");
    }
    assert_eq!(new_child("63010", &[]).await.status, 2);

    let ended = new_child("630102", &[]).await;
    assert!(
        ended.status == 0
            && ended
                .stdout
                .contains("\n1. 630100: nodes/630100/630102/parent.uri names this broker as amqp://127.0.0.1"),
        "{ended:?}"
    );
    let before = files(&folder.path().join("nodes"));
    let again: Value = serde_json::from_str(&new_child("630102", &["--json"]).await.stdout).unwrap();
    assert_eq!(again["created"], serde_json::json!([]), "what exists is kept");
    assert_eq!(files(&folder.path().join("nodes")), before);
    let section = again["section"].as_str().unwrap();
    assert!(ended.stdout.contains(section));

    // What the steps say: the section, apply, and the child's own settings are good as they are.
    let settings = folder.path().join("nodes/630100/node.toml");
    let with_child = std::fs::read_to_string(&settings).unwrap() + section;
    std::fs::write(&settings, with_child).unwrap();
    let ended = sesame(folder.path(), &["topology", "apply", "--config", "nodes/630100/node.toml"]).await;
    assert!(ended.status == 0 && ended.stdout.contains("+ user node-630102"), "{ended:?}");
    let child = ::sesame::config::load(&folder.path().join("nodes/630100/630102/node.toml")).unwrap();
    let parent = ::sesame::config::load(&settings).unwrap();
    assert_eq!(child.node.key.key(), parent.children[0].key.key());
    let keys = [&child, &parent].map(|node| node.node.master_key.as_ref().expect("apps can be added").key());
    assert!(keys[0] != keys[1] && keys[0] != child.node.key.key(), "each is drawn for itself");
    let ::sesame::config::LinkSettings::Amqp(link) = child.parent.unwrap().link else { panic!("a link over AMQP") };
    let uri = link.uri.text().to_owned();
    lapin::Connection::connect(&uri, lapin::ConnectionProperties::default()).await.expect("the child is let in");
    let ended = new_child("630102", &[]).await;
    assert!(ended.status == 1 && ended.stderr.contains("one already"), "{ended:?}");

    // With a folder and an address of its own.
    let ended = new_child("630103", &["--out", "new", "--address", "amqps://mq.example:5671/sesame"]).await;
    assert!(ended.status == 0 && !ended.stdout.contains("names this broker as"), "{ended:?}");
    let uri = std::fs::read_to_string(folder.path().join("new/630103/parent.uri")).unwrap();
    assert!(uri.starts_with("amqps://node-630103:") && uri.ends_with("@mq.example:5671/sesame\n"), "{uri}");
    let section = std::fs::read_to_string(folder.path().join("new/child-630103.section")).unwrap();
    let with_both = std::fs::read_to_string(&settings).unwrap() + &section;
    std::fs::write(&settings, with_both).unwrap();
    assert_eq!(::sesame::config::load(&settings).unwrap().children.len(), 2, "its secrets are found where they are");
}
