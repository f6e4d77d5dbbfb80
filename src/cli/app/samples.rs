//! Programs that sign as one app, made of the vendor samples in docs/samples: what works there works here.

use crate::standard::cipher::{Key, Software};
use crate::standard::code::Action;
use crate::standard::sign::{Canonical, Profile, sign};
use std::path::Path;

/// Whose values the programs have.
pub(super) struct Subject<'a> {
    pub(super) appid: &'a str,
    pub(super) key: &'a Key,
    /// Where the key was written instead of being shown: the programs read it from there.
    pub(super) key_file: Option<&'a Path>,
    pub(super) busicode: &'a str,
    pub(super) action: Action,
    /// `http://host:port/<service>`; without one the programs only sign.
    pub(super) url: Option<&'a str>,
}

const PYTHON: &str = include_str!("../../../docs/samples/python/sign.py");
const JAVASCRIPT: &str = include_str!("../../../docs/samples/javascript/sign.js");
const JAVA: &str = include_str!("../../../docs/samples/java/Sign.java");

/// The random that the signature to be compared is made with.
const RANDOM: &str = "check-1";

/// A program.
pub(super) struct Sample {
    /// What to call its file.
    pub(super) file: &'static str,
    /// The libraries it needs.
    pub(super) needs: &'static str,
    pub(super) text: String,
}

/// The programs. Each checks its signature against ours; where there is an address, it sends an empty request then.
pub(super) fn samples(subject: &Subject<'_>) -> [Sample; 3] {
    let java = Sample {
        file: "Check.java",
        needs: "cn.hutool:hutool-crypto:5.8.26, org.bouncycastle:bcprov-jdk18on:1.78.1",
        text: java(subject),
    };
    let python = Sample { file: "check.py", needs: "pip install gmssl==3.2.2", text: python(subject) };
    let javascript = Sample { file: "check.js", needs: "npm install sm-crypto", text: javascript(subject) };
    [java, python, javascript]
}

fn python(subject: &Subject<'_>) -> String {
    let key = match subject.key_file {
        Some(file) => format!("open({}).read().strip()", quoted(&file.display().to_string())),
        None => quoted(&hex::encode(subject.key.bytes())),
    };
    let Values { appid, busicode, action, right, url } = Values::of(subject);
    let send = url.map_or_else(String::new, |url| {
        format!("print(post({url}, build_request({appid}, key, {busicode}, {action}, \"[]\", str(uuid.uuid4()))))\n")
    });
    format!(
        "import json\nimport urllib.error\nimport urllib.request\nimport uuid\n\nfrom gmssl import sm3, sm4\n\n\n{}\n\n\
         key = bytes.fromhex({key})\n\
         request = build_request({appid}, key, {busicode}, {action}, \"[]\", \"{RANDOM}\")\n\
         print(request[\"sign\"])\n\
         assert request[\"sign\"] == {right}\n{send}",
        marked(PYTHON, "#").join("\n\n\n")
    )
}

fn javascript(subject: &Subject<'_>) -> String {
    let key = match subject.key_file {
        Some(file) => {
            format!("require('node:fs').readFileSync({}, 'utf8').trim()", quoted(&file.display().to_string()))
        }
        None => quoted(&hex::encode(subject.key.bytes())),
    };
    let Values { appid, busicode, action, right, url } = Values::of(subject);
    let app = format!("appid: {appid}, keyHex, busicode: {busicode}, action: {action}, busilist: '[]'");
    let send = url.map_or_else(String::new, |url| {
        format!("post({url}, buildRequest({{ {app}, random: randomUUID() }})).then(console.log)\n")
    });
    format!(
        "'use strict'\n\nconst {{ randomUUID }} = require('node:crypto')\nconst {{ sm3, sm4 }} = require('sm-crypto')\n\n\
         {}\n\nconst keyHex = {key}\n\
         const request = buildRequest({{ {app}, random: '{RANDOM}' }})\n\
         console.log(request.sign)\n\
         if (request.sign !== {right}) throw new Error('another signature was expected')\n{send}",
        marked(JAVASCRIPT, "//").join("\n\n")
    )
}

fn java(subject: &Subject<'_>) -> String {
    let key = match subject.key_file {
        Some(file) => {
            format!(
                "java.nio.file.Files.readString(java.nio.file.Path.of({})).strip()",
                quoted(&file.display().to_string())
            )
        }
        None => quoted(&hex::encode(subject.key.bytes())),
    };
    let Values { appid, busicode, action, right, url } = Values::of(subject);
    let send = url.map_or_else(String::new, |url| {
        format!(
            "        String random = java.util.UUID.randomUUID().toString();\n\
             \x20       sign = sign(key, canonical({appid}, {busicode}, {action}, \"[]\", random));\n\
             \x20       System.out.println(post({url}, buildRequest({appid}, {busicode}, {action}, \"[]\", random, sign)));\n"
        )
    });
    format!(
        "import cn.hutool.crypto.SmUtil;\nimport java.net.URI;\nimport java.net.http.HttpClient;\n\
         import java.net.http.HttpRequest;\nimport java.net.http.HttpResponse;\nimport java.util.HexFormat;\n\n\
         public class Check {{\n{}\n\n\
         \x20   public static void main(String[] args) throws Exception {{\n\
         \x20       byte[] key = HexFormat.of().parseHex({key});\n\
         \x20       String sign = sign(key, canonical({appid}, {busicode}, {action}, \"[]\", \"{RANDOM}\"));\n\
         \x20       System.out.println(sign);\n\
         \x20       if (!sign.equals({right})) {{\n\
         \x20           throw new AssertionError(\"another signature was expected\");\n\
         \x20       }}\n{send}    }}\n}}\n",
        marked(JAVA, "//").join("\n\n")
    )
}

/// Literals that the three languages read alike.
struct Values {
    appid: String,
    busicode: String,
    action: String,
    /// The right signature.
    right: String,
    url: Option<String>,
}

impl Values {
    fn of(subject: &Subject<'_>) -> Self {
        let action = subject.action.code();
        let canonical = Canonical::Request {
            action,
            appid: subject.appid,
            busicode: subject.busicode,
            busilist: "[]",
            random: RANDOM,
        };
        Self {
            appid: quoted(subject.appid),
            busicode: quoted(subject.busicode),
            action: quoted(action),
            right: quoted(&sign(&Software, Profile::Digest, subject.key, &canonical)),
            url: subject.url.map(|url| quoted(&format!("{}/exchange", url.trim_end_matches('/')))),
        }
    }
}

/// A string literal: JSON's escapes mean the same in all three languages.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The parts of a sample between its marks.
fn marked(sample: &str, comment: &str) -> Vec<String> {
    let (begin, end) = (format!("{comment} [begin: sesame app add]"), format!("{comment} [end: sesame app add]"));
    let mut parts = Vec::new();
    let mut part: Option<Vec<&str>> = None;
    for line in sample.lines() {
        match (&mut part, line.trim()) {
            (None, mark) if mark == begin => part = Some(Vec::new()),
            (Some(lines), mark) if mark == end => {
                parts.push(lines.join("\n"));
                part = None;
            }
            (Some(lines), _) => lines.push(line),
            (None, _) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject<'a>(key: &'a Key, url: Option<&'a str>) -> Subject<'a> {
        Subject { appid: "A\"1", key, key_file: None, busicode: "003", action: Action::Query, url }
    }

    #[test]
    fn the_samples_are_whole_and_hold_the_apps_own_values() {
        let key = Key::parse("0123456789abcdeffedcba9876543210").unwrap();
        for Sample { file: language, text, .. } in samples(&subject(&key, Some("http://node/sesame/"))) {
            for part in
                ["0123456789abcdeffedcba9876543210", r#""A\"1""#, "http://node/sesame/exchange", "sm3", "busilist"]
            {
                assert!(text.contains(part), "{language}: {part} is missing\n{text}");
            }
            assert!(!text.contains("sesame app add"), "{language}: a mark is left");
        }
        for Sample { text, .. } in samples(&subject(&key, None)) {
            assert!(!text.contains("/exchange"), "{text}");
        }
    }

    #[test]
    fn a_key_in_a_file_is_not_shown() {
        let key = Key::parse("0123456789abcdeffedcba9876543210").unwrap();
        let subject = Subject { key_file: Some(Path::new("/tmp/a.key")), ..subject(&key, None) };
        for Sample { file: language, text, .. } in samples(&subject) {
            assert!(text.contains("/tmp/a.key") && !text.contains("0123456789abcdef"), "{language}\n{text}");
        }
    }
}
