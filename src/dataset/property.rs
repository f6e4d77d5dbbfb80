//! From the schema of one property to a [`Field`].

use super::codelist::CodeLists;
use super::error::{DictionaryError, InFile};
use super::field::{CodeListUse, Field, Kind, ListMode, SensitiveClass, Sensitivity};
use super::format::registry;
use super::keyword;
use serde::Deserialize;
use serde_json::Value;

/// The schema of a property, as far as a [`Field`] is made from it. Keywords of JSON Schema that are not named here are
/// left to the schema library.
#[derive(Deserialize)]
struct Property {
    title: String,
    #[serde(rename = "type")]
    json_type: String,
    #[serde(rename = "maxLength")]
    max_length: Option<usize>,
    format: Option<String>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<Vec<String>>,
    #[serde(rename = "x-type")]
    kind: String,
    #[serde(rename = "x-length")]
    length: Option<String>,
    #[serde(rename = "x-expect")]
    expect: Option<String>,
    #[serde(rename = "x-codelist")]
    codelist: Option<String>,
    #[serde(rename = "x-codelist-use", default)]
    codelist_mode: ListMode,
    #[serde(rename = "x-sensitive")]
    sensitive: Option<String>,
    #[serde(rename = "x-server-kept", default)]
    server_kept: bool,
    #[serde(rename = "x-past", default)]
    past: bool,
    #[serde(rename = "x-source", default)]
    source: String,
}

/// The annotations a property may have; another one is a slip of the pen.
const ANNOTATIONS: [&str; 9] = [
    "x-type",
    "x-length",
    "x-expect",
    "x-codelist",
    "x-codelist-use",
    "x-sensitive",
    "x-server-kept",
    "x-past",
    "x-source",
];

impl Field {
    /// Reads the schema of one property.
    pub(super) fn read(
        file: InFile<'_>,
        id: &str,
        schema: &Value,
        required: bool,
        lists: &CodeLists,
    ) -> Result<Self, DictionaryError> {
        let wrong = |reason: String, remedy: &str| file.wrong(&format!("properties.{id}"), reason, remedy);
        let annotations = schema.as_object().into_iter().flat_map(serde_json::Map::keys);
        let known = |key: &&String| ANNOTATIONS.iter().chain(&keyword::NAMES).any(|known| *known == **key);
        if let Some(name) = annotations.filter(|key| key.starts_with("x-")).find(|key| !known(key)) {
            let known = [&ANNOTATIONS[..], &keyword::NAMES].concat().join(", ");
            return Err(wrong(format!("unknown annotation {name}"), &format!("use one of {known}")));
        }
        let property: Property =
            Property::deserialize(schema).map_err(|e| wrong(e.to_string(), "correct the property"))?;
        if property.json_type != "string" {
            let reason = format!("the type is {:?}", property.json_type);
            return Err(wrong(reason, "write \"type\": \"string\": values of every kind are checked as their text"));
        }
        let own = keyword::NAMES.iter().find(|name| schema.get(name).is_some()).copied();
        if let Some(rule) = property.pattern.as_ref().map(|_| "pattern").or(own)
            && property.expect.is_none()
        {
            return Err(wrong(format!("{rule} without x-expect"), "say in x-expect, in Chinese, what it wants"));
        }
        let kind = kind(&property.kind, property.length.as_deref()).map_err(|reason| {
            wrong(reason, "x-type is string, number, date, datetime or code; a number has an x-length like \"10,6\"")
        })?;
        let sensitivity = property.sensitive.as_deref().map(sensitivity).transpose().map_err(|reason| {
            wrong(reason, "x-sensitive is IDCARD, PHONE, NAME, DATE or IDLIKE, with ? where it depends on the value")
        })?;
        let expects = expectation(&property).map_err(|reason| wrong(reason, "use a format that sesame knows"))?;
        let codelist = match property.codelist {
            None => None,
            Some(name) => match lists.get(&name) {
                Some(list) => Some(CodeListUse { list: list.clone(), name, mode: property.codelist_mode }),
                None => {
                    return Err(wrong(format!("no code list {name}"), "add it to codelists.json or correct the name"));
                }
            },
        };
        Ok(Self {
            id: id.to_owned(),
            title: property.title,
            kind,
            max_len: property.max_length,
            required,
            server_kept: property.server_kept,
            format: property.format,
            past: property.past,
            sensitivity,
            codelist,
            expects,
            source: property.source,
        })
    }
}

fn kind(name: &str, length: Option<&str>) -> Result<Kind, String> {
    Ok(match (name, length) {
        ("string", None) => Kind::Text,
        ("date", None) => Kind::Date,
        ("datetime", None) => Kind::DateTime,
        ("code", None) => Kind::Code,
        ("number", Some(length)) => {
            let (precision, scale) = length.split_once(',').unwrap_or((length, "0"));
            match (precision.parse(), scale.parse()) {
                (Ok(precision), Ok(scale)) if scale < precision => Kind::Number { precision, scale },
                _ => return Err(format!("the x-length {length:?} is no length of a number")),
            }
        }
        _ => return Err(format!("the x-type {name:?} with the x-length {length:?}")),
    })
}

fn sensitivity(text: &str) -> Result<Sensitivity, String> {
    let (class, depends_on_value) = text.strip_suffix('?').map_or((text, false), |class| (class, true));
    let class = match class {
        "IDCARD" => SensitiveClass::IdCard,
        "PHONE" => SensitiveClass::Phone,
        "NAME" => SensitiveClass::Name,
        "DATE" => SensitiveClass::BirthDate,
        "IDLIKE" => SensitiveClass::IdLike,
        _ => return Err(format!("the x-sensitive {text:?}")),
    };
    Ok(Sensitivity { class, depends_on_value })
}

/// What a person is told to write: the file's own words before the format's.
fn expectation(property: &Property) -> Result<Option<String>, String> {
    let format = match &property.format {
        None => None,
        Some(name) => Some(registry::expectation(name).ok_or_else(|| format!("no format {name:?}"))?),
    };
    let choices = property.choices.as_ref().map(|choices| choices.join("、"));
    Ok(property.expect.clone().or(format.map(str::to_owned)).or(choices))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(schema: Value) -> Result<Field, String> {
        Field::read(InFile { name: "001.json", text: "{}" }, "F", &schema, true, &CodeLists::default())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_field_is_what_its_property_says() {
        let field = read(json!({
            "title": "经度", "type": "string", "maxLength": 11, "pattern": "^[0-9]+$", "x-expect": "数字",
            "x-type": "number", "x-length": "10,6", "x-sensitive": "NAME?", "x-source": "C9"
        }))
        .unwrap();
        assert_eq!(field.kind, Kind::Number { precision: 10, scale: 6 });
        assert_eq!(field.sensitivity, Some(Sensitivity { class: SensitiveClass::Name, depends_on_value: true }));
        assert_eq!((field.max_len, field.expects.as_deref()), (Some(11), Some("数字")));
    }

    #[test]
    fn slips_of_the_pen_are_named_with_file_place_and_remedy() {
        let slips = [
            (json!({"title": "t", "type": "string", "x-type": "string", "x-sensitiv": "NAME"}), "x-sensitiv"),
            (json!({"title": "t", "type": "number", "x-type": "number", "x-length": "3"}), "\"number\""),
            (json!({"title": "t", "type": "string", "x-type": "number"}), "x-length"),
            (json!({"title": "t", "type": "string", "x-type": "number", "x-length": "6,6"}), "6,6"),
            (json!({"title": "t", "type": "string", "x-type": "text"}), "\"text\""),
            (json!({"title": "t", "type": "string", "x-type": "string", "pattern": "a"}), "x-expect"),
            (json!({"title": "t", "type": "string", "x-type": "string", "x-minimum": 3}), "x-minimum without x-expect"),
            (json!({"title": "t", "type": "string", "x-type": "string", "format": "email"}), "email"),
            (json!({"title": "t", "type": "string", "x-type": "code", "x-codelist": "XX"}), "XX"),
            (json!({"title": "t", "type": "string", "x-type": "string", "x-sensitive": "SECRET"}), "SECRET"),
            (json!({"type": "string", "x-type": "string"}), "title"),
            (json!("text"), "string"),
        ];
        for (schema, named) in slips {
            let error = read(schema).unwrap_err();
            assert!(error.contains("001.json, line 1, properties.F") && error.contains(named), "{error}");
        }
    }
}
