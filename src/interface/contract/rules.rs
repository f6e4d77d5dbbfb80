//! What is said of records that break rules (`INVALID_RECORDS`, and what `validate` lists).

use super::Member;
use crate::interface::Bilingual;
use crate::interface::bilingual::both;

const STRING: Bilingual = both("字符串", "string");

/// The members of one fault in a busilist.
pub const FAULT: [Member; 5] = [
    Member {
        name: "INDEX",
        types: STRING,
        meaning: both("第几条记录，从 1 起；0 表示整个列表", "Which record, from 1; 0 for the list as a whole"),
    },
    Member {
        name: "FIELD",
        types: STRING,
        meaning: both("字段；针对整条记录的为空", "The field; empty for the record as a whole"),
    },
    Member { name: "RULE", types: STRING, meaning: both("违反的规则", "The rule broken") },
    Member {
        name: "ERROR",
        types: STRING,
        meaning: both(
            "中文说明；敏感字段不回显报送的值",
            "The reason in Chinese; values of sensitive fields are not shown",
        ),
    },
    Member {
        name: "LEVEL",
        types: STRING,
        meaning: both("只有警告带有此键：`warning`", "Only a warning has it: `warning`"),
    },
];

/// How much a broken rule weighs.
pub const LEVELS: [(&str, Bilingual); 2] = [
    ("error", both("整批不接收", "The whole batch is refused")),
    ("warning", both("照常接收，提请核对", "Taken all the same, to be looked at")),
];

/// The rules by name. Rules across fields have the names that their dataset gives them.
pub const RULES: [(&str, Bilingual); 18] = [
    ("required", both("必填字段未提供，或将被清空", "A required field is not given, or would be cleared")),
    ("maxLength", both("超过最多字符数", "Too many characters")),
    ("minLength", both("少于最少字符数", "Too few characters")),
    ("pattern", both("形式不符", "Another form than asked for")),
    ("format", both("格式不符（含校验码）", "Not of the format, check digits included")),
    ("enum", both("不在代码表中", "No code of the list")),
    ("additionalProperties", both("字典中没有的字段", "A field that the dictionary does not know")),
    ("type", both("值的类型不符：布尔值、对象、数组", "A value of a wrong type: boolean, object, array")),
    ("uniqueKeys", both("同一对象内键重复", "A key twice in an object")),
    ("maxProperties", both("一条记录超过 256 个字段", "More than 256 fields in a record")),
    ("unicode", both("`\\u0000` 或不成对的代理项", "`\\u0000`, or a lone surrogate")),
    ("region", both("行政区划无法识别", "A region that cannot be read")),
    ("key", both("主键无法识别", "A primary key that cannot be read")),
    ("future", both("时间超前 10 分钟以上", "A time more than 10 minutes ahead")),
    ("minItems", both("busilist 为空", "An empty busilist")),
    ("maxItems", both("查询条件多于一个对象", "More than one object of conditions")),
    ("condition", both("不认识或写错的查询条件", "A condition that is unknown or wrong")),
    ("minimum / maximum", both("数值超出范围", "A number out of range")),
];
