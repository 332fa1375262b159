//! What differs between operating systems, one small file for each.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{RECORDS_MODES, link_text, local_path, mode, plain_path};
#[cfg(windows)]
pub(super) use windows::{RECORDS_MODES, link_text, local_path, mode, plain_path};
