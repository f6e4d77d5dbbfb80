//! 002 人员资格认定: the certificates of a block's ten people.

use super::calendar::{self, PRESENT, after, between, text, years_after};
use super::draw::Stream;
use super::permit::{ELEVATOR_COMPANY, INSPECTION_BODY};
use super::person::Person;
use super::record::Record;
use super::unit::{Role, Unit};
use super::world::{Block, World};
use time::macros::date;

/// The slots of a block that other datasets refer to.
pub(super) const INSPECTORS: [u32; 2] = [0, 1];
pub(super) const REPAIRERS: [u32; 2] = [2, 3];
pub(super) const SAFETY_OFFICER: u32 = 7;

/// What a certificate is for.
struct Qualification {
    /// Code of RYLB.
    class: &'static str,
    /// Code of XMDH.
    code: &'static str,
    name: &'static str,
    work: &'static str,
    employer: Employer,
}

#[derive(Clone, Copy)]
enum Employer {
    InspectionBody,
    ElevatorCompany,
    Property,
    Heating,
    Factory,
}

const fn qualification(
    class: &'static str,
    code: &'static str,
    name: &'static str,
    work: &'static str,
    employer: Employer,
) -> Qualification {
    Qualification { class, code, name, work, employer }
}

const QUALIFICATIONS: [Qualification; 10] = [
    qualification("3", "DT-1", "电梯检验员", "电梯检验", Employer::InspectionBody),
    qualification("3", "RQ-1", "压力容器检验员", "承压设备检验", Employer::InspectionBody),
    qualification("2", "T", "电梯修理", "电梯作业", Employer::ElevatorCompany),
    qualification("2", "T", "电梯修理", "电梯作业", Employer::ElevatorCompany),
    qualification("2", "G1", "工业锅炉司炉", "锅炉作业", Employer::Heating),
    qualification("2", "N1", "叉车司机", "场（厂）内专用机动车辆作业", Employer::Factory),
    qualification("2", "Q2(限桥式起重机)", "起重机司机", "起重机作业", Employer::Factory),
    qualification("1", "A", "特种设备安全管理", "特种设备安全管理", Employer::Property),
    qualification("2", "R1", "快开门式压力容器操作", "压力容器作业", Employer::Factory),
    qualification("4", "UT-II", "超声检测Ⅱ级", "无损检测", Employer::InspectionBody),
];

impl World {
    /// The certified person in a slot of a block.
    pub(super) fn certified(&self, block: &Block<'_>, slot: u32) -> Person {
        let index = u64::from(block.index(slot));
        self.person(&mut self.draw(Stream::Personnel, index), index)
    }

    /// Record `index` of 002. The certificate bears the holder's ID number, as those in use do.
    pub(super) fn personnel_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let slot = index % 10;
        let what = &QUALIFICATIONS[slot as usize];
        let person = self.certified(&block, slot);
        let employer = self.employer(what.employer, &block);
        let mut draw = self.draw(Stream::Personnel, u64::from(index) | 1 << 32);

        let relied_on = slot <= REPAIRERS[1] || slot == SAFETY_OFFICER;
        let last = if relied_on { date!(2022 - 12 - 20) } else { date!(2025 - 06 - 30) };
        let first = if relied_on { date!(2022 - 01 - 04) } else { date!(2020 - 03 - 02) };
        let issued = between(&mut draw, first, last);
        let expires = after(years_after(issued, 4), -1);
        let of_age = years_after(person.birthday, 20);
        let renewed = years_after(issued, -4 * draw.between(0, 3) as i32);
        let first_issued = if renewed < of_age { issued } else { renewed };
        let state = if expires < PRESENT { "2" } else { "1" };

        Record::with("ZSBH", person.number.clone())
            .and("XM", person.name)
            .and("XB", if person.male { "1" } else { "2" })
            .and("ZJLX", "111")
            .and("ZJHM", person.number)
            .and("CSRQ", text(person.birthday))
            .and("LXDH", person.mobile)
            .and("RYLB", what.class)
            .and("ZYZL", what.work)
            .and("XMDH", what.code)
            .and("ZYXM", what.name)
            .and("FZJG", block.place.provincial_authority())
            .and("FZJGDM", block.place.provincial_authority_code())
            .and("CCFZRQ", text(first_issued))
            .and("FZRQ", text(issued))
            .and("YXQZ", text(expires))
            .and("PYDW", employer.name)
            .and("PYDWDM", employer.code)
            .and("ZSZT", state)
            .closed(block.place, calendar::written_down(&mut draw, issued), None)
    }

    fn employer(&self, employer: Employer, block: &Block<'_>) -> Unit {
        match employer {
            Employer::InspectionBody => self.holder(block, INSPECTION_BODY),
            Employer::ElevatorCompany => self.holder(block, ELEVATOR_COMPANY),
            Employer::Property => self.user(Role::Property(block.number), block),
            Employer::Heating => self.user(Role::Heating(block.number), block),
            Employer::Factory => self.user(Role::Factory(block.number), block),
        }
    }
}
