//! Small valid records, written out so that a test shows what it sends.

use serde_json::{Value, json};

/// A valid 007 record (supervision check) of a county.
pub fn check(key: &str, region: &str, updated: &str) -> Value {
    json!({
        "JCJLBH": key, "XZQHDM": region, "SJLYDWDM": "91370100MA3C00011J", "SJGXSJ": updated, "JCLX": "1",
        "BJCDW": "示范物业有限公司", "BJCDWDM": "91370100MA3C00011J", "BJCDWLB": "3", "JCRQ": "2025-06-01",
        "JCJG": "市北区市场监督管理局", "JCRY": "张三、李四", "JCJL": "1", "YHDJ": "0",
    })
}

/// `count` of them as an array's text.
pub fn checks(prefix: &str, region: &str, updated: &str, count: usize) -> String {
    let records: Vec<Value> = (0..count).map(|n| check(&format!("{prefix}-{n}"), region, updated)).collect();
    Value::Array(records).to_string()
}
