//! 许可证编号: the number of a production permit.

/// Whether the text is the number of a permit: `^TS[1-9][0-9A-Z][0-9A-Z]{4,6}-20[0-9]{2}$`, where the dash may be any that
/// people print.
///
/// What is permitted (1 design, 2 manufacture, 3 installation and repair, 4 filling, 7 inspection and testing) and its class, the
/// region of the issuing body (10 for the ministry) and a serial, and the year it ends.
pub fn is_permit_number(text: &str) -> bool {
    let Some((number, year)) = text.split_once(DASHES) else {
        return false;
    };
    let [b'T', b'S', b'1'..=b'9', others @ ..] = number.as_bytes() else {
        return false;
    };
    (5..=7).contains(&others.len())
        && others.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && matches!(year.as_bytes(), [b'2', b'0', b'0'..=b'9', b'0'..=b'9'])
}

/// The hyphen, and the em dash, en dash and full-width hyphen that stand for it.
const DASHES: [char; 4] = ['-', '\u{2014}', '\u{2013}', '\u{ff0d}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_permits_are_told_from_others() {
        for number in [
            "TS2210890-2026",
            "TS2223010-2015",
            "TS3310123-2027",
            "TS4237001-2025",
            "TS1810001-2029",
            "TS2210890—2015",
            "TS2210890–2015",
            "TS2210890－2015",
            "TS2A37001-2025",
            "TS221001Z3-2026",
        ] {
            assert!(is_permit_number(number), "{number}");
        }
        for number in [
            "2210890-2026",
            "TS2210890-26",
            "ts2210890-2026",
            "TS22108-2026",
            "TS2210890",
            "TS2210890-",
            "TS2210890--2026",
            "TS2210890-2026-",
            "TS2210890-1999",
            "TS221089012-2026",
            "TS0210890-2026",
            "TS2210890-２０２６",
            "TS2210 890-2026",
            "TS2210890−2026",
            "",
            "-",
        ] {
            assert!(!is_permit_number(number), "{number}");
        }
    }
}
