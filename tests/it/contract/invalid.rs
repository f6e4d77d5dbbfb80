//! `INVALID_RECORDS`: every shape and every rule, told with its place (§6.1 数据校验).

use super::ask::App;
use crate::harness::{Spec, records};
use serde_json::{Value, json};

const UPDATED: &str = "2025-06-01 08:00:00";

/// A good record of 007 with one field set to this JSON text.
fn with(field: &str, value: &str) -> String {
    let mut record = records::check("I-1", "370203", UPDATED);
    record.as_object_mut().unwrap().remove(field);
    let text = record.to_string();
    format!("[{},\"{field}\":{value}}}]", text.trim_end_matches('}'))
}

fn without(field: &str) -> String {
    let mut record = records::check("I-1", "370203", UPDATED);
    record.as_object_mut().unwrap().remove(field);
    json!([record]).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_and_every_rule_is_told_by_record_field_and_rule() {
    let node = Spec::new("370200").start(&[]).await;
    let app = App::of(&node);
    let long = json!("长".repeat(501)).to_string();
    let many = format!("[{{{}}}]", (0..257).map(|n| format!("\"F{n}\":\"\"")).collect::<Vec<_>>().join(","));
    let add: Vec<(String, &str, &str, &str)> = vec![
        ("[]".to_owned(), "0", "", "minItems"),
        ("[7]".to_owned(), "1", "", "type"),
        ("[[]]".to_owned(), "1", "", "type"),
        ("[null]".to_owned(), "1", "", "type"),
        (with("BZ", "true"), "1", "BZ", "type"),
        (with("BZ", "{}"), "1", "BZ", "type"),
        (with("BZ", "[\"1\"]"), "1", "BZ", "type"),
        (with("BZ", "\"a\\u0000\""), "1", "BZ", "unicode"),
        (with("BZ", "\"\\ud800\""), "1", "BZ", "unicode"),
        (with("BZ", "\"\",\"\\u0042Z\":\"\""), "1", "BZ", "uniqueKeys"),
        (many, "1", "F256", "maxProperties"),
        (without("JCLX"), "1", "JCLX", "required"),
        (with("JCLX", "null"), "1", "JCLX", "required"),
        (with("JCLX", "\"\""), "1", "JCLX", "required"),
        (without("JCJLBH"), "1", "JCJLBH", "required"),
        (without("XZQHDM"), "1", "XZQHDM", "required"),
        (without("SJGXSJ"), "1", "SJGXSJ", "required"),
        (with("JCLX", "\"Z\""), "1", "JCLX", "enum"),
        (with("BZ", &long), "1", "BZ", "maxLength"),
        (with("SJSBSL", "\"-1\""), "1", "SJSBSL", "pattern"),
        (with("SJSBSL", "1e3"), "1", "SJSBSL", "pattern"),
        (with("SBZLDM", "\"3000;XXXX\""), "1", "SBZLDM", "pattern"),
        (with("BJCDW", "\"  \""), "1", "BJCDW", "pattern"),
        (with("JCRQ", "\"2025-02-29\""), "1", "JCRQ", "format"),
        (with("SJGXSJ", "\"2025-06-01 24:00:00\""), "1", "SJGXSJ", "format"),
        (with("BJCDWDM", "\"91370100MA3C00011X\""), "1", "BJCDWDM", "format"),
        (with("LXDH", "\"1380000123\""), "1", "LXDH", "format"),
        (with("XZQHDM", "\"370003\""), "1", "XZQHDM", "format"),
        (with("XZQHDM", "\"青岛\""), "1", "XZQHDM", "format"),
        (with("JCJLBH", "\"A\\u001fB\""), "1", "JCJLBH", "format"),
        (with("BEIZHU", "\"\""), "1", "BEIZHU", "additionalProperties"),
        (with("SJGXSJ", "\"2099-01-01 00:00:00\""), "1", "SJGXSJ", "future"),
    ];
    let key = r#""JCJLBH":"I-1","XZQHDM":"370203""#;
    let time = r#""SJGXSJ":"2025-06-02 08:00:00""#;
    let modify = [
        (format!("[{{{key}}}]"), "SJGXSJ", "required"),
        (format!("[{{{time}}}]"), "JCJLBH", "required"),
        (format!("[{{{key},{time},\"JCRY\":null}}]"), "JCRY", "required"),
        (format!("[{{{key},{time},\"JCRY\":\"\"}}]"), "JCRY", "required"),
        (format!("[{{{key},{time},\"JCLX\":\"Z\"}}]"), "JCLX", "enum"),
        (format!("[{{{key},{time},\"X\":null}}]"), "X", "additionalProperties"),
        (format!("[{{{key},\"SJGXSJ\":\"2099-01-01 00:00:00\"}}]"), "SJGXSJ", "future"),
    ];
    let delete = [
        ("[{}]".to_owned(), "JCJLBH", "required"),
        (format!("[{{{time}}}]"), "JCJLBH", "required"),
        (r#"[{"JCJLBH":"I-1","XZQHDM":"370003"}]"#.to_owned(), "XZQHDM", "format"),
        (format!("[{{{key},\"X\":null}}]"), "X", "additionalProperties"),
        (format!("[{{{key},\"SJGXSJ\":\"2099-01-01 00:00:00\"}}]"), "SJGXSJ", "future"),
    ];
    let adds = add.into_iter().map(|(list, index, field, rule)| ("01", list, index, field, rule));
    let modifies = modify.into_iter().map(|(list, field, rule)| ("02", list, "1", field, rule));
    let deletes = delete.into_iter().map(|(list, field, rule)| ("03", list, "1", field, rule));
    for (action, list, index, field, rule) in adds.chain(modifies).chain(deletes) {
        let reply = app.ask("007", action, &list).is_refused(422, "INVALID_RECORDS").await;
        assert_eq!(reply.faults(), [(index, field, rule)], "{action} {list}");
    }
    // Nothing of all that was taken.
    assert!(app.ask("007", "04", r#"[{"DELETED":"true"}]"#).succeeds().await.busilist.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn invariant_7_every_fault_of_every_record_is_told_up_to_a_hundred() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let mut list: Vec<Value> = (0..150).map(|n| records::check(&format!("H-{n}"), "370203", UPDATED)).collect();
    for (at, record) in list.iter_mut().enumerate().skip(3) {
        record["JCLX"] = json!("Z");
        if at == 3 {
            record["BZZ"] = json!("备注");
            record["JCRY"] = json!(null);
        }
    }
    let reply = app.ask("007", "01", Value::Array(list.clone()).to_string()).is_refused(422, "INVALID_RECORDS").await;
    let faults = reply.faults();
    assert_eq!(faults.len(), 100);
    // Those of one record in the order of the dictionary, unknown fields last.
    let first = [("4", "JCLX", "enum"), ("4", "JCRY", "required"), ("4", "BZZ", "additionalProperties")];
    assert_eq!((&faults[..3], faults[3], faults[99]), (&first[..], ("5", "JCLX", "enum"), ("101", "JCLX", "enum")));
    assert!(reply.message.contains("149"), "the message tells how many there are: {}", reply.message);
    assert!(reply.busilist[2]["ERROR"].as_str().unwrap().contains("BZ"), "the nearest right name: {reply:?}");

    // One bad record refuses the whole batch.
    list.truncate(4);
    app.ask("007", "01", Value::Array(list).to_string()).is_refused(422, "INVALID_RECORDS").await;
    // Sensitive values are not repeated: the answer may be logged anywhere.
    let phone = app.ask("007", "01", with("LXDH", "\"13800001\"")).is_refused(422, "INVALID_RECORDS").await;
    assert!(!phone.text.contains("13800001"), "{}", phone.text);
    assert!(app.ask("007", "04", "[]").succeeds().await.busilist.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_conditions_of_queries_are_told_by_name() {
    let node = Spec::new("370203").start(&[]).await;
    let app = App::of(&node);
    let query = [
        (r#"[{},{}]"#, "", "maxItems"),
        (r#"[7]"#, "", "type"),
        (r#"[{"JCJLBH":true}]"#, "JCJLBH", "type"),
        (r#"[{"JCJLBH":{}}]"#, "JCJLBH", "type"),
        (r#"[{"BZ":"x"}]"#, "BZ", "condition"),
        (r#"[{"jcjlbh":"x"}]"#, "jcjlbh", "condition"),
        (r#"[{"REGION":"37020"}]"#, "REGION", "condition"),
        (r#"[{"SINCE":"2025-06-01"}]"#, "SINCE", "condition"),
        (r#"[{"UNTIL":"yesterday"}]"#, "UNTIL", "condition"),
        (r#"[{"DELETED":"1"}]"#, "DELETED", "condition"),
        (r#"[{"SIZE":"0"}]"#, "SIZE", "condition"),
        (r#"[{"SIZE":2001}]"#, "SIZE", "condition"),
        (r#"[{"AFTER":"x"}]"#, "AFTER", "condition"),
    ];
    for (conditions, field, rule) in query {
        let reply = app.ask("007", "04", conditions).is_refused(422, "INVALID_RECORDS").await;
        assert_eq!(reply.faults(), [("1", field, rule)], "{conditions}");
    }
    let number = app.ask("008", "04", r#"[{"XDRXH":"x"}]"#).is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(number.faults(), [("1", "XDRXH", "condition")]);
    let two = app.ask("007", "04", r#"[{"SIZE":"x","BZ":"y"}]"#).is_refused(422, "INVALID_RECORDS").await;
    assert_eq!(two.faults(), [("1", "SIZE", "condition"), ("1", "BZ", "condition")]);
    for (field, value) in [
        ("FROM", "x"),
        ("UNTIL", "2025"),
        ("BUSICODE", "7"),
        ("ACTION", "05"),
        ("REGION", "x"),
        ("BATCH", "x"),
        ("RESULT", "1"),
        ("STATE", "done"),
        ("SIZE", "-1"),
        ("AFTER", "x"),
        ("SINCE", "2025-06-01 00:00:00"),
    ] {
        let reply = app.log(json!([{field: value}])).is_refused(422, "INVALID_RECORDS").await;
        assert_eq!(reply.faults(), [("1", field, "condition")], "{value}");
    }
}
