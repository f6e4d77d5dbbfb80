//! Masking of sensitive values, where they may not be read in full (S1 5.3, 6.5.2).

use super::field::{SensitiveClass, Sensitivity};
use super::format::id_card::is_id_card;

/// Marks what is not shown.
const HIDDEN: char = '*';
/// Longer names are those of organisations: no natural person's has so many characters without a dot between its parts.
const LONGEST_NAME: usize = 4;

impl Sensitivity {
    /// The value as it may be shown.
    pub fn mask(self, value: &str) -> String {
        if self.depends_on_value && !self.is_personal(value) {
            return value.to_owned();
        }
        match self.class {
            SensitiveClass::IdCard => keep(value, 6, 2),
            SensitiveClass::Phone if is_landline(value) => hide_last(value, 4),
            SensitiveClass::Phone => keep(value, 3, 4),
            SensitiveClass::Name => keep(value, 1, 0),
            SensitiveClass::BirthDate => keep(value, 4, 0),
            SensitiveClass::IdLike => keep(value, 0, 2),
        }
    }

    /// Whether a field that may hold an organisation's data or a person's holds a person's. In doubt it does.
    fn is_personal(self, value: &str) -> bool {
        match self.class {
            SensitiveClass::IdCard => is_id_card(value),
            SensitiveClass::Name => value.chars().count() <= LONGEST_NAME || value.contains('·'),
            SensitiveClass::Phone | SensitiveClass::BirthDate | SensitiveClass::IdLike => true,
        }
    }
}

/// Keeps so many characters at both ends. Of a value too short for that nothing is shown.
fn keep(value: &str, first: usize, last: usize) -> String {
    let count = value.chars().count();
    let is_short = count <= first + last;
    let shown = |at: usize| !is_short && (at < first || at >= count - last);
    value.chars().enumerate().map(|(at, c)| if shown(at) { c } else { HIDDEN }).collect()
}

fn hide_last(value: &str, hidden: usize) -> String {
    let count = value.chars().count();
    value.chars().enumerate().map(|(at, c)| if at + hidden < count { c } else { HIDDEN }).collect()
}

/// An area code begins with 0, or is left out.
fn is_landline(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    value.starts_with('0') || digits < 11
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(class: SensitiveClass, depends_on_value: bool, value: &str) -> String {
        Sensitivity { class, depends_on_value }.mask(value)
    }

    #[test]
    fn clause_6_5_2_each_class_keeps_what_it_may_show() {
        for (class, value, shown) in [
            (SensitiveClass::IdCard, "11010519491231002X", "110105**********2X"),
            (SensitiveClass::Phone, "13812345678", "138****5678"),
            (SensitiveClass::Phone, "0532-88881234", "0532-8888****"),
            (SensitiveClass::Phone, "88881234", "8888****"),
            (SensitiveClass::Name, "张三丰", "张**"),
            (SensitiveClass::BirthDate, "1949-12-31", "1949******"),
            (SensitiveClass::IdLike, "TS6鲁0001", "******01"),
            (SensitiveClass::IdCard, "1234", "****"),
            (SensitiveClass::Name, "张", "*"),
            (SensitiveClass::Name, "", ""),
        ] {
            assert_eq!(masked(class, false, value), shown, "{class:?}");
        }
    }

    #[test]
    fn an_organisation_is_shown_where_the_value_decides() {
        assert_eq!(masked(SensitiveClass::Name, true, "青岛某某物业有限公司"), "青岛某某物业有限公司");
        assert_eq!(masked(SensitiveClass::Name, true, "李四"), "李*");
        assert_eq!(masked(SensitiveClass::IdCard, true, "91370203MA3C000000"), "91370203MA3C000000");
        assert_eq!(masked(SensitiveClass::IdCard, true, "11010519491231002X"), "110105**********2X");
    }
}
