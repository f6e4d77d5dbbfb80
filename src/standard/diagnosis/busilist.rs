//! The texts that may have been signed instead of the busilist as sent.

use super::{Known, Mistake};
use crate::standard::encryption;
use crate::standard::envelope::Busilist;
use crate::standard::json::quote;
use serde_json::Value;
use std::fmt::Write;

/// How a JSON library may write a value.
#[derive(Clone, Copy)]
struct Style {
    spacing: Spacing,
    escapes: Escapes,
    sorted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Spacing {
    /// Java, JavaScript.
    None,
    /// Python.
    AfterSigns,
    Indented(&'static str),
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    None,
    /// Python and PHP: `\u4e2d`.
    Lower,
    /// `\u4E2D`.
    Upper,
    /// PHP: `\/`.
    Slash,
    /// Gson: `\u003c` for what means something in HTML.
    Html,
}

const SPACINGS: [Spacing; 5] =
    [Spacing::None, Spacing::AfterSigns, Spacing::Indented("  "), Spacing::Indented("    "), Spacing::Indented("\t")];
const ESCAPES: [Escapes; 5] = [Escapes::None, Escapes::Lower, Escapes::Upper, Escapes::Slash, Escapes::Html];

/// Texts that differ from the one sent, each with the mistake that makes it.
pub(super) fn variants(known: &Known<'_>, busilist: &Busilist<'_>) -> Vec<(Mistake, String)> {
    let sent = busilist.text();
    let mut variants = Vec::new();
    if let Ok(value) = serde_json::from_str::<Value>(sent) {
        for sorted in [false, true] {
            for spacing in SPACINGS {
                for escapes in ESCAPES {
                    let style = Style { spacing, escapes, sorted };
                    variants.push((Mistake::Serialised(style.describe()), style.write(&value, 0)));
                }
            }
        }
        variants.push((Mistake::JavaText, java_text(&value)));
    }
    let quoted = quote(sent);
    match busilist {
        Busilist::Array(_) => {}
        Busilist::Text(_) => variants.push((Mistake::StillEscaped, quoted.trim_matches('"').to_owned())),
    }
    variants.push((Mistake::Quoted, quoted));
    if let Some(key) = known.data_key
        && let Ok(decrypted) = encryption::decrypt(known.cipher, key, sent)
    {
        variants.push((Mistake::Plaintext, decrypted.text));
        variants.push((Mistake::CaseOfCiphertext, sent.to_lowercase()));
        variants.push((Mistake::CaseOfCiphertext, sent.to_uppercase()));
    }
    let mut seen = std::collections::HashSet::from([sent.to_owned()]);
    variants.retain(|(_, text)| seen.insert(text.clone()));
    variants
}

impl Style {
    fn describe(self) -> String {
        let spacing = match self.spacing {
            Spacing::None => "没有空格",
            Spacing::AfterSigns => "逗号、冒号后有空格",
            Spacing::Indented(_) => "有换行和缩进",
        };
        let escapes = match self.escapes {
            Escapes::None => "",
            Escapes::Lower | Escapes::Upper => "，中文写成了 \\uXXXX",
            Escapes::Slash => "，斜杠写成了 \\/",
            Escapes::Html => "，<、>、& 等写成了 \\u003c 这样",
        };
        format!("{spacing}{escapes}{}", if self.sorted { "，键按字母排了序" } else { "" })
    }

    fn write(self, value: &Value, depth: usize) -> String {
        match value {
            Value::Array(items) => {
                self.enclosed('[', items.iter().map(|item| self.write(item, depth + 1)).collect(), ']', depth)
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                if self.sorted {
                    members.sort_by_key(|(name, _)| *name);
                }
                let colon = if self.spacing == Spacing::None { ":" } else { ": " };
                let member = |(name, value): (&String, &Value)| {
                    format!("{}{colon}{}", self.quoted(name), self.write(value, depth + 1))
                };
                self.enclosed('{', members.into_iter().map(member).collect(), '}', depth)
            }
            Value::String(text) => self.quoted(text),
            other => other.to_string(),
        }
    }

    fn enclosed(self, open: char, items: Vec<String>, close: char, depth: usize) -> String {
        match self.spacing {
            Spacing::Indented(indent) if !items.is_empty() => {
                let inner = format!("\n{}", indent.repeat(depth + 1));
                format!("{open}{inner}{}\n{}{close}", items.join(&format!(",{inner}")), indent.repeat(depth))
            }
            Spacing::None => format!("{open}{}{close}", items.join(",")),
            _ => format!("{open}{}{close}", items.join(", ")),
        }
    }

    fn quoted(self, text: &str) -> String {
        let mut escaped = String::new();
        for character in quote(text).chars() {
            let escape = match self.escapes {
                Escapes::None => false,
                Escapes::Lower | Escapes::Upper => !character.is_ascii(),
                Escapes::Slash => {
                    if character == '/' {
                        escaped.push('\\');
                    }
                    false
                }
                Escapes::Html => "<>&='".contains(character),
            };
            if !escape {
                escaped.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = match self.escapes {
                    Escapes::Upper => write!(escaped, "\\u{unit:04X}"),
                    _ => write!(escaped, "\\u{unit:04x}"),
                };
            }
        }
        escaped
    }
}

/// As `toString` of a Java list of maps writes it.
fn java_text(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(java_text).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}={}", java_text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
