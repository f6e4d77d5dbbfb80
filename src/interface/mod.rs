//! The interface document (§6.5.1 形成接口说明文档), made from the types and the data dictionary and from nothing else, so that
//! it cannot say what a node does not do.
//!
//! [`Interface`] is what a node's interface is called and how much it takes. `contract` holds what the contract says in
//! words, once, Chinese and English: `openapi` makes the OpenAPI document from it, `page` the page for people. [`Documents`]
//! keeps both for the dictionary at hand. Pure.

mod address;
mod bilingual;
pub mod contract;
mod documents;
mod example;
mod openapi;
mod page;

pub use address::{Address, BadAlias, InterFlag, Interface, Limits};
pub use bilingual::Bilingual;
pub use documents::{Document, Documents, Edition};
