//! One file for each step of the rail, and the start screen.

pub mod build_folders;
pub mod compare;
pub mod crash;
pub mod dependencies;
pub mod disk_image;
pub mod findings;
pub mod identity;
pub mod info_plist;
pub mod manual;
pub mod maps;
pub mod overview;
pub mod plan;
pub mod signature;
pub mod start;
