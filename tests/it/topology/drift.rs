//! Whatever is spoilt by hand, `check` finds, `plan` shows, `apply` mends; and what RabbitMQ cannot change, it says how to.

use crate::harness::{Api, Spec, sesame};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A city with a child whose vhost is as declared, and its settings in a file.
pub(super) struct City {
    pub(super) api: Api,
    pub(super) child: String,
    pub(super) folder: TempDir,
}

impl City {
    pub(super) async fn new() -> Self {
        let city = Spec::new("370200");
        let county = Spec::new("370203").parent(&city);
        let (api, child) = (Api::of(&city), county.user());
        let city = city.prepare(&[&county]).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("city.toml"), &city.toml).unwrap();
        Self { api, child, folder }
    }

    /// Exit status and output of a command.
    pub(super) async fn run(&self, command: &str) -> (i32, String) {
        let ended = sesame(self.folder.path(), &["topology", command, "--config", "city.toml"]).await;
        (ended.status, ended.stdout + &ended.stderr)
    }

    /// `check` finds drift and `plan` shows `line`; `apply` mends it, once; then `check` is content.
    pub(super) async fn mends(&self, line: &str) {
        let (status, said) = self.run("check").await;
        assert_eq!(status, 1, "{line}: {said}");
        let (status, said) = self.run("plan").await;
        assert!(status == 0 && said.contains(line) && said.contains("1 difference\n"), "{line}: {said}");
        let (status, said) = self.run("apply").await;
        assert!(status == 0 && said.contains(line), "{line}: {said}");
        assert!(said.contains("1 difference mended, as declared now"), "{line}: {said}");
        let (status, said) = self.run("check").await;
        assert_eq!(status, 0, "{line}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_bindings_exchanges_policies_and_limits_is_found_and_mended() {
    let city = City::new().await;
    let (status, said) = city.run("check").await;
    assert!(status == 0 && said.contains("as declared"), "{said}");
    let api = &city.api;

    api.delete("/api/bindings/{vhost}/e/city/e/city.persist/%23").await;
    city.mends("+ binding city -> exchange city.persist key \"#\"").await;
    api.delete("/api/bindings/{vhost}/e/city.receipts/q/city.receipts.370203/370203").await;
    city.mends("+ binding city.receipts -> queue city.receipts.370203 key \"370203\"").await;
    api.post("/api/bindings/{vhost}/e/city/q/city.log", json!({"routing_key": "37.02.#"})).await;
    city.mends("- binding city -> queue city.log key \"37.02.#\": not declared").await;
    api.post("/api/bindings/{vhost}/e/city.persist/q/city.log", json!({"routing_key": "", "arguments": {"a": "b"}}))
        .await;
    city.mends("- binding city.persist -> queue city.log {\"a\":\"b\"}: not declared").await;
    api.put("/api/exchanges/{vhost}/tap", json!({"type": "fanout", "durable": true})).await;
    city.mends("- exchange tap: not declared").await;
    let policy = json!({"pattern": "^city\\.persist$", "definition": {"max-length": 1}, "apply-to": "queues"});
    api.put("/api/policies/{vhost}/short", policy.clone()).await;
    city.mends("- policy short: not declared: {\"max-length\":1} where the name matches \"^city\\\\.persist$\"").await;
    api.put("/api/operator-policies/{vhost}/short", policy).await;
    city.mends("- operator policy short: not declared").await;
    api.put("/api/vhost-limits/{vhost}/max-queues", json!({"value": 9})).await;
    city.mends("- vhost limit max-queues: 9, not declared").await;
    api.put("/api/vhosts/{vhost}", json!({"tracing": true})).await;
    city.mends("~ vhost").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_users_and_what_they_may_do_is_found_and_mended() {
    let city = City::new().await;
    let (api, child) = (&city.api, &city.child);
    let wide = json!({"configure": ".*", "write": ".*", "read": ".*"});

    api.put(&format!("/api/permissions/{{vhost}}/{child}"), wide.clone()).await;
    city.mends(&format!("~ permission {child}: configure \".*\"")).await;
    let keys = json!({"exchange": "city", "write": ".*", "read": ".*"});
    api.put(&format!("/api/topic-permissions/{{vhost}}/{child}"), keys).await;
    city.mends(&format!("~ topic permission {child} at exchange city: write \".*\"")).await;
    let keys = json!({"exchange": "city.log", "write": ".*", "read": ".*"});
    api.put(&format!("/api/topic-permissions/{{vhost}}/{child}"), keys).await;
    city.mends(&format!("- topic permission {child} at exchange city.log")).await;
    api.delete(&format!("/api/topic-permissions/{{vhost}}/{child}")).await;
    city.mends(&format!("+ topic permission {child} at exchange city")).await;
    api.put(&format!("/api/user-limits/{child}/max-channels"), json!({"value": 9_000})).await;
    city.mends(&format!("~ user limit {child} max-channels: 9000, declared 512")).await;
    api.put(&format!("/api/users/{child}"), json!({"password": "stolen", "tags": ""})).await;
    city.mends(&format!("~ user {child}: the password is not that of the settings")).await;
    api.put(&format!("/api/users/{child}"), json!({"password": "secret", "tags": "management"})).await;
    city.mends(&format!("~ user {child}: tagged management, declared without tags")).await;

    let stranger = format!("stranger-{child}");
    api.put(&format!("/api/users/{stranger}"), json!({"password": "x", "tags": ""})).await;
    let (status, said) = city.run("check").await;
    assert_eq!(status, 0, "a user without access to the vhost is none of ours: {said}");
    api.put(&format!("/api/permissions/{{vhost}}/{stranger}"), wide.clone()).await;
    city.mends(&format!("- access of user {stranger}: not declared, may configure \".*\"")).await;
    api.put(&format!("/api/users/{stranger}"), json!({"password": "x", "tags": "administrator"})).await;
    api.put(&format!("/api/permissions/{{vhost}}/{stranger}"), wide).await;
    let (status, said) = city.run("check").await;
    assert_eq!(status, 0, "administrators are left alone: {said}");
    api.delete(&format!("/api/users/{stranger}")).await;

    api.delete(&format!("/api/users/{child}")).await;
    let (status, said) = city.run("apply").await;
    assert!(status == 0 && said.contains(&format!("+ user {child}\n")), "{said}");
    assert_eq!(city.run("check").await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_json() {
    let city = City::new().await;
    city.api.delete("/api/bindings/{vhost}/e/city/e/city.persist/%23").await;
    let json = async |command: &str| -> (i32, Value) {
        let ended = sesame(city.folder.path(), &["topology", command, "--json", "--config", "city.toml"]).await;
        (ended.status, serde_json::from_str(&ended.stdout).unwrap())
    };
    let (status, plan) = json("plan").await;
    assert_eq!((status, &plan["agree"], &plan["nodes"][0]["region"]), (0, &json!(false), &json!("370200")));
    let expected = json!({
        "action": "create", "object": "binding", "name": "city -> exchange city.persist key \"#\"", "detail": "",
        "remedy": null,
    });
    assert_eq!(plan["nodes"][0]["differences"], json!([expected]));
    assert_eq!(json("check").await.0, 1);
    let (status, applied) = json("apply").await;
    assert_eq!((status, &applied["agree"]), (0, &json!(true)));
    assert_eq!((&applied["nodes"][0]["done"], &applied["nodes"][0]["left"]), (&json!([expected]), &json!([])));
    let (status, check) = json("check").await;
    assert_eq!((status, &check["agree"], &check["nodes"][0]["differences"]), (0, &json!(true), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_said_once_and_hides_no_other_node() {
    let city = City::new().await;
    let toml = std::fs::read_to_string(city.folder.path().join("city.toml")).unwrap();
    let management = toml.lines().find(|line| line.starts_with("management")).unwrap();
    let write = |name: &str, line: &str| {
        std::fs::write(city.folder.path().join(name), toml.replace(management, line)).unwrap();
    };
    let nobody = ::sesame::lab::ports::free_ports(1).unwrap()[0];
    write("away-1.toml", &format!("management = \"http://guest:hidden@127.0.0.1:{nobody}\""));
    write("away-2.toml", &format!("management = \"http://guest:hidden@127.0.0.1:{nobody}\""));
    write("without.toml", "");
    for command in ["plan", "apply", "check"] {
        let ended = sesame(city.folder.path(), &["topology", command, "--config", "."]).await;
        assert_eq!(ended.status, 1, "{ended:?}");
        assert_eq!(ended.stderr.matches("does not answer").count(), 1, "{ended:?}");
        assert!(ended.stderr.contains("rabbitmq_management") && ended.stderr.contains("management is not set"));
        assert!(!ended.stderr.contains("hidden"), "{ended:?}");
        assert!(ended.stdout.contains("370200 city, vhost") && ended.stdout.contains("as declared"), "{ended:?}");
    }
    let usage = sesame(city.folder.path(), &["topology", "check"]).await;
    assert_eq!(usage.status, 2, "{usage:?}");
    // The API answers, but to no one of that name.
    let address = management.replace("guest:guest@", "nobody:hidden@");
    write("away-1.toml", &address);
    let ended = sesame(city.folder.path(), &["topology", "check", "--config", "away-1.toml"]).await;
    assert!(ended.status == 1 && ended.stderr.contains("401") && !ended.stderr.contains("hidden"), "{ended:?}");
}
