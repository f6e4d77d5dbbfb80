use super::*;
use crate::dataset::Dataset;
use crate::generate::World;
use crate::interface::Limits;
use crate::standard::code::Action;
use crate::standard::refusal::RefusalCode;
use crate::standard::region::{Region, RegionTable};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let aliases = BTreeMap::from([("upload".to_owned(), "exchange".to_owned())]);
    let interface = Interface::new("sesame", &aliases, Limits { body_bytes: 1 << 20, records: 2_000 }).unwrap();
    document(&interface, &Dictionary::builtin())
});

/// Every value in a JSON value, with the path to it.
fn each(value: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    see(path, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| each(value, &format!("{path}/{name}"), see)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| each(item, &format!("{path}/{at}"), see)),
        _ => {}
    }
}

/// A validator of a schema of the document; `pointer` leads to it.
fn validator(pointer: &str) -> jsonschema::Validator {
    let schema =
        json!({"$ref": format!("#{pointer}"), "components": DOCUMENT["components"], "paths": DOCUMENT["paths"]});
    jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap()
}

fn schema(name: &str) -> jsonschema::Validator {
    validator(&format!("/components/schemas/{name}"))
}

fn assert_valid(validator: &jsonschema::Validator, value: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{value}: {errors:?}");
}

#[test]
fn clause_6_5_1_every_reference_leads_somewhere_and_every_schema_is_one() {
    let mut references = 0;
    each(&DOCUMENT, "", &mut |path, value| {
        if path.ends_with("/$ref") {
            let pointer = value.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(DOCUMENT.pointer(pointer).is_some(), "{path}: {value}");
            references += 1;
        }
    });
    assert!(references > 200, "{references}");
    for name in DOCUMENT["components"]["schemas"].as_object().unwrap().keys() {
        schema(name);
    }
    for required in ["openapi", "info", "paths", "components"] {
        assert!(!DOCUMENT[required].is_null(), "{required}");
    }
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1."));
}

#[test]
fn clause_6_3_every_name_has_its_path_and_every_operation_an_id_of_its_own() {
    let paths: Vec<&String> = DOCUMENT["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        ["/sesame/exchange", "/sesame/upload", "/sesame/validate", "/sesame/log", "/sesame/openapi.json"]
    );
    let mut ids = Vec::new();
    each(&DOCUMENT["paths"], "", &mut |path, value| {
        if path.ends_with("/operationId") {
            ids.push(value.as_str().unwrap().to_owned());
        }
    });
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 6);
    assert_eq!(ids.len(), 6);
}

#[test]
fn every_refusal_stands_at_its_status_with_an_example_of_its_code() {
    for code in RefusalCode::ALL {
        for path in ["exchange", "upload", "validate", "log"] {
            let reference =
                &DOCUMENT["paths"][format!("/sesame/{path}")]["post"]["responses"][code.status().to_string()];
            let response = DOCUMENT.pointer(&reference["$ref"].as_str().unwrap()[1..]).unwrap();
            let example = &response["content"]["application/json"]["examples"][code.as_str()]["value"];
            let message = example["datalist"]["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("[{code}] ")), "{message}");
            assert!(response["description"].as_str().unwrap().contains(code.as_str()));
        }
    }
    for (status, header) in [(405, "Allow"), (429, "Retry-After"), (503, "Retry-After")] {
        assert!(!DOCUMENT["components"]["responses"][format!("Refused{status}")]["headers"][header].is_null());
    }
}

#[test]
fn every_example_is_what_its_schema_asks_for() {
    let mut examples = 0;
    each(&DOCUMENT, "", &mut |path, value| {
        if !path.ends_with("/application/json") {
            return;
        }
        // A pointer writes / as ~1.
        let escaped =
            path.replace("/application/json", "/application~1json").replace("/paths//sesame/", "/paths/~1sesame~1");
        let validator = validator(&format!("{escaped}/schema"));
        let several = value["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        for example in several.chain(value.get("example")) {
            assert_valid(&validator, example);
            examples += 1;
        }
    });
    // 11 datasets: 4 actions at two names, 3 to validate.
    assert!(examples > 11 * 11, "{examples}");
}

#[test]
fn every_dataset_and_action_has_its_request() {
    let one_of = |name: &str| DOCUMENT["components"]["schemas"][name]["oneOf"].as_array().unwrap().len();
    assert_eq!((one_of("ExchangeRequest"), one_of("ValidateRequest")), (44, 33));
    let datasets = DOCUMENT["info"]["x-datasets"].as_array().unwrap();
    assert_eq!(datasets.len(), 11);
    assert_eq!(datasets[2]["code"], "003");
    assert!(DOCUMENT["info"]["version"].as_str().unwrap().starts_with(env!("CARGO_PKG_VERSION")));
}

/// What the node takes, the document must not refuse: it may only be laxer, where JSON Schema cannot say more.
#[test]
fn clause_6_1_records_that_are_good_are_good_by_the_document_too() {
    let dictionary = Dictionary::builtin();
    let world = World::new(7, Region::parse("370200").unwrap(), &RegionTable::builtin()).unwrap();
    for dataset in dictionary.datasets() {
        let validator = schema(&record::name(dataset, Action::Add));
        for record in world.records(dataset.code(), 200).unwrap() {
            assert_valid(&validator, &serde_json::from_str(&record.to_json()).unwrap());
        }
    }
    let sample: Value = serde_json::from_str(include_str!("../../../docs/samples/003.json")).unwrap();
    assert_valid(&schema("Record003"), &sample[0]);
}

#[test]
fn values_may_be_numbers_and_nothing_is_given_by_null_or_the_empty_string() {
    let sample: Value = serde_json::from_str(include_str!("../../../docs/samples/003.json")).unwrap();
    let whole = schema("Record003");
    let with = |field: &str, value: Value| {
        let mut record = sample[0].clone();
        record[field] = value;
        record
    };
    for (field, value) in [
        ("SBZT", json!(1)),
        ("JD", json!(120.38)),
        ("XZQHDM", json!(370_203)),
        ("BZ", json!(null)),
        ("TYRQ", json!("")),
        ("SBPZDM", json!(null)),
        ("SCBZ", json!("anything")),
    ] {
        assert_valid(&whole, &with(field, value));
    }
    for (field, value) in [
        ("SYDW", json!(null)),
        ("SYDW", json!("")),
        ("SBZT", json!("99")),
        ("DJRQ", json!(20_250_801)),
        ("CCBH", json!(true)),
        ("CCBH", json!({})),
        ("NOSUCH", json!("1")),
        ("SYDJZBH", json!("字".repeat(41))),
    ] {
        assert!(!whole.is_valid(&with(field, value.clone())), "{field} {value}");
    }
}

#[test]
fn a_change_and_a_delete_ask_for_what_the_node_asks_for() {
    let (change, key) = (schema("Change003"), schema("Key003"));
    let base = json!({"SYDJZBH": "A", "SJGXSJ": "2025-08-02 10:00:00"});
    assert_valid(&change, &base);
    assert_valid(&change, &json!({"SYDJZBH": "A", "SJGXSJ": "2025-08-02 10:00:00", "BZ": null, "SBXH": ""}));
    for wrong in [
        json!({"SYDJZBH": "A"}),
        json!({"SYDJZBH": "A", "SJGXSJ": "2025-08-02 10:00:00", "SYDW": null}),
        json!({"SYDJZBH": "A", "SJGXSJ": "2025-08-02 10:00:00", "NOSUCH": "1"}),
    ] {
        assert!(!change.is_valid(&wrong), "{wrong}");
    }
    assert_valid(&key, &json!({"SYDJZBH": "A"}));
    assert_valid(&key, &json!({"SYDJZBH": 7, "XZQHDM": "370203", "SYDW": null, "JD": "anything"}));
    assert!(!key.is_valid(&json!({"XZQHDM": "370203"})));
}

#[test]
fn datasets_of_several_versions_are_told_apart() {
    let dictionary = Dictionary::builtin();
    assert_eq!(version(&dictionary), format!("{}+datasets.2", env!("CARGO_PKG_VERSION")));
    assert!(dictionary.datasets().all(|dataset: &Dataset| dataset.schema().contains_key("properties")));
}
