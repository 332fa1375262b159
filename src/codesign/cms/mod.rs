//! The CMS signature (RFC 5652) that stands for an identity in slot 0x10000.

pub(super) mod key;
pub(super) mod read;
#[cfg(test)]
mod tests;
pub(super) mod timestamp;
pub(super) mod verify;
pub(super) mod write;
