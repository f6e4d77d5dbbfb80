//! Holding a record against the rules of its dataset (§6.1 数据校验).

use super::across::AcrossRule;
use super::definition::Dataset;
use super::fault::{FieldFault, Level};
use super::view::{Members, RecordNode};
use crate::standard::code::Action;
use crate::standard::flat_object::FlatObject;
use crate::standard::moment::Moment;

/// What becomes of fields that the dataset does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownFields {
    /// The record is refused: at the door.
    Refuse,
    /// They are kept, with a warning: at upper tiers, so that dictionaries can be upgraded from the top down.
    Keep,
}

/// Holds records against the rules of their dataset. Made once for a batch.
pub struct Checker<'d> {
    dataset: &'d Dataset,
    action: Action,
    unknown: Level,
    /// The latest moment that is not in the future, as records write moments.
    latest: String,
}

impl<'d> Checker<'d> {
    /// A checker of the records of one batch. `latest` is the latest moment that counts as not in the future.
    pub fn new(dataset: &'d Dataset, action: Action, latest: Moment, unknown: UnknownFields) -> Self {
        let unknown = match unknown {
            UnknownFields::Refuse => Level::Error,
            UnknownFields::Keep => Level::Warning,
        };
        Self { dataset, action, unknown, latest: latest.to_civil() }
    }

    /// Every rule the record breaks, in the order of the dictionary; empty for a good record.
    ///
    /// - `01`: required fields must be given, every given field obeys its rules, and the rules across fields hold.
    /// - `02`: key and source time must be given, every given field obeys its rules, and no required field may be
    ///   cleared with null or "". The region may be left out: the caller knows the sender's own. A rule across fields
    ///   is asked where the change shows all the fields it looks at.
    /// - `03`: the key must be given; key, region and time obey their rules. Other fields are not applied, so not held
    ///   against theirs.
    /// - In all three, fields this side keeps (SCBZ) are ignored.
    /// - `04` writes nothing and breaks nothing.
    pub fn check(&self, record: &FlatObject<'_>) -> Vec<FieldFault> {
        let Some(asked) = self.dataset.rules.of(self.action) else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        let mut members = Vec::with_capacity(self.dataset.fields.len());
        let (mut likely, mut required) = (0, 0);
        for (name, value) in record.members() {
            let Some(place) = self.dataset.place_near(name, likely) else {
                faults.push(self.dataset.unknown(name, self.unknown));
                continue;
            };
            likely = place + 1;
            match value.given() {
                _ if !asked.applies(place) => {}
                Some(given) => {
                    required += usize::from(asked.requires(place));
                    self.hold(place, given, &mut faults);
                    members.push((name, given));
                }
                // A key or time that is not given is missing, whatever the action.
                None if self.action == Action::Modify && !asked.requires(place) => {
                    let field = &self.dataset.fields[place];
                    faults.extend(field.required.then(|| self.dataset.cleared(name)));
                }
                None => {}
            }
        }
        // Names do not repeat in a record, so counting tells whether all are there.
        if required < asked.count {
            let required = self.dataset.fields.iter().enumerate().filter(|(place, _)| asked.requires(*place));
            let missing = required.filter(|(_, field)| value_of(&members, &field.id).is_none());
            faults.extend(missing.map(|(_, field)| self.dataset.missing(&field.id)));
        }
        let seen = RecordNode::Record(&members);
        let broken = self.asked(record).filter(|rule| !rule.holds(seen));
        faults.extend(broken.map(|rule| self.dataset.disagrees(rule, value_of(&members, &rule.field))));
        faults.sort_by(|a, b| self.order(a).cmp(&self.order(b)));
        faults
    }

    /// Holds a value against the rules of its field.
    fn hold(&self, place: usize, given: &str, faults: &mut Vec<FieldFault>) {
        let field = &self.dataset.fields[place];
        if !self.dataset.rules.keeps(place, given) {
            let broken = self.dataset.rules.faults(place, given);
            faults.extend(broken.map(|error| self.dataset.broken(field, given, error.kind())));
        }
        if field.past && self.is_ahead(given) {
            faults.push(self.dataset.ahead(field, given));
        }
    }

    /// The rules across fields that the action and the record answer for.
    fn asked<'s>(&'s self, record: &'s FlatObject<'_>) -> impl Iterator<Item = &'d AcrossRule> + 's {
        let shows = |id: &String| record.members().any(|(name, _)| name == id);
        self.dataset.across.iter().filter(move |rule| match self.action {
            Action::Add => true,
            Action::Modify => rule.sees.iter().all(shows),
            Action::Delete | Action::Query => false,
        })
    }

    /// Whether a date or time lies in the future; as text, since both are written from the year down.
    fn is_ahead(&self, given: &str) -> bool {
        self.latest.get(..given.len()).is_some_and(|latest| given > latest)
    }

    fn order<'f>(&self, fault: &'f FieldFault) -> (usize, &'f str, &'f str) {
        (self.dataset.place(&fault.field), &fault.field, &fault.rule)
    }
}

/// The value of a field among members; `None` where it is not given.
fn value_of<'a>(members: &Members<'a>, id: &str) -> Option<&'a str> {
    members.iter().find(|(name, _)| *name == id).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dictionary;
    use crate::standard::code::BusinessCode;
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    /// A good 处罚 record: it has every kind of field.
    fn penalty() -> Value {
        json!({
            "CFWSH": "市北市监处罚〔2025〕12号", "XDRXH": "1", "XDRMC": "青岛某某物业管理有限公司", "XDRLB": "1",
            "XDRXYDM": "91370100MA3C00011J", "FDDBR": "张三", "WFXWLX": "使用未经检验的特种设备", "WFSS": "事实",
            "CFYJ": "《特种设备安全法》第八十四条", "CFLB": "1;2", "CFNR": "罚款三万元", "FKJE": "3.00",
            "CFJDRQ": "2025-08-01", "CFJG": "青岛市市北区市场监督管理局", "CFJGDM": "1132000001400001XX",
            "XZQHDM": "370203", "SJLYDWDM": "1132000001400001XX", "SJGXSJ": "2025-08-02 10:00:00"
        })
    }

    fn faults(code: &str, action: Action, record: &Value) -> Vec<(String, String)> {
        errors(code, action, record).into_iter().map(|fault| (fault.field, fault.rule)).collect()
    }

    fn errors(code: &str, action: Action, record: &Value) -> Vec<FieldFault> {
        let dictionary = Dictionary::builtin();
        let text = record.to_string();
        let element: &RawValue = serde_json::from_str(&text).unwrap();
        let record = FlatObject::read(element).unwrap();
        let dataset = dictionary.get(BusinessCode::parse(code).unwrap()).unwrap();
        let now = Moment::parse_civil("2026-01-01 00:00:00").unwrap();
        Checker::new(dataset, action, now, UnknownFields::Refuse).check(&record)
    }

    fn with(field: &str, value: impl Into<Value>) -> Value {
        let mut record = penalty();
        record[field] = value.into();
        record
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(field, rule)| ((*field).to_owned(), (*rule).to_owned())).collect()
    }

    #[test]
    fn a_good_record_breaks_nothing() {
        assert_eq!(faults("008", Action::Add, &penalty()), []);
        // Numbers are checked as their exact text; null and "" mean 'not given'; SCBZ is ignored whatever it says.
        for (field, value) in [("XDRXH", json!(1)), ("FKJE", json!(3.5)), ("BZ", json!(null)), ("BZ", json!(""))] {
            assert_eq!(faults("008", Action::Add, &with(field, value)), [], "{field}");
        }
        assert_eq!(faults("008", Action::Add, &with("SCBZ", "anything")), []);
    }

    #[test]
    fn every_bad_value_is_caught_with_its_field_and_rule() {
        let bad: [(&str, Value, &str); 22] = [
            ("CFWSH", json!(" "), "format"),
            ("CFWSH", json!("a\u{1f}b"), "format"),
            ("CFWSH", json!("字".repeat(129)), "maxLength"),
            ("XDRXH", json!("0"), "pattern"),
            ("XDRXH", json!(-1), "pattern"),
            ("XDRXH", json!(1.5), "pattern"),
            ("XDRMC", json!("\u{3000} "), "pattern"),
            ("XDRLB", json!("4"), "enum"),
            ("XDRLB", json!("１"), "enum"),
            ("XDRXYDM", json!("91370100MA3C00011K"), "format"),
            ("CFLB", json!("1;7"), "pattern"),
            ("CFLB", json!("12"), "pattern"),
            ("FKJE", json!("3.0000001"), "pattern"),
            ("FKJE", json!("-3"), "pattern"),
            ("FKJE", json!("1E3"), "pattern"),
            ("FKJE", json!("三万"), "pattern"),
            ("CFJDRQ", json!("2025-02-29"), "format"),
            ("CFJDRQ", json!("2025/08/01"), "format"),
            ("XZQHDM", json!("999999"), "format"),
            ("XZQHDM", json!("000000"), "format"),
            ("SJGXSJ", json!("2025-08-02T10:00:00"), "format"),
            ("NOSUCH", json!("1"), "additionalProperties"),
        ];
        for (field, value, rule) in bad {
            assert_eq!(faults("008", Action::Add, &with(field, value.clone())), pairs(&[(field, rule)]), "{value}");
        }
    }

    #[test]
    fn required_fields_must_be_given_in_an_add() {
        for value in [json!(null), json!("")] {
            assert_eq!(faults("008", Action::Add, &with("CFJG", value)), pairs(&[("CFJG", "required")]));
        }
        let missing = faults("008", Action::Add, &json!({}));
        assert_eq!(missing.len(), 15);
        assert!(missing.iter().all(|(_, rule)| rule == "required"));
    }

    #[test]
    fn a_modify_answers_for_the_given_fields_and_clears_no_required_one() {
        let base = json!({"CFWSH": "A", "XDRXH": 1, "SJGXSJ": "2025-08-02 10:00:00"});
        assert_eq!(faults("008", Action::Modify, &base), []);
        assert_eq!(
            faults("008", Action::Modify, &json!({})),
            pairs(&[("CFWSH", "required"), ("XDRXH", "required"), ("SJGXSJ", "required")])
        );
        let mut change = base.clone();
        change["BZ"] = json!(null);
        change["LXR"] = json!(null);
        change["CFJG"] = json!("");
        change["XZQHDM"] = json!(null);
        change["FKJE"] = json!("x");
        change["SCBZ"] = json!("1");
        assert_eq!(
            faults("008", Action::Modify, &change),
            pairs(&[
                ("FKJE", "pattern"),
                ("CFJG", "required"),
                ("XZQHDM", "required"),
                ("LXR", "additionalProperties")
            ])
        );
    }

    #[test]
    fn a_delete_answers_for_its_key_and_region_alone() {
        assert_eq!(faults("008", Action::Delete, &json!({"CFWSH": "A", "XDRXH": "1"})), []);
        let record = json!({"CFWSH": "A", "XDRXH": "one", "XZQHDM": "37", "FKJE": "x", "CFJG": null, "NOSUCH": null});
        assert_eq!(
            faults("008", Action::Delete, &record),
            pairs(&[("XDRXH", "pattern"), ("XZQHDM", "format"), ("NOSUCH", "additionalProperties")])
        );
        assert_eq!(
            faults("008", Action::Delete, &json!({"CFWSH": "A", "XDRXH": null})),
            pairs(&[("XDRXH", "required")])
        );
    }

    #[test]
    fn a_person_is_told_what_was_expected_and_sensitive_values_are_not_shown() {
        let error = |field: &str, value: &str| errors("008", Action::Add, &with(field, value)).remove(0).error;
        assert_eq!(
            error("CFJDRQ", "2025-8-1"),
            "“处罚决定日期”（CFJDRQ）应为：yyyy-MM-dd 形式的真实日期；给出的是“2025-8-1”"
        );
        assert_eq!(
            error("XDRLB", "7"),
            "“行政相对人类别”（XDRLB）应为：代码表XDRLB（行政相对人类别）的代码：1 法人及非法人组织、2 自然人、3 个体工商户；给出的是“7”"
        );
        assert_eq!(error("CFJGG", "1"), "行政处罚数据没有字段“CFJGG”，是否应为“CFJG”（处罚机关）");
        let long = "王".repeat(51);
        let shown = error("FDDBR", &long);
        assert_eq!(shown, "“法定代表人”（FDDBR）不得超过 50 个字符，给出了 51 个字符");
    }

    #[test]
    fn a_query_is_not_held_against_the_rules() {
        assert_eq!(faults("008", Action::Query, &json!({"NOSUCH": "1"})), []);
    }
}
