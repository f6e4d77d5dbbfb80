//! Business classification codes (§6.2.2, table 2) and action codes (table 3).

use std::fmt;

/// 业务分类代码: three digits, `001` to `999` (§6.2.2, table 2).
///
/// Which codes exist is the data dictionary's to say, not this type's: the eleven of table 2 are files under
/// `config/datasets/`, and a revision of the standard adds a file, not a release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessCode(u16);

/// What was given is not a code of three digits other than `000`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} 不是三位业务分类代码（001 至 999）")]
pub struct NotABusinessCode(pub String);

impl BusinessCode {
    /// Reads exactly three ASCII digits.
    pub fn parse(text: &str) -> Result<Self, NotABusinessCode> {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(number) if digits && number > 0 => Ok(Self(number)),
            _ => Err(NotABusinessCode(beginning(text))),
        }
    }

    /// The code as a number, as the store keeps it.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The code of a number the store keeps; `None` outside 1 to 999.
    pub fn from_number(number: u16) -> Option<Self> {
        (1..=999).contains(&number).then_some(Self(number))
    }
}

impl fmt::Display for BusinessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl fmt::Debug for BusinessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 请求动作代码 (§6.2.2, table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// `01` 数据新增: adds a record or replaces every field of it.
    Add,
    /// `02` 数据修改: sets the given fields of a record.
    Modify,
    /// `03` 数据删除（逻辑删除）: sets the deleted mark.
    Delete,
    /// `04` 数据查询.
    Query,
}

/// What was given is none of the four action codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} 不是请求动作代码（01 新增、02 修改、03 删除、04 查询）")]
pub struct NotAnAction(pub String);

impl Action {
    /// Every action, in the order of table 3.
    pub const ALL: [Action; 4] = [Action::Add, Action::Modify, Action::Delete, Action::Query];

    /// Reads one of the codes of table 3.
    pub fn parse(text: &str) -> Result<Self, NotAnAction> {
        Self::ALL.into_iter().find(|action| action.code() == text).ok_or_else(|| NotAnAction(beginning(text)))
    }

    /// The two digits of table 3.
    pub fn code(self) -> &'static str {
        match self {
            Action::Add => "01",
            Action::Modify => "02",
            Action::Delete => "03",
            Action::Query => "04",
        }
    }

    /// Whether the action changes records (01, 02, 03).
    pub fn is_write(self) -> bool {
        self != Action::Query
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// As much of a wrong code as an answer repeats: what arrives in its place may be a megabyte.
fn beginning(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_2_codes_are_three_digits() {
        for good in ["001", "011", "999"] {
            assert_eq!(BusinessCode::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "1", "01", "000", "0011", "+01", "00a", "０01", " 01"] {
            assert!(BusinessCode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn table_3_actions_round_trip() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.code()), Ok(action));
        }
        for bad in ["", "1", "05", "00", "001"] {
            assert!(Action::parse(bad).is_err(), "{bad:?}");
        }
    }
}
