//! 006 锅炉能效: five tests of each of a block's two boilers, some 200 days apart.

use super::calendar::{self, after, text};
use super::device::BOILERS;
use super::draw::{Draw, Stream, decimal};
use super::permit::INSPECTION_BODY;
use super::record::Record;
use super::world::World;
use time::macros::date;

/// What a boiler of a category is like.
struct Design {
    model: &'static str,
    /// Code of RLZL.
    fuel: &'static str,
    /// Design efficiency in units of 0.01 %.
    efficiency: i64,
    solid: bool,
}

const fn design(model: &'static str, fuel: &'static str, efficiency: i64, solid: bool) -> Design {
    Design { model, fuel, efficiency, solid }
}

const STEAM: [Design; 4] = [
    design("WNS{}-1.25-Q", "3", 9400, false),
    design("SZS{}-1.25-Q", "3", 9300, false),
    design("DZL{}-1.25-T", "4", 8700, true),
    design("SZL{}-1.25-AII", "1", 8300, true),
];
const WATER: [Design; 3] = [
    design("WNS{}-1.0/95/70-Q", "3", 9450, false),
    design("SZS{}-1.0/115/70-Y", "2", 9200, false),
    design("DZL{}-1.0/95/70-AII", "1", 8200, true),
];
const ORGANIC: [Design; 2] = [design("YYQW-{}Y", "2", 9100, false), design("YLW-{}MA", "1", 8100, true)];

/// Heat losses in units of 0.01 %.
struct Losses {
    exhaust: i64,
    gas: i64,
    solid: i64,
    radiation: i64,
    slag: i64,
}

impl World {
    /// Record `index` of 006.
    pub(super) fn boiler_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let boiler = block.index(BOILERS[(index % 2) as usize]);
        let device = self.device(boiler);
        let body = self.permit(block.index(INSPECTION_BODY)).unit;
        let mut fixed = self.draw(Stream::Boiler, u64::from(boiler) | 1 << 32);
        let (design, unit, pressure) = match device.category.as_str() {
            "1100" => (fixed.pick(&STEAM), "t/h", "1.25"),
            "1200" => (fixed.pick(&WATER), "MW", "1.00"),
            _ => (fixed.pick(&ORGANIC), "MW", "0.80"),
        };
        let output = *fixed.pick(&["1", "2", "4", "6", "10", "20", "35"]);

        let mut draw = self.draw(Stream::Boiler, u64::from(index));
        let round = i64::from(index % 10 / 2);
        let tested = after(date!(2023 - 03 - 01), 200 * round + draw.between(0, 60));
        let losses = losses(&mut draw, design);
        let measured = 10_000 - losses.exhaust - losses.gas - losses.solid - losses.radiation - losses.slag;
        let verdict = match measured - design.efficiency {
            0.. => "1",
            -300..0 => "2",
            _ => "3",
        };
        let owner_code = device.owner.unit_code().map(str::to_owned);

        Record::with("CSBGBH", format!("NX{}-{index:07}", tested.year()))
            .and("CSJGDM", body.code)
            .and("CSJG", body.name)
            .and("SYDJZBH", device.number)
            .and("SBDM", device.code)
            .and("SBLBDM", device.category)
            .and("GLXH", design.model.replace("{}", output))
            .and("SYDW", device.owner.name)
            .and_if("SYDWDM", owner_code)
            .and("CSLX", if round == 0 { "2" } else { "3" })
            .and("CSRQ", text(tested))
            .and("EDCL", output)
            .and("EDCLDW", unit)
            .and("EDYL", pressure)
            .and("RLZL", design.fuel)
            .and("SJRXL", decimal(design.efficiency, 2))
            .and("CSRXL", decimal(measured, 2))
            .and("PYWD", draw.decimal(7_500, 16_500, 2))
            .and("GLKQXS", if design.solid { draw.decimal(145, 190, 2) } else { draw.decimal(105, 130, 2) })
            .and("PYRSS", decimal(losses.exhaust, 2))
            .and("QTWQRS", decimal(losses.gas, 2))
            .and("GTWQRS", decimal(losses.solid, 2))
            .and("SRSS", decimal(losses.radiation, 2))
            .and("HZRSS", decimal(losses.slag, 2))
            .and("NXJL", verdict)
            .closed(block.place, calendar::written_down(&mut draw, tested), None)
    }
}

fn losses(draw: &mut Draw, design: &Design) -> Losses {
    Losses {
        exhaust: draw.between(400, 780),
        gas: draw.between(0, 40),
        solid: if design.solid { draw.between(300, 800) } else { 0 },
        radiation: draw.between(60, 180),
        slag: if design.solid { draw.between(15, 70) } else { 0 },
    }
}
