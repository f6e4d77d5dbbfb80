//! The page for people: one HTML file with its own style, no script, nothing loaded from anywhere, so that it can be kept,
//! mailed and printed. Both languages are in it; two radio buttons choose.

mod codes;
mod datasets;
mod guide;
mod html;
mod queries;
mod signing;

use super::bilingual::both;
use super::contract::VERSION;
use super::example::Records;
use super::{Interface, openapi};
use crate::dataset::Dictionary;
use html::{Html, escape, words};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn render(interface: &Interface, dictionary: &Dictionary) -> String {
    let records = Records::of(dictionary);
    let mut html = Html::default();
    guide::addresses(&mut html, interface);
    guide::requests(&mut html);
    guide::responses(&mut html);
    signing::signatures(&mut html);
    signing::encryption(&mut html);
    guide::writes(&mut html);
    guide::resending(&mut html);
    codes::refusals(&mut html);
    codes::rules(&mut html);
    queries::records(&mut html, &records, dictionary);
    queries::log(&mut html);
    codes::limits(&mut html, interface);
    datasets::overview(&mut html, dictionary);
    dictionary.datasets().for_each(|dataset| datasets::dataset(&mut html, dataset, &records));
    datasets::code_lists(&mut html, dictionary);
    frame(&html, interface, dictionary)
}

/// The page around its sections.
fn frame(html: &Html, interface: &Interface, dictionary: &Dictionary) -> String {
    let (service, version) = (escape(interface.service()), escape(&openapi::version(dictionary)));
    let contents: String =
        html.sections.iter().map(|(id, title)| format!("<a href=\"#{id}\">{}</a>", words(*title))).collect();
    let datasets: String = dictionary
        .datasets()
        .map(|dataset| {
            let (code, title) = (dataset.code().to_string(), datasets::name(dataset));
            format!("<a href=\"#d{code}\"><span class=\"code\">{code}</span> {title}</a>")
        })
        .collect();
    let title = words(both("特种设备安全监管信息共享接口说明", "The interface of special-equipment data sharing"));
    let by = words(both(
        "依据《特种设备安全监管信息共享接口规范》（MR/T，征求意见稿）第 6.5.1 条，由本节点按其数据字典生成。",
        "Made by the node from its data dictionary, after clause 6.5.1 of the draft standard \
         《特种设备安全监管信息共享接口规范》 (MR/T).",
    ));
    let (contents_word, datasets_word) = (words(both("目录", "Contents")), words(both("数据集", "Datasets")));
    let chips = [
        (both("接口版本", "interface"), VERSION.to_owned()),
        (both("文档版本", "document"), version),
        (both("服务", "service"), service.clone()),
        (both("机器可读", "machine-readable"), format!("/{service}/openapi.json")),
    ];
    let chips: String =
        chips.iter().map(|(name, value)| format!("<div><dt>{}</dt><dd>{value}</dd></div>", words(*name))).collect();
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>接口说明 · {service}</title><style>{STYLE}</style></head><body>\
         <input type=\"radio\" name=\"language\" id=\"language-zh\" class=\"language\" aria-label=\"中文\" checked>\
         <input type=\"radio\" name=\"language\" id=\"language-en\" class=\"language\" aria-label=\"English\">\
         <header class=\"bar\"><a class=\"brand\" href=\"#top\">sesame<small>{service}</small></a>\
         <div class=\"languages\"><label for=\"language-zh\">中文</label><label for=\"language-en\">English</label></div></header>\
         <div class=\"frame\" id=\"top\"><nav><details open><summary>{contents_word}</summary>{contents}\
         <p>{datasets_word}</p>{datasets}</details></nav>\
         <main><div class=\"hero\"><h1>{title}</h1><p>{by}</p><dl>{chips}</dl></div>{}</main></div></body></html>",
        html.body
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::contract::{LOG_CONDITIONS, LOG_FIELDS, RECORD_CONDITIONS, REQUEST};
    use crate::interface::{InterFlag, Limits};
    use crate::standard::refusal::RefusalCode;
    use std::collections::BTreeMap;

    fn page() -> String {
        let aliases = BTreeMap::from([("upload".to_owned(), "exchange".to_owned())]);
        let interface = Interface::new("sesame", &aliases, Limits { body_bytes: 1 << 20, records: 2_000 }).unwrap();
        render(&interface, &Dictionary::builtin())
    }

    #[test]
    fn clause_6_5_1_the_page_says_all_that_the_contract_has() {
        let page = page();
        let dictionary = Dictionary::builtin();
        let mut names: Vec<String> = InterFlag::ALL.map(|flag| format!("/sesame/{}", flag.as_str())).to_vec();
        names.extend(["/sesame/upload", "/sesame/openapi.json"].map(str::to_owned));
        names.extend(RefusalCode::ALL.map(|code| format!("<code>{code}</code>")));
        names.extend(REQUEST.map(|member| format!("<code>{}</code>", member.name)));
        let conditions = RECORD_CONDITIONS.iter().chain(&LOG_CONDITIONS);
        names.extend(conditions.map(|condition| format!("<code>{}</code>", condition.name)));
        names.extend(LOG_FIELDS.map(|field| format!("<code>{}</code>", field.name)));
        for dataset in dictionary.datasets() {
            names.push(format!("id=\"d{}\"", dataset.code()));
            names.extend(dataset.fields().iter().map(|field| format!("<code>{}</code>", field.id)));
        }
        for (name, list) in dictionary.codelists().iter() {
            names.push(format!("id=\"l{name}\""));
            names.extend(list.items.iter().map(|item| format!("<code>{}</code>", item.code)));
        }
        for name in names {
            assert!(page.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_page_loads_nothing_and_its_links_lead_somewhere() {
        let page = page();
        for outside in ["<script", "<link", "<img", "@import", "url(", "http-equiv"] {
            assert!(!page.contains(outside), "{outside}");
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "an id stands twice");
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(link.strip_prefix('#').is_some_and(|id| distinct.contains(&id)), "{link}");
        }
    }
}
