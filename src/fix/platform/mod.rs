//! What the transaction needs from the operating system: one small file per family.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::{copy_attributes, exchange, free_space, make_link, mode, set_mode, sync_folder};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::{copy_attributes, exchange, free_space, make_link, mode, set_mode, sync_folder};
