//! What is wrong with a field, in words for the person who sent it (`INVALID_RECORDS`).

use super::across::AcrossRule;
use super::definition::Dataset;
use super::field::{Field, ListMode};
use jsonschema::error::ValidationErrorKind;
use std::fmt::Write;

/// What breaking a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The record is refused.
    Error,
    /// The record is taken, and its sender told.
    Warning,
}

impl Level {
    /// The word of answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// One rule that one field of a record breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field; an unknown name is cut at [`MAX_NAME`] characters.
    pub field: String,
    /// The keyword of the rule, like `required`, `maxLength`, `pattern`, `enum`, `format`, `minimum`, `additionalProperties`,
    /// or the name of a rule across fields.
    pub rule: String,
    /// What it means for the record.
    pub level: Level,
    /// What was expected and what was given, in Chinese. Sensitive values are not shown.
    pub error: String,
}

/// The most characters shown of a name that no dataset knows.
pub const MAX_NAME: usize = 64;

/// The most characters shown of a value.
const MAX_EXCERPT: usize = 24;

/// The most codes of a list shown as a help.
const MAX_CODES: usize = 12;

/// The name for 'a field the dataset does not know'.
const UNKNOWN: &str = "additionalProperties";

impl Dataset {
    /// A required field that is not given.
    pub(super) fn missing(&self, id: &str) -> FieldFault {
        FieldFault {
            field: id.to_owned(),
            rule: "required".to_owned(),
            level: Level::Error,
            error: format!("{}为必填项，未提供", self.called(id)),
        }
    }

    /// A required field that a change would clear.
    pub(super) fn cleared(&self, id: &str) -> FieldFault {
        FieldFault {
            field: id.to_owned(),
            rule: "required".to_owned(),
            level: Level::Error,
            error: format!("{}为必填项，不能清空", self.called(id)),
        }
    }

    /// A name that the dataset does not know, with the nearest one it knows.
    pub(super) fn unknown(&self, name: &str, level: Level) -> FieldFault {
        let field = excerpt(name, MAX_NAME);
        // Above the door nobody is told, and a new field of the tier below comes with every record.
        let known = self.fields().iter().filter(|_| level == Level::Error);
        let nearest = known
            .map(|known| (strsim::damerau_levenshtein(&field, &known.id), known))
            .filter(|(distance, known)| *distance <= known.id.len() / 3)
            .min_by_key(|(distance, _)| *distance);
        let mut error = format!("{}没有字段“{field}”", self.title());
        if let Some((_, known)) = nearest {
            let _ = write!(error, "，是否应为“{}”（{}）", known.id, known.title);
        }
        FieldFault { field, rule: UNKNOWN.to_owned(), level, error }
    }

    /// A given value that breaks a rule of its field.
    pub(super) fn broken(&self, field: &Field, given: &str, kind: &ValidationErrorKind) -> FieldFault {
        let expected = match kind {
            ValidationErrorKind::MaxLength { limit } => {
                format!("不得超过 {limit} 个字符，给出了 {} 个字符", given.chars().count())
            }
            ValidationErrorKind::MinLength { limit } => {
                format!("不得少于 {limit} 个字符，给出了 {} 个字符", given.chars().count())
            }
            _ => format!("应为：{}", expectation(field, kind)),
        };
        FieldFault {
            field: field.id.clone(),
            // Keywords of sesame's own are told by their plain names.
            rule: kind.keyword().trim_start_matches("x-").to_owned(),
            level: Level::Error,
            error: format!("{}{expected}{}", called(field), shown(field, given)),
        }
    }

    /// A time that has not come yet.
    pub(super) fn ahead(&self, field: &Field, given: &str) -> FieldFault {
        FieldFault {
            field: field.id.clone(),
            rule: "future".to_owned(),
            level: Level::Error,
            error: format!("{}不得晚于当前时间{}", called(field), shown(field, given)),
        }
    }

    /// A rule across fields that a record breaks.
    pub(super) fn disagrees(&self, rule: &AcrossRule, given: Option<&str>) -> FieldFault {
        let shown = self.field(&rule.field).zip(given).map(|(field, given)| shown(field, given)).unwrap_or_default();
        FieldFault {
            field: rule.field.clone(),
            rule: rule.id.clone(),
            level: rule.level,
            error: format!("{}{}{shown}", self.called(&rule.field), rule.expects),
        }
    }

    /// `“许可证编号”（XKZBH）`
    fn called(&self, id: &str) -> String {
        self.field(id).map_or_else(|| format!("“{}”", excerpt(id, MAX_NAME)), called)
    }
}

fn called(field: &Field) -> String {
    format!("“{}”（{}）", field.title, field.id)
}

/// The value given, where it may be shown.
fn shown(field: &Field, given: &str) -> String {
    if field.sensitivity.is_some() || looks_personal(given) {
        return String::new();
    }
    format!("；给出的是“{}”", excerpt(given, MAX_EXCERPT))
}

/// Whether a value may be somebody's ID or telephone number, in whatever field it stands: refusals go into logs.
fn looks_personal(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    matches!((value.len(), digits), (15 | 18, 15..) | (11, 11))
}

/// What the value should have been: the codes of the field's list, or the words of its dictionary.
fn expectation(field: &Field, kind: &ValidationErrorKind) -> String {
    let Some(codelist) = field.codelist.as_ref().filter(|codelist| codelist.mode != ListMode::Advisory) else {
        return field.expects.clone().unwrap_or_else(|| format!("符合规则 {}", kind.keyword()));
    };
    let items = &codelist.list.items;
    let shown: Vec<_> = items.iter().take(MAX_CODES).map(|item| format!("{} {}", item.code, item.title)).collect();
    let more = if items.len() > MAX_CODES { "等" } else { "" };
    let several = if codelist.mode == ListMode::Several { "，可有多个，用“;”分隔" } else { "" };
    format!("代码表{}（{}）的代码{several}：{}{more}", codelist.name, codelist.list.title, shown.join("、"))
}

/// The beginning of a text, without the characters that could disturb a log or a page.
fn excerpt(text: &str, most: usize) -> String {
    let visible = |c: char| if c.is_control() || is_format(c) { '□' } else { c };
    let mut shown: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters that show nothing but change how others are shown: bidirectional marks, zero-width characters, line ends.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_harmless() {
        assert_eq!(excerpt("梯11宁A00123(18)", 24), "梯11宁A00123(18)");
        assert_eq!(excerpt(&"长".repeat(100), 3), "长长长…");
        assert_eq!(excerpt("a\nb\u{202e}c\u{feff}", 24), "a□b□c□");
    }
}
