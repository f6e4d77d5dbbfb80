//! Volume control (§7.3 数据交换量控制) at work: gates that refuse what is more than agreed, and paces that make it wait.
//! Numbers alone; who they were agreed with is others' affair. Each process counts for itself.

mod gate;
mod pace;
mod rate;

pub use gate::{Excess, Gate, Kind, Pass};
pub use pace::Pace;
