//! The pages' HTML.

use super::Check;
use crate::dataset::Dictionary;
use crate::standard::region::Region;
use crate::store::TallyRow;
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.6 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;color:#1d2733;\
background:#f4f6f8;margin:0}main{max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.5rem;margin:.2rem 0}\
h2{font-size:1.1rem;margin-top:2rem}small,.en{color:#5b6b7b}table{border-collapse:collapse;width:100%;background:#fff}\
th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid #dfe5ea}td.n,th.n{text-align:right;\
font-variant-numeric:tabular-nums}.ok{color:#137333}.bad{color:#b3261e;font-weight:600}form.login{background:#fff;\
max-width:22rem;margin:4rem auto;padding:1.5rem 2rem;border:1px solid #dfe5ea}input{font:inherit;width:100%;\
box-sizing:border-box;padding:.4rem;margin:.2rem 0 1rem}button{font:inherit;padding:.4rem 1.2rem}\
header{display:flex;justify-content:space-between;align-items:center}";

/// The pages' content security policy: nothing but the page's own style may load.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
}

/// The way to the interface document, from the page that operators and vendors see first.
const INTERFACE: &str = "<p><a href=\"/interface\">接口说明 <span class=\"en\">The interface document</span></a></p>";

/// The login form, with what was wrong with the attempt before.
pub(super) fn login(node: &str, problem: &str) -> String {
    let problem = if problem.is_empty() { String::new() } else { format!("<p class=\"bad\">{}</p>", escape(problem)) };
    let body = format!(
        "<form class=\"login\" method=\"post\" action=\"/login\"><h1>sesame</h1><p>{}<br>\
         <small>特种设备安全监管信息共享 · operator console</small></p>{problem}\
         <label>用户名 <span class=\"en\">user</span><input name=\"user\" value=\"admin\" autocomplete=\"username\"></label>\
         <label>密码 <span class=\"en\">password</span><input name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" autofocus></label><button>登录 Log in</button>{INTERFACE}</form>",
        escape(node)
    );
    document("sesame", &body)
}

/// What the status page shows.
pub(super) struct Status<'a> {
    pub(super) node: &'a str,
    pub(super) region: Region,
    /// Who is looking.
    pub(super) operator: &'a str,
    pub(super) checks: &'a [Check],
    /// Records by dataset, or why they cannot be told.
    pub(super) tally: Result<&'a [TallyRow], String>,
    /// Open failures by step, reason and state.
    pub(super) failures: &'a [(String, String, String, i64)],
    pub(super) dictionary: &'a Dictionary,
}

/// The status page.
pub(super) fn status(status: &Status<'_>) -> String {
    let mut body = format!(
        "<header><div><h1>{}</h1><small>{} · sesame {} · {}</small></div>\
         <form method=\"post\" action=\"/logout\"><button>退出 Log out</button></form></header>",
        escape(status.node),
        status.region,
        env!("CARGO_PKG_VERSION"),
        escape(status.operator)
    );
    body.push_str("<h2>运行状态 <span class=\"en\">Health</span></h2><table>");
    for check in status.checks {
        let (class, word) = if check.ok { ("ok", "正常 ok") } else { ("bad", "异常 fault") };
        row(&mut body, &[(check.name, ""), (word, class), (&check.detail, "")]);
    }
    body.push_str("</table>");
    body.push_str(
        "<h2>数据 <span class=\"en\">Records</span></h2><table><tr><th>业务分类 <span class=\"en\">dataset</span></th>\
         <th class=\"n\">记录 <span class=\"en\">records</span></th>\
         <th class=\"n\">其中已删除 <span class=\"en\">deleted</span></th></tr>",
    );
    match &status.tally {
        Ok(rows) => {
            for dataset in status.dictionary.datasets() {
                let (records, deleted) = rows
                    .iter()
                    .find(|row| row.busicode == dataset.code())
                    .map_or((0, 0), |row| (row.records, row.deleted));
                let name = format!("{} {}", dataset.code(), dataset.title());
                row(&mut body, &[(&name, ""), (&records.to_string(), "n"), (&deleted.to_string(), "n")]);
            }
        }
        Err(reason) => row(&mut body, &[(reason, "bad")]),
    }
    body.push_str("</table><h2>失败 <span class=\"en\">Failures</span></h2>");
    let open: Vec<_> = status.failures.iter().filter(|(_, _, state, _)| state != "resolved").collect();
    if open.is_empty() {
        body.push_str("<p class=\"ok\">没有待处理的失败 <span class=\"en\">none open</span></p>");
    } else {
        body.push_str(
            "<table><tr><th>环节 step</th><th>原因 reason</th><th>状态 state</th><th class=\"n\">数量 count</th></tr>",
        );
        for (step, reason, state, count) in open {
            row(&mut body, &[(step, ""), (reason, ""), (state, ""), (&count.to_string(), "n")]);
        }
        body.push_str("</table>");
    }
    body.push_str(INTERFACE);
    document(&escape(status.node), &body)
}

fn row(body: &mut String, cells: &[(&str, &str)]) {
    body.push_str("<tr>");
    for (text, class) in cells {
        // Writing to a String cannot fail.
        let _ = write!(body, "<td class=\"{class}\">{}</td>", escape(text));
    }
    body.push_str("</tr>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let page = login("<script>", "a \"b\" & c");
        assert!(page.contains("&lt;script&gt;") && page.contains("a &quot;b&quot; &amp; c"));
        assert!(!page.contains("<script>"));
    }
}
