//! The OpenAPI 3.1 document: schemas are JSON Schema 2020-12, titles and descriptions Chinese first.

mod answer;
mod record;
mod request;
#[cfg(test)]
mod tests;

use super::address::OPENAPI;
use super::bilingual::both;
use super::contract::{VERSION, inter_flag};
use super::example::Records;
use super::{Bilingual, InterFlag, Interface};
use crate::dataset::Dictionary;
use serde_json::{Map, Value, json};

/// The whole document.
pub(super) fn document(interface: &Interface, dictionary: &Dictionary) -> Value {
    let records = Records::of(dictionary);
    let mut schemas = Map::new();
    record::add_schemas(&mut schemas, dictionary);
    request::add_schemas(&mut schemas, interface, dictionary);
    answer::add_schemas(&mut schemas, dictionary);
    json!({
        "openapi": "3.1.0",
        "info": info(interface, dictionary),
        "servers": [{"url": "/", "description": "http(s)://<host>:<port>"}],
        "security": [],
        "tags": tags(),
        "paths": paths(interface, dictionary, &records),
        "components": {
            "schemas": schemas,
            "responses": answer::refusals(),
            "headers": answer::headers(),
        },
    })
}

/// The versions: of the program, and of what operators replace by themselves.
pub(super) fn version(dictionary: &Dictionary) -> String {
    let mut versions: Vec<&str> = dictionary.datasets().map(|dataset| dataset.version()).collect();
    versions.dedup();
    let datasets = match versions.as_slice() {
        [one] => format!("datasets.{one}"),
        _ => {
            let each = dictionary.datasets().map(|dataset| format!("{}-{}", dataset.code(), dataset.version()));
            each.collect::<Vec<_>>().join(".")
        }
    };
    format!("{}+{datasets}", env!("CARGO_PKG_VERSION"))
}

const DESCRIPTION: Bilingual = both(
    "依据《特种设备安全监管信息共享接口规范》（MR/T，征求意见稿）。请求与响应都是附录 A 的信封，每次都签名：\
     `sign` = 大写十六进制(SM4-ECB-PKCS#7(密钥, 小写十六进制(SM3(规范串))))，规范串为 \
     `action=…&appid=…&busicode=…&busilist=…&random=…`，busilist 取发送的原文（数组从 `[` 到 `]`，字符串取其内容）。\
     本文档由节点按其数据字典生成。值可以写成字符串或数字；数字按其原文校验，JSON Schema 无法表达这一点，\
     `format` 的校验码、条件规则（`x-rules`）也在此列：是否合格以 `validate` 为准。",
    "After the draft standard MR/T 《特种设备安全监管信息共享接口规范》. Requests and responses are the envelopes of Annex A, each \
     signed: `sign` = upper-case hex(SM4-ECB-PKCS#7(key, lower-case hex(SM3(canonical)))), canonical being \
     `action=…&appid=…&busicode=…&busilist=…&random=…` with busilist as sent (an array from `[` to `]`, of a string its \
     content). A node makes this document from its data dictionary. Values may be strings or numbers; a number is checked as \
     its exact text, which JSON Schema cannot say, nor the check digits of a `format` and conditional rules (`x-rules`): \
     `validate` tells whether records are good.",
);

fn info(interface: &Interface, dictionary: &Dictionary) -> Value {
    let datasets = dictionary.datasets().map(|dataset| {
        json!({
            "code": dataset.code().to_string(),
            "title": dataset.title(),
            "version": dataset.version(),
            "provisional": dataset.is_provisional(),
            "key": dataset.key(),
        })
    });
    json!({
        "title": "特种设备安全监管信息共享接口 Special equipment safety data sharing interface",
        "version": version(dictionary),
        "description": DESCRIPTION.paragraphs(),
        "x-interface-version": VERSION,
        "x-service": interface.service(),
        "x-limits": {"bodyBytes": interface.limits().body_bytes, "records": interface.limits().records},
        "x-datasets": datasets.collect::<Vec<_>>(),
    })
}

fn tags() -> Value {
    let flags = InterFlag::ALL.map(|flag| json!({"name": flag.as_str(), "description": inter_flag(flag).line()}));
    let document = json!({"name": "document", "description": "接口文档 The interface document"});
    flags.into_iter().chain([document]).collect()
}

fn paths(interface: &Interface, dictionary: &Dictionary, records: &Records) -> Value {
    let mut paths = Map::new();
    for (name, flag) in interface.names() {
        let mut responses = Map::new();
        responses.insert("200".to_owned(), answer::success(flag));
        for status in answer::statuses() {
            let reference = json!({"$ref": format!("#/components/responses/{}", answer::component(status))});
            responses.insert(status.to_string(), reference);
        }
        let operation = json!({
            "operationId": name,
            "tags": [flag.as_str()],
            "summary": inter_flag(flag).line(),
            "requestBody": request::body(flag, dictionary, records),
            "responses": responses,
        });
        paths.insert(format!("/{}/{name}", interface.service()), json!({"post": operation}));
    }
    paths.insert(format!("/{}/{OPENAPI}", interface.service()), own_path());
    paths.into()
}

/// The document's own address.
fn own_path() -> Value {
    let etag = json!({"ETag": {"$ref": "#/components/headers/ETag"}});
    let content = json!({"application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}});
    let operation = |id: &str, content: Option<&Value>| {
        let mut found = json!({"description": "OpenAPI 3.1", "headers": etag});
        if let Some(content) = content {
            found["content"] = content.clone();
        }
        json!({
            "operationId": id,
            "tags": ["document"],
            "summary": "本文档：唯一不是信封的响应 This document: the one answer that is no envelope",
            "parameters": [{
                "name": "If-None-Match", "in": "header", "schema": {"type": "string"},
                "description": "已有的 ETag the ETag held",
            }],
            "responses": {
                "200": found,
                "304": {"description": "没有变化 Not modified", "headers": etag},
            },
        })
    };
    json!({"get": operation("openapi", Some(&content)), "head": operation("openapi-head", None)})
}
