//! The CMS signature (RFC 5652) that stands for an identity in slot 0x10000.

pub(super) mod write;
