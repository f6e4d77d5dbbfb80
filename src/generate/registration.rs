//! 003 设备使用登记: the registration of a block's devices.

use super::calendar::{self, between, text};
use super::device::{BOILER, Device, ELEVATOR, Line, PIPELINE, line};
use super::draw::{Draw, Stream, decimal};
use super::permit::ELEVATOR_COMPANY;
use super::personnel::SAFETY_OFFICER;
use super::record::Record;
use super::world::{Block, World};
use time::macros::date;

const SERIES: [&str; 5] = ["XD", "HT", "KL", "ZS", "JX"];
const REMARKS: [&str; 3] = ["资料齐全", "历史数据补录", "已核对现场"];

impl World {
    /// Record `index` of 003.
    pub(super) fn device_record(&self, index: u32) -> Record {
        let block = self.block(index);
        let line = line(index);
        let mut draw = self.draw(Stream::Device, u64::from(index) | 1 << 32);
        let device = self.device(index);
        let record = Record::with("SYDJZBH", device.number.clone())
            .and_if("SBZCDM", device.legacy_code.clone())
            .and("SBDM", device.code.clone());
        let record = registered_as(record, &device, &mut draw);
        let record = self.made(record, &device, line, &block, &mut draw);
        let record = self.used(record, &device, line, &block, index, &mut draw);

        // What is maintained and tested is in use; of the rest some have been laid up.
        let laid_up = line.kind != ELEVATOR.kind && line.kind != BOILER.kind && draw.chance(8);
        let written = between(&mut draw, date!(2023 - 01 - 03), date!(2025 - 10 - 31));
        let remark = draw.chance(10).then(|| *draw.pick(&REMARKS));
        record
            .and("TYRQ", text(device.taken_up))
            .and("SJSYNX", line.life)
            .and("DJJG", block.place.authority.clone())
            .and("DJRQ", text(device.registered))
            .and("SBZT", if laid_up { "2" } else { "1" })
            .closed(block.place, calendar::written_down(&mut draw, written), remark)
    }

    fn made(&self, record: Record, device: &Device, line: &Line, block: &Block<'_>, draw: &mut Draw) -> Record {
        let maker = self.holder(block, line.maker);
        let elevator = line.kind == ELEVATOR.kind;
        let installer = elevator.then(|| self.holder(block, ELEVATOR_COMPANY).name);
        let model = format!("{}{}-{}", draw.pick(&SERIES), draw.between(100, 999), draw.between(1, 9));
        let serial = format!("{}{:05}", device.made.year(), draw.between(1, 99_999));
        record
            .and("CPMC", device.product.clone())
            .and("SBXH", model)
            .and("CCBH", serial)
            .and("ZZDW", maker.name)
            .and("ZZDWDM", maker.code)
            .and("ZZRQ", text(device.made))
            .and_if("SGDW", installer)
    }

    fn used(
        &self,
        record: Record,
        device: &Device,
        line: &Line,
        block: &Block<'_>,
        index: u32,
        draw: &mut Draw,
    ) -> Record {
        let owner = &device.owner;
        let (officer, telephone) = if line.kind == ELEVATOR.kind {
            let officer = self.certified(block, SAFETY_OFFICER);
            (officer.name, officer.mobile)
        } else {
            (owner.contact.clone(), owner.phone.clone())
        };
        let longitude = block.place.province.longitude + draw.between(-200_000, 200_000);
        let latitude = block.place.province.latitude + draw.between(-200_000, 200_000);
        record
            .and("SYDW", owner.name.clone())
            .and("SYDWDM", owner.code.clone())
            .and("SYDWDZ", owner.address.clone())
            .and("SYDD", device.site.clone())
            .and("JD", decimal(longitude, 6))
            .and("WD", decimal(latitude, 6))
            .and("DWNBH", format!("{:03}#", index % 1000 + 1))
            .and("AQGLRY", officer)
            .and("AQGLDH", telephone)
            .and("CQDW", owner.name.clone())
    }
}

fn registered_as(record: Record, device: &Device, draw: &mut Draw) -> Record {
    // Gas cylinders and pipelines are registered by the unit, not one by one.
    let by_unit = device.kind == PIPELINE.kind || device.category == "2300";
    let class = if draw.chance(90) { "01" } else { *draw.pick(&["03", "04", "06", "07"]) };
    record
        .and("DJLB", class)
        .and("DJFS", if by_unit { "2" } else { "1" })
        .and("SBZLDM", device.kind)
        .and("SBLBDM", device.category.clone())
        .and_if("SBPZDM", device.variety.clone())
}
