//! Numbers of certificates and devices, in the forms the rules of their kinds give.

use super::place::Place;
use time::Date;

/// Registration numbers have a serial of five digits; a further letter begins a new series.
const SERIES: u32 = 99_999;

/// 许可证编号: `TS2237001-2026`. Different indexes have different numbers.
pub(super) fn permit_number(class: &str, place: &Place, index: u32, expires: Date) -> String {
    // Three digits, then four characters of base 36: of different length, so never the same.
    let serial = match index.checked_sub(1000) {
        None => format!("{index:03}"),
        Some(rest) => (0..4).rev().map(|place| base_36(rest / 36_u32.pow(place) % 36)).collect(),
    };
    format!("TS{class}{:02}{serial}-{}", place.province.number, expires.year())
}

fn base_36(digit: u32) -> char {
    char::from_digit(digit, 36).map_or('0', |c| c.to_ascii_uppercase())
}

/// 使用登记证编号: `梯11鲁B00001(20)`. Different indexes have different numbers.
pub(super) fn registration_number(kind: char, code: &str, place: &Place, index: u32, registered: Date) -> String {
    let city: String = place.city_letter.into_iter().collect();
    let series = match index / SERIES {
        0 => String::new(),
        number => letter(number - 1).to_string(),
    };
    let serial = index % SERIES + 1;
    let year = registered.year() % 100;
    format!("{kind}{}{}{city}{series}{serial:05}({year:02})", &code[1..3], place.province.character)
}

/// 设备代码 of 18 characters; devices made before 2013 have a shorter serial and 17.
pub(super) fn device_code(code: &str, place: &Place, maker: u32, index: u32, made: Date) -> String {
    let serial = match index.checked_sub(100_000) {
        _ if made.year() < 2013 => format!("{:04}", index % 10_000),
        None => format!("{index:05}"),
        Some(rest) => format!("{}{:04}", letter(rest / 10_000), rest % 10_000),
    };
    format!("{code}{:02}{:03}{}{serial}", place.province.number, maker % 1000, made.year())
}

/// 设备注册代码 of 20 characters, which registering bodies wrote until 2014.
pub(super) fn legacy_code(code: &str, place: &Place, index: u32, registered: Date) -> String {
    let (year, month) = (registered.year(), u8::from(registered.month()));
    format!("{code}{}{year}{month:02}{:04}", place.region, index % 10_000)
}

fn letter(number: u32) -> char {
    char::from(b'A' + (number % 26) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::place::places_of;
    use super::*;
    use crate::dataset::format::device_code::is_device_code;
    use crate::dataset::format::permit_number::is_permit_number;
    use crate::dataset::format::registration_code::is_full_registration_code;
    use crate::dataset::format::use_certificate::is_use_certificate;
    use crate::standard::region::{Region, RegionTable};
    use std::collections::HashSet;
    use time::macros::date;

    #[test]
    fn numbers_have_the_forms_of_their_rules() {
        let places = places_of(Region::NATION, &RegionTable::builtin());
        for (place, index) in
            places.iter().zip([0, 999, 1000, 99_998, 99_999, 123_456, 359_999, 999_999].iter().cycle())
        {
            for day in [date!(2009 - 03 - 01), date!(2021 - 12 - 31)] {
                assert!(is_permit_number(&permit_number("22", place, *index, day)));
                assert!(is_use_certificate(&registration_number('梯', "3110", place, *index, day)));
                assert!(is_device_code(&device_code("23T0", place, 17, *index, day)));
                assert!(is_full_registration_code(&legacy_code("2110", place, *index, day)));
            }
        }
    }

    #[test]
    fn a_million_numbers_are_all_different() {
        let place = places_of(Region::parse("370203").unwrap(), &RegionTable::builtin()).remove(0);
        let day = date!(2021 - 12 - 31);
        let permits: HashSet<_> = (0..1_000_000).map(|index| permit_number("22", &place, index, day)).collect();
        assert_eq!(permits.len(), 1_000_000);
        let registrations: HashSet<_> =
            (0..1_000_000).map(|index| registration_number('梯', "3110", &place, index, day)).collect();
        assert_eq!(registrations.len(), 1_000_000);
    }
}
