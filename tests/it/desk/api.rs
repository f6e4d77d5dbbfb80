//! The desk over HTTP, as the console's pages use it.

use super::fixture::{Office, PARKED};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

struct Api {
    http: Client,
    base: String,
    /// Of the session, once logged in.
    cookie: String,
}

impl Api {
    fn of(office: &Office) -> Self {
        // The answer to a login leads elsewhere, and its cookie is what counts.
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { http, base: format!("http://{}", office.node.console), cookie: String::new() }
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        read(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        read(request.json(&body).send().await.unwrap()).await
    }

    async fn login(&mut self) {
        let request = self.http.post(format!("{}/login", self.base)).body("user=admin&password=secret");
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_7_4_operators_list_show_replay_and_discard_over_http_and_strangers_do_not() {
    let office = Office::new(PARKED).await;
    office.fail("A", 3).await;
    let mut api = Api::of(&office);
    let id = uuid::Uuid::new_v4();
    for path in ["/api/failures", "/api/failures/groups", &format!("/api/failures/{id}"), "/api/acts"] {
        assert_eq!(api.get(path).await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let all = json!({"all": true, "why": "x"});
    assert_eq!(api.post("/api/failures/replay", all.clone()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(api.post(&format!("/api/acts/{id}/pause"), json!({})).await.0, StatusCode::UNAUTHORIZED);

    api.login().await;
    let (_, groups) = api.get("/api/failures/groups?by=reason").await;
    assert_eq!((&groups[0]["reason"], &groups[0]["count"]), (&"MISSING_KEY".into(), &3.into()));
    let (_, page) = api.get("/api/failures?reason=MISSING_KEY&size=2").await;
    assert_eq!(page["failures"].as_array().unwrap().len(), 2);
    let after = page["after"].as_str().unwrap();
    let (_, rest) = api.get(&format!("/api/failures?reason=MISSING_KEY&size=2&after={after}")).await;
    assert_eq!(rest["failures"].as_array().unwrap().len(), 1);
    let id = page["failures"][0]["id"].as_str().unwrap();
    let (_, shown) = api.get(&format!("/api/failures/{id}?full=true")).await;
    assert_eq!(shown["past"].as_array().unwrap().len(), 3);
    let (_, again) = api.get(&format!("/api/failures/{id}")).await;
    assert_eq!(again["past"][3]["act"], "read", "who reads in full is noted: {again}");

    assert_eq!(api.post("/api/failures/replay", json!({"all": true, "dry_run": true})).await.1["would"], 3);
    let (status, act) = api.post("/api/failures/discard", json!({"selection": {"id": id}, "why": "来源已重报"})).await;
    assert_eq!((status, &act["total"]), (StatusCode::ACCEPTED, &1.into()), "{act}");
    office.have("discarded", 1).await;
    office.mend("A", 3).await;
    let (_, act) = api.post("/api/failures/replay", json!({"all": true, "why": "已补报", "canary": 1})).await;
    let done = office.reaches(act["id"].as_str().unwrap().parse().unwrap(), "done").await;
    assert_eq!((done.resolved, done.by.as_str()), (2, "admin"));
    assert_eq!(api.get("/api/acts").await.1.as_array().unwrap().len(), 2);

    for (path, body, status) in [
        ("/api/failures/replay", json!({"why": "x"}), StatusCode::BAD_REQUEST),
        ("/api/failures/replay", json!({"all": true}), StatusCode::BAD_REQUEST),
        ("/api/failures/replay", json!({"selection": {"reason": "NO"}, "why": "x"}), StatusCode::BAD_REQUEST),
        ("/api/failures/replay", json!({"every": true}), StatusCode::BAD_REQUEST),
        (&format!("/api/acts/{id}/pause"), json!({"why": "x"}), StatusCode::NOT_FOUND),
        (&format!("/api/acts/{id}/pause"), json!({}), StatusCode::BAD_REQUEST),
        (&format!("/api/acts/{id}/stop"), json!({}), StatusCode::BAD_REQUEST),
    ] {
        let (answered, body) = api.post(path, body).await;
        assert_eq!(answered, status, "{path} {body}");
        assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{path} {body}");
    }
    let misspelt = json!({"selection": {"reason": "MISSING_KEY", "app": "x"}, "why": "x"});
    assert_eq!(api.post("/api/failures/discard", misspelt).await.0, StatusCode::BAD_REQUEST, "it would discard more");
    for conditions in ["reason=NO", "app=x", "size=many"] {
        assert_eq!(api.get(&format!("/api/failures?{conditions}")).await.0, StatusCode::BAD_REQUEST, "{conditions}");
    }
    assert_eq!(api.get("/api/failures/xyz").await.0, StatusCode::BAD_REQUEST);
}
