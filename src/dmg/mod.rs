//! Disk images: an HFS+ volume in a UDIF file with a laid-out window, written without Apple's tools and read back.
//!
//! ```text
//! DmgSpec ─► tree (files, links, .DS_Store, background) ─► hfsplus::volume ─► udif::writer ─► write::build
//!                                                              │ plan, then stream              │ temporary file
//!                     DmgLayout ◄─ DiskImage ◄─ hfsplus::reader ◄─ udif::reader ◄───────────────┘ verify, rename
//! ```
//!
//! Extended attributes come along, since signatures are kept in some (`com.apple.cs.*`, on signed files that are not Mach-O),
//! and so do resource forks and Finder information. Hard links become copies.

pub mod alias;
mod apple_double;
mod assemble;
pub mod background;
mod bytes;
mod color;
pub mod design;
pub mod ds_store;
pub mod estimate;
mod extract;
pub mod fault;
pub mod finder;
pub mod frame;
mod gpt;
pub mod hfsplus;
pub mod import;
mod label;
pub mod layout;
pub mod licence;
pub mod lint;
mod partitions;
pub mod picture;
pub mod read;
pub mod spec;
mod stored;
pub mod template;
mod tree;
pub mod udif;
pub mod verify;
pub mod write;

pub use apple_double::Values;
pub use background::drawing::{Arrow, ArrowStyle, Base, Caption, Drawing};
pub use color::Color;
pub use design::{Design, open_design};
pub use estimate::{Estimate, estimate};
pub use extract::extract;
pub use label::Label;
pub use layout::{Background, DmgLayout, Window};
pub use licence::Licence;
pub use read::DiskImage;
pub use spec::{DmgSpec, Format, Item, ItemSource, PartitionMap};
pub use template::Template;
pub use tree::double_beside;
pub use verify::{Problem, verify, verify_known};
pub use write::{Built, Ending, build, build_ending};
