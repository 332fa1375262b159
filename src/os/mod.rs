//! What differs between operating systems: one small file for each, and nobody else asks which one it is. [`disk`] has every
//! change of the disk that `fix` and `codesign` make.

pub(crate) mod disk;
#[cfg(test)]
pub(crate) mod fault;

mod stamp;
pub(crate) use stamp::Stamp;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;
