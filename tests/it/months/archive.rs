//! What the files hold, and that it can be checked without any database.

use super::fixture::{UPDATED, database, keep_one, look, node, present};
use crate::contract::ask::App;
use crate::contract::fixture::persisted;
use crate::harness::{KEY, eventually, records, sesame};
use serde_json::{Value, json};
use sesame::archive::{check, read};
use sesame::batch::Evidence;
use sesame::flow::Fate;
use sesame::standard::cipher::{Cipher, Key, Software};
use sesame::standard::sign::{Canonical, verify};
use std::path::{Path, PathBuf};

fn rows(file: &Path) -> Vec<Value> {
    let mut rows = Vec::new();
    read(file, |row| {
        rows.push(serde_json::from_str(row).unwrap());
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{error}"));
    rows
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

async fn archived() -> (tempfile::TempDir, Vec<PathBuf>, String) {
    let (node, folder) = (node().await, tempfile::tempdir().unwrap());
    let app = App::of(&node);
    let list = records::checks("A", "370203", UPDATED, 3);
    // Sent as text with space around it, which the signature covers and the body does not.
    let spaced = format!("  {list}\n");
    let batch = app.ask("007", "01", &spaced).into_text().random("sent").accepted().await;
    persisted(&app, &batch).await;
    let change = json!([{"JCJLBH": "A-0", "SJGXSJ": "2025-07-01 08:00:00", "BZ": "改"}]);
    persisted(&app, &app.ask("007", "02", change).accepted().await).await;
    app.ask("007", "01", "[]").random("refused").is_refused(422, "INVALID_RECORDS").await;
    eventually("the refusal is logged", || async {
        let rows = app.log(json!([{"RANDOM": "refused"}])).succeeds().await.busilist;
        (rows.len() == 1).then_some(())
    })
    .await;
    let fates = look(&node, 2, keep_one(Some(folder.path()))).await;
    let [(month, Fate::Dropped(files))] = fates.as_slice() else { panic!("{fates:?}") };
    assert_eq!(*month, present());
    let client = database(&node).await;
    for table in ["batches", "once", "changes"] {
        assert_eq!(super::fixture::count(&client, table).await, 0, "{table}");
    }
    (folder, files.clone(), batch)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_6_4_an_archived_batch_stays_verifiable_offline() {
    let (folder, files, batch) = archived().await;
    let names: Vec<String> = files.iter().map(|file| name(file)).collect();
    assert_eq!(
        names,
        ["log", "changes", "batches", "receipts"].map(|table| format!("{table}-{}.jsonl.zst", present()))
    );
    let [log, changes, batches] = [0, 1, 2].map(|at| rows(&files[at]));
    assert!(log.iter().any(|row| row["random"] == "refused" && row["code"] == "INVALID_RECORDS"), "{log:?}");
    assert_eq!(changes.len(), 1, "the change that made a record stands in its row: {changes:?}");

    let row = batches.iter().find(|row| row["id"] == batch.as_str()).unwrap_or_else(|| panic!("{batches:?}"));
    assert_eq!((&row["records"], &row["busicode"], &row["region"]), (&json!(3), &json!(7), &json!(370203)));
    // The sender's own signature, from nothing but the line and the sender's key.
    let evidence: Evidence = serde_json::from_value(row["evidence"].clone()).unwrap();
    let text = format!("{}{}{}", evidence.form.before, row["busilist"].as_str().unwrap(), evidence.form.after);
    let (appid, random) = (evidence.appid.as_str(), evidence.random.as_str());
    let signed = |busilist: &str| {
        let canonical = Canonical::Request { action: "01", appid, busicode: "007", busilist, random };
        verify(&Software, evidence.profile, &Key::parse(KEY).unwrap(), &canonical, &evidence.sign)
    };
    assert!(signed(&text) && !signed(&text.replace("A-0", "A-9")));
    assert_eq!(random, "sent");
    std::fs::write(folder.path().join("row.json"), row.to_string()).unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let proven = sesame(folder.path(), &["evidence", "verify", "--key-file", "key", "row.json"]).await;
    assert_eq!(proven.status, 0, "{proven:?}");
    ["row.json", "key"].iter().for_each(|name| std::fs::remove_file(folder.path().join(name)).unwrap());

    let trailer = check(&files[2]).unwrap().trailer;
    assert_eq!((trailer.node.as_str(), trailer.rows), ("370203", 2));
    let whole = zstd::stream::decode_all(std::fs::File::open(&files[2]).unwrap()).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    assert_eq!(trailer.sm3, hex::encode_upper(Software.sm3(&[&whole[..last]])), "the digest anyone can work out");
    assert!(std::fs::read_dir(folder.path()).unwrap().count() == 4, "nothing half-written is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_reads_files_and_tells_torn_ones() {
    let (folder, files, _) = archived().await;
    let listed = sesame(folder.path(), &["archive", "list", ".", "--json"]).await;
    let list: Value = serde_json::from_str(&listed.stdout).unwrap_or_else(|error| panic!("{error}: {listed:?}"));
    assert_eq!(list[0]["file"], name(&files[2]).as_str());
    assert!(listed.status == 0 && list[0]["rows"] == 2 && list[0]["whole"] == true, "{list}");
    let read = sesame(folder.path(), &["archive", "read", &name(&files[2])]).await;
    assert_eq!((read.status, read.stdout.lines().count()), (0, 2), "{read:?}");

    let bytes = std::fs::read(&files[0]).unwrap();
    std::fs::write(&files[0], &bytes[..bytes.len() - 9]).unwrap();
    let torn = sesame(folder.path(), &["archive", "read", &name(&files[0])]).await;
    assert!(torn.status == 1 && torn.stdout.is_empty() && torn.stderr.contains("not whole"), "{torn:?}");
    let listed = sesame(folder.path(), &["archive", "list", "."]).await;
    assert!(listed.status == 1 && listed.stdout.contains("NOT WHOLE"), "{listed:?}");
}
