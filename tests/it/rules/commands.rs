//! `sesame dataset` and `sesame generate --invalid`, as a person at a desk uses them.

use super::fixture::Datasets;
use crate::harness::sesame;
use serde_json::{Value, json};

#[tokio::test]
async fn every_mistake_of_a_dictionary_is_told_by_file_line_and_place() {
    let datasets = Datasets::shipped();
    let folder = datasets.path();
    let good = sesame(folder, &["dataset", "check", "--datasets", "."]).await;
    assert_eq!(good.status, 0, "{good:?}");
    assert!(good.stdout.contains("The dictionary is good.") && good.stdout.contains("007 version 2"), "{good:?}");

    datasets.change("007", |schema| {
        schema["properties"]["BZ"]["x-codelst"] = json!("XB");
        schema["properties"]["JCRQ"]["format"] = json!("day");
        schema["allOf"][0]["x-field"] = json!("NOSUCH");
        schema["allOf"][3]["x-compare"] = json!({"ZGQX": {"=>": "JCRQ"}});
    });
    datasets.change("001", |schema| schema["x-key"] = json!([]));
    let bad = sesame(folder, &["dataset", "check", "--datasets", "."]).await;
    assert_eq!(bad.status, 1, "{bad:?}");
    for told in [
        "001.json, line ",
        "x-key: no field is named",
        "properties.BZ: unknown annotation x-codelst",
        "properties.JCRQ: no format \"day\"",
    ] {
        assert!(bad.stderr.contains(told), "{told} in {}", bad.stderr);
    }
    // So is what is wrong with the tables, row by row, and with the files beside them.
    let catalogue = "code,name,level,parent\n310,短,类别,3000\n3000,电梯,种类,\n3100,,类别,3000\n";
    std::fs::write(folder.join("equipment_catalogue.csv"), catalogue).unwrap();
    let both = sesame(folder, &["dataset", "check", "--datasets", "."]).await;
    for told in ["equipment_catalogue.csv, line 2, column code", "line 4, column name", "001.json, line "] {
        assert!(both.stderr.contains(told), "{told} in {}", both.stderr);
    }
    std::fs::remove_file(folder.join("equipment_catalogue.csv")).unwrap();
    let regions = "code,name,tier,parent_code\n37020,短,county,370200\n370000,,province,\n";
    std::fs::write(folder.join("regions.csv"), regions).unwrap();
    let bad = sesame(folder, &["dataset", "check", "--datasets", ".", "--regions", "regions.csv", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(rows.iter().map(|row| row["line"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(3)], "{rows:?}");

    // Rules across fields are read once the fields are whole.
    datasets.change("007", |schema| {
        schema["properties"]["BZ"].as_object_mut().unwrap().remove("x-codelst");
        schema["properties"]["JCRQ"]["format"] = json!("date");
    });
    let bad = sesame(folder, &["dataset", "check", "--datasets", ".", "--json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&bad.stdout).unwrap();
    let places: Vec<_> = rows.iter().map(|row| row["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["x-key", "allOf.0", "allOf.3.x-compare"], "{rows:?}");
    let text = std::fs::read_to_string(folder.join("007.json")).unwrap();
    let line = rows[2]["line"].as_u64().unwrap() as usize;
    assert!(text.lines().nth(line - 1).unwrap().contains("x-compare"), "{rows:?}");
}

#[tokio::test]
async fn records_are_tried_without_a_node_and_bad_ones_are_made_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let made = sesame(
        folder.path(),
        &["generate", "--busicode", "011", "--count", "400", "--region", "370203", "--invalid", "25%"],
    )
    .await;
    assert_eq!(made.status, 0, "{made:?}");
    let bad: usize = made.stderr.split(' ').next().unwrap().parse().unwrap();
    assert!((60..140).contains(&bad), "{}", made.stderr);
    std::fs::write(folder.path().join("accidents.json"), &made.stdout).unwrap();
    let tried = sesame(folder.path(), &["dataset", "validate", "accidents.json", "--busicode", "011", "--json"]).await;
    assert_eq!(tried.status, 1, "{tried:?}");
    assert!(tried.stderr.contains(&format!("{bad} bad;")), "{} of {bad}", tried.stderr);
    let rows: Vec<Value> = serde_json::from_str(&tried.stdout).unwrap();
    assert!(rows.iter().any(|row| row["RULE"] == "reported-after-happened"), "{rows:?}");

    let good = sesame(folder.path(), &["generate", "--busicode", "011", "--region", "370203"]).await;
    std::fs::write(folder.path().join("good.json"), &good.stdout).unwrap();
    let tried = sesame(folder.path(), &["dataset", "validate", "good.json", "--busicode", "011"]).await;
    assert_eq!((tried.status, tried.stdout.as_str()), (0, ""), "{tried:?}");
    let shown = sesame(folder.path(), &["dataset", "show", "--busicode", "011"]).await;
    assert!(shown.stdout.contains("SGDJ") && shown.stdout.contains("grade-1-by-loss"), "{shown:?}");
}
