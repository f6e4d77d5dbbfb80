//! The ten devices of a block and who uses them.

use super::calendar::{after, between};
use super::draw::{Draw, Stream};
use super::numbering;
use super::permit::{BOILER_MAKER, CRANE_MAKER, ELEVATOR_MAKER, OTHER_MAKER, VEHICLE_MAKER, VESSEL_MAKER};
use super::unit::{Role, Unit, address};
use super::world::{Block, World};
use time::Date;
use time::macros::date;

/// The slots of a block that hold its elevators and its boilers.
pub(super) const ELEVATORS: [u32; 3] = [0, 3, 7];
pub(super) const BOILERS: [u32; 2] = [1, 6];

/// One kind of device.
pub(super) struct Line {
    /// Code of SBZL.
    pub kind: &'static str,
    /// The character that registration numbers begin with.
    character: char,
    /// The slot of its maker in the block.
    pub maker: u32,
    /// Years it is designed to last.
    pub life: &'static str,
}

pub(super) const ELEVATOR: Line = Line { kind: "3000", character: '梯', maker: ELEVATOR_MAKER, life: "15" };
pub(super) const BOILER: Line = Line { kind: "1000", character: '锅', maker: BOILER_MAKER, life: "20" };
const VESSEL: Line = Line { kind: "2000", character: '容', maker: VESSEL_MAKER, life: "20" };
const CRANE: Line = Line { kind: "4000", character: '起', maker: CRANE_MAKER, life: "25" };
const VEHICLE: Line = Line { kind: "5000", character: '车', maker: VEHICLE_MAKER, life: "10" };
pub(super) const PIPELINE: Line = Line { kind: "8000", character: '管', maker: OTHER_MAKER, life: "20" };
const RIDE: Line = Line { kind: "6000", character: '游', maker: OTHER_MAKER, life: "12" };
const ROPEWAY: Line = Line { kind: "9000", character: '索', maker: OTHER_MAKER, life: "30" };

/// The kind of the device with an index.
pub(super) fn line(index: u32) -> &'static Line {
    match (index % 10, index / 10 % 3) {
        (0 | 3 | 7, _) => &ELEVATOR,
        (1 | 6, _) => &BOILER,
        (2 | 8, _) => &VESSEL,
        (4, _) => &CRANE,
        (5, _) => &VEHICLE,
        (_, 0) => &PIPELINE,
        (_, 1) => &RIDE,
        _ => &ROPEWAY,
    }
}

/// Who uses a device: a unit, or a natural person.
pub(super) struct Owner {
    pub name: String,
    /// A unified social credit code, or the ID number of a person.
    pub code: String,
    natural: bool,
    pub address: String,
    pub contact: String,
    pub phone: String,
}

impl Owner {
    /// The unified social credit code; a person has none.
    pub(super) fn unit_code(&self) -> Option<&str> {
        (!self.natural).then_some(self.code.as_str())
    }
}

/// A registered device.
pub(super) struct Device {
    pub number: String,
    pub code: String,
    pub legacy_code: Option<String>,
    pub kind: &'static str,
    pub category: String,
    pub variety: Option<String>,
    pub product: String,
    pub owner: Owner,
    pub site: String,
    pub made: Date,
    pub taken_up: Date,
    pub registered: Date,
}

impl World {
    /// A user of the block.
    pub(super) fn user(&self, role: Role, block: &Block<'_>) -> Unit {
        let trade = match role {
            Role::Property(_) => "物业管理",
            Role::Heating(_) => "热力",
            Role::Factory(_) => "机械制造",
            Role::Site(number) => ["化工", "游乐园管理", "旅游索道"][(number % 3) as usize],
            Role::Shop(_) | Role::Holder(_) => "机电",
        };
        self.unit(role, trade, block.place)
    }

    /// The device with an index.
    pub(super) fn device(&self, index: u32) -> Device {
        let block = self.block(index);
        let line = line(index);
        let mut draw = self.draw(Stream::Device, u64::from(index));
        let model = self.catalogue.pick(&mut draw, line.kind);
        let made = between(&mut draw, date!(2009 - 01 - 05), date!(2021 - 06 - 30));
        let taken_up = after(made, draw.between(40, 240));
        // The law gives 30 days from the first use; many register before it.
        let registered = after(taken_up, draw.between(-15, 30));
        let maker = block.index(line.maker);
        let legacy = registered.year() <= 2013;
        Device {
            number: numbering::registration_number(line.character, model.code(), block.place, index, registered),
            code: numbering::device_code(model.code(), block.place, maker, index, made),
            legacy_code: legacy.then(|| numbering::legacy_code(model.code(), block.place, index, registered)),
            kind: line.kind,
            category: model.category.clone(),
            variety: model.variety.clone(),
            product: model.name.clone(),
            owner: self.owner(&mut draw, line, &block),
            site: address(&mut draw, block.place),
            made,
            taken_up,
            registered,
        }
    }

    fn owner(&self, draw: &mut Draw, line: &Line, block: &Block<'_>) -> Owner {
        if line.kind == VEHICLE.kind && draw.chance(20) {
            let person = self.anyone(draw);
            return Owner {
                name: person.name.clone(),
                code: person.number,
                natural: true,
                address: address(draw, block.place),
                contact: person.name,
                phone: person.mobile,
            };
        }
        let unit = self.user(
            match line.kind {
                "3000" => Role::Property(block.number),
                "1000" => Role::Heating(block.number),
                "6000" | "8000" | "9000" => Role::Site(block.number),
                _ => Role::Factory(block.number),
            },
            block,
        );
        Owner {
            name: unit.name,
            code: unit.code,
            natural: false,
            address: unit.address,
            contact: unit.contact,
            phone: unit.phone,
        }
    }
}
