//! Numbers that identify units and people, with their check digits.

use super::calendar::{after, compact};
use super::draw::Draw;
use crate::dataset::format::{id_card, organisation_code, uscc};
use crate::standard::region::Region;
use time::Date;
use time::macros::date;

/// The first and the last birthday of the people of the world.
const FIRST_BIRTHDAY: Date = date!(1965 - 01 - 01);
const BIRTHDAYS: u64 = 12_783;
/// Sequence numbers of one day and district: 001 to 999.
const SEQUENCES: u64 = 999;

/// How many people can be told apart by birthday and sequence number.
pub(super) const PEOPLE: u64 = BIRTHDAYS * SEQUENCES;

/// Steps that reach every value before any twice, since each has no factor in common with what it walks through.
const PEOPLE_STEP: u64 = 7_654_321;
const UNITS: u64 = 31_u64.pow(6);
const UNITS_STEP: u64 = 612_345_679;

/// The unified social credit code of a company (`91`) or a trader (`92`). Different serials have different codes.
pub(super) fn company_code(kind: &str, region: Region, serial: u64, offset: u64) -> String {
    let mut rest = (serial % UNITS * UNITS_STEP + offset % UNITS) % UNITS;
    let mut letters = [b'0'; 6];
    for letter in letters.iter_mut().rev() {
        *letter = uscc::ALPHABET[(rest % 31) as usize];
        rest /= 31;
    }
    social_credit_code(kind, region, &format!("MA{}", String::from_utf8_lossy(&letters)))
}

/// The unified social credit code of the authority of a region.
pub(super) fn authority_code(region: Region) -> String {
    social_credit_code("11", region, &format!("00{region}"))
}

fn social_credit_code(kind: &str, region: Region, organisation: &str) -> String {
    let organisation_check = organisation_code::check_character(organisation.as_bytes()).map_or('0', char::from);
    let first = format!("{kind}{region}{organisation}{organisation_check}");
    let check = uscc::check_character(first.as_bytes()).map_or('0', char::from);
    format!("{first}{check}")
}

/// An ID number with the birthday and sex it tells.
pub(super) struct Citizen {
    pub number: String,
    pub birthday: Date,
    pub male: bool,
}

/// A person's ID number. Serials below [`PEOPLE`] that differ have different numbers.
pub(super) fn citizen(home: Region, serial: u64, offset: u64) -> Citizen {
    let place = (serial % PEOPLE * PEOPLE_STEP + offset % PEOPLE) % PEOPLE;
    let birthday = after(FIRST_BIRTHDAY, (place / SEQUENCES) as i64);
    let sequence = place % SEQUENCES + 1;
    let first = format!("{home}{}{sequence:03}", compact(birthday));
    let check = id_card::check_character(first.as_bytes()).map_or('0', char::from);
    Citizen { number: format!("{first}{check}"), birthday, male: sequence % 2 == 1 }
}

/// A mobile number.
pub(super) fn mobile(draw: &mut Draw) -> String {
    let prefix = draw.pick(&["139", "138", "137", "150", "158", "159", "177", "186", "188", "199"]);
    format!("{prefix}{}", draw.digits(8))
}

/// A landline number with its area code.
pub(super) fn landline(draw: &mut Draw) -> String {
    format!("0{}-{}{}", draw.between(310, 999), draw.between(2, 8), draw.digits(6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::format::id_card::is_id_card;
    use crate::dataset::format::organisation_code::has_sound_organisation_part;
    use crate::dataset::format::uscc::is_uscc;

    fn gcd(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { gcd(b, a % b) }
    }

    #[test]
    fn numbers_pass_their_checks() {
        let region = Region::parse("370203").unwrap();
        for serial in 0..2000 {
            let company = company_code("91", region, serial, 12_345);
            assert!(is_uscc(&company) && has_sound_organisation_part(&company));
            assert!(is_id_card(&citizen(region, serial, 777).number));
        }
        assert!(is_uscc(&authority_code(region)));
    }

    #[test]
    fn serials_walk_through_every_number_before_any_twice() {
        assert_eq!(gcd(PEOPLE, PEOPLE_STEP), 1);
        assert_eq!(gcd(UNITS, UNITS_STEP), 1);
        assert_eq!((date!(1999 - 12 - 31) - FIRST_BIRTHDAY).whole_days() as u64 + 1, BIRTHDAYS);
    }
}
