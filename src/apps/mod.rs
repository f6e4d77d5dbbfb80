//! The parties that may call a node (§6.5.1 授权管理, §7.2 身份认证): what an app is and may do, the apps of the settings and
//! those of the store, their keys at rest, and the acts that change them. The door asks the [`Directory`]; the commands act
//! through the [`Registry`].

mod app;
mod directory;
mod refresh;
mod registry;
mod stored;
mod vault;
mod view;

pub use app::{Allowance, App, BadSettings, Keys, appid_fault};
pub use directory::{Absent, Directory};
pub use refresh::Refresher;
pub use registry::{Actor, NewApp, Registry, RegistryError, Rotation};
pub use vault::{CannotOpen, Column, Vault};
pub use view::view;
