//! 使用登记证编号: the number of a use-registration certificate.

use super::registration_code::is_full_registration_code;

/// The characters of the kinds of equipment, as certificates begin with them.
const KINDS: &str = "锅容瓶管梯起索游车";

/// The characters of the provinces, as on number plates.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新台港澳";

/// Whether the text is the number of a use-registration certificate, or the registration code that old devices have there.
///
/// `^[锅容瓶管梯起索游车][0-9A-Z]{2}<province>[A-Z]{0,2}[0-9]{4,6}\([0-9]{2}\)$`, full-width brackets, digits and letters taken for
/// the usual ones: kind, second and third place of the catalogue's code, province and city, serial, and year. Provinces add to
/// this as they like, so it is a rule for warnings.
pub fn is_use_certificate(text: &str) -> bool {
    is_full_registration_code(text) || has_form(text)
}

fn has_form(text: &str) -> bool {
    let mut rest = text.chars().map(narrow).peekable();
    let kind = rest.next().is_some_and(|c| KINDS.contains(c));
    let class = (0..2).all(|_| rest.next().is_some_and(|c| c.is_ascii_digit() || c.is_ascii_uppercase()));
    if !(kind && class && rest.next().is_some_and(|c| PROVINCES.contains(c))) {
        return false;
    }
    let mut run =
        |most: usize, wanted: fn(&char) -> bool| (0..most).take_while(|_| rest.next_if(wanted).is_some()).count();
    run(2, char::is_ascii_uppercase);
    (4..=6).contains(&run(6, char::is_ascii_digit))
        && run(1, |c| *c == '(') == 1
        && run(2, char::is_ascii_digit) == 2
        && run(1, |c| *c == ')') == 1
        && rest.next().is_none()
}

/// The usual form of a full-width character, as NFKC has it; any other character as it is.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from((u32::from(c) - 0xfee0) as u8),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::sync::LazyLock;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn numbers_of_certificates_are_told_from_others() {
        for number in [
            "梯11宁A00123(18)",
            "容15鲁B00045(20)",
            "起19苏EA00321(21)",
            "车11沪00012(22)",
            "锅10京A00001（17）",
            "瓶T0鲁B0001(20)",
            "梯１１鲁Ｂ００１２３（１８）",
            // Old devices have their registration code here.
            "31106401052014080025",
        ] {
            assert!(is_use_certificate(number), "{number}");
        }
        for number in [
            "梯11A00123(18)",
            "电11宁A00123(18)",
            "梯11宁A00123",
            "梯1宁A00123(18)",
            "梯11宁A00123(2018)",
            "梯11宁A00123(8)",
            "梯11宁ABC0123(18)",
            "梯11宁A123(18)",
            "梯11宁A1234567(18)",
            "梯11宁A00123[18]",
            "梯11宁A00123(18",
            "梯11宁A00123(18)续",
            "梯11宁a00123(18)",
            // 18 characters of a pipeline are a registration code, but no certificate.
            "831037010220070001",
            "",
        ] {
            assert!(!is_use_certificate(number), "{number}");
        }
    }

    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"^[{KINDS}][0-9A-Z]{{2}}[{PROVINCES}][A-Z]{{0,2}}[0-9]{{4,6}}\([0-9]{{2}}\)$")).unwrap()
    });

    proptest! {
        #[test]
        fn characters_are_held_against_the_documented_pattern(
            text in "[梯锅电][0-9Ａ１]{1,2}[宁鲁外][A-ZＢ]{0,3}[0-9０]{3,7}[(（][0-9８]{1,3}[)）]?",
        ) {
            prop_assert_eq!(is_use_certificate(&text), PATTERN.is_match(&text.nfkc().collect::<String>()));
        }
    }
}
