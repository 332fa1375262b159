//! What the transaction needs from the operating system: one small file per family.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::{
    Lock, copy_attributes, exchange, free_space, lock_folder, make_link, mode, set_mode, sync_folder,
    writable_folder,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::{
    Lock, copy_attributes, exchange, free_space, lock_folder, make_link, mode, set_mode, sync_folder,
    writable_folder,
};
