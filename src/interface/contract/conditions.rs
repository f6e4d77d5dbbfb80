//! The conditions of queries (§6.1 数据查询), of records and of the interface log.

use crate::interface::Bilingual;
use crate::interface::bilingual::both;

/// A condition that a query may give.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// Its name.
    pub name: &'static str,
    /// What it selects.
    pub meaning: Bilingual,
    /// What its values look like.
    pub shape: Shape,
}

/// What the values of a condition look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A region code.
    Region,
    /// `yyyy-MM-dd HH:mm:ss` Beijing time, or RFC 3339.
    Moment,
    /// Rows of a page.
    Size,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A business code of the dictionary.
    BusinessCode,
    /// A UUID.
    Uuid,
    /// Anything.
    Text,
}

/// Rows of a page that says nothing of its size.
pub const DEFAULT_PAGE: u32 = 100;
/// The most rows of a page.
pub const LARGEST_PAGE: u32 = 2_000;

/// Conditions of a query of records, beside the fields of the primary key.
pub const RECORD_CONDITIONS: [Condition; 6] = [
    Condition {
        name: "REGION",
        shape: Shape::Region,
        meaning: both(
            "行政区划代码，含其下全部；超出授权为 NOT_GRANTED，部分重叠则返回重叠部分",
            "Region with all below it. Outside the grants: NOT_GRANTED; partly outside: the part inside",
        ),
    },
    Condition {
        name: "SINCE",
        shape: Shape::Moment,
        meaning: both(
            "起（含）：**本节点**使记录的最后一次变更生效的时间",
            "From (inclusive): when **this node** applied the record's last change",
        ),
    },
    Condition {
        name: "UNTIL",
        shape: Shape::Moment,
        meaning: both("止（不含），同上", "To (exclusive), of the same time"),
    },
    Condition {
        name: "DELETED",
        shape: Shape::Choice(&["true", "false"]),
        meaning: both(
            "`true` 时包括已删除的记录，并且每行带 `SCBZ`：`0` 正常，`1` 已删除。默认 `false`",
            "`true`: deleted records too, and every row carries `SCBZ`, `0` not deleted, `1` deleted. Default `false`",
        ),
    },
    Condition {
        name: "SIZE",
        shape: Shape::Size,
        meaning: both("每页行数，1 至 2000，默认 100", "Rows of a page, 1 to 2000, default 100"),
    },
    Condition {
        name: "AFTER",
        shape: Shape::Text,
        meaning: both("上一页返回的 `after`", "The `after` of the page before"),
    },
];

/// Conditions of a query of the interface log.
pub const LOG_CONDITIONS: [Condition; 12] = [
    Condition { name: "FROM", shape: Shape::Moment, meaning: both("TIME 起（含）", "TIME from (inclusive)") },
    Condition { name: "UNTIL", shape: Shape::Moment, meaning: both("TIME 止（不含）", "TIME to (exclusive)") },
    Condition {
        name: "APPID",
        shape: Shape::Text,
        meaning: both(
            "应用账号；没有运维授权的只能是自己，不必给出",
            "Account; without the operator grant one's own alone, and need not be given",
        ),
    },
    Condition { name: "BUSICODE", shape: Shape::BusinessCode, meaning: both("业务分类代码", "Business code") },
    Condition {
        name: "ACTION",
        shape: Shape::Choice(&["01", "02", "03", "04"]),
        meaning: both("请求动作代码", "Action"),
    },
    Condition {
        name: "REGION",
        shape: Shape::Region,
        meaning: both(
            "批次的区划，含其下全部；被拒绝的请求和查询没有区划，用了此条件就不在结果中",
            "Region of the batch, with all below; refusals and queries have none and are left out",
        ),
    },
    Condition { name: "RANDOM", shape: Shape::Text, meaning: both("请求随机标识", "Random of the request") },
    Condition { name: "BATCH", shape: Shape::Uuid, meaning: both("批次号", "Batch id") },
    Condition {
        name: "RESULT",
        shape: Shape::Choice(&["0001", "0000"]),
        meaning: both("`0001` 成功，`0000` 失败", "`0001` success, `0000` failure"),
    },
    Condition {
        name: "STATE",
        shape: Shape::Choice(&["accepted", "persisted", "failed", "parked", "abandoned", "resolved"]),
        meaning: both("批次在本节点的状态", "State of the batch at this node"),
    },
    Condition {
        name: "SIZE",
        shape: Shape::Size,
        meaning: both("每页行数，1 至 2000，默认 100", "Rows of a page, 1 to 2000, default 100"),
    },
    Condition {
        name: "AFTER",
        shape: Shape::Text,
        meaning: both("上一页返回的 `after`", "The `after` of the page before"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::contract::STATES;
    use crate::standard::code::Action;

    #[test]
    fn the_choices_are_those_of_the_types() {
        let choices = |name| match LOG_CONDITIONS.iter().find(|condition| condition.name == name).unwrap().shape {
            Shape::Choice(choices) => choices,
            _ => panic!("{name} has no choices"),
        };
        assert_eq!(choices("ACTION"), Action::ALL.map(Action::code));
        assert_eq!(choices("STATE"), STATES.map(|(state, _)| state));
        let sizes = RECORD_CONDITIONS.iter().chain(&LOG_CONDITIONS).filter(|c| c.shape == Shape::Size);
        for words in sizes.flat_map(|condition| [condition.meaning.zh, condition.meaning.en]) {
            assert!(words.contains(&LARGEST_PAGE.to_string()) && words.contains(&DEFAULT_PAGE.to_string()), "{words}");
        }
    }
}
