//! `X.Y.Z` packed into 32 bits as 16.8.8, the form of every version in a load command.

use std::fmt;

use serde::{Serialize, Serializer};

/// `xxxx.yy.zz` in nibbles (`<mach-o/loader.h>`); ordered as versions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PackedVersion(pub u32);

impl PackedVersion {
    pub const fn new(major: u16, minor: u8, patch: u8) -> Self {
        PackedVersion((major as u32) << 16 | (minor as u32) << 8 | patch as u32)
    }

    /// `10.13.6`, `10.13`, `11`; `None` for what is no version, and for numbers that it cannot hold.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.');
        let mut next = || parts.next().map_or(Some(0), |part| part.parse::<u16>().ok());
        let (major, minor, patch) = (next()?, next()?, next()?);
        Some(PackedVersion::new(major, u8::try_from(minor).ok()?, u8::try_from(patch).ok()?))
    }

    pub fn parts(self) -> (u32, u32, u32) {
        (self.0 >> 16, (self.0 >> 8) & 0xff, self.0 & 0xff)
    }

    /// Always three parts: how dylib versions are written.
    pub fn dotted(self) -> String {
        let (major, minor, patch) = self.parts();
        format!("{major}.{minor}.{patch}")
    }
}

/// Two parts, the third only when it is not 0: how system versions are written.
impl fmt::Display for PackedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (major, minor, 0) => write!(f, "{major}.{minor}"),
            (major, minor, patch) => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

impl Serialize for PackedVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.dotted())
    }
}

#[cfg(test)]
mod tests {
    use super::PackedVersion;

    #[test]
    fn versions_have_one_to_three_parts() {
        assert_eq!(PackedVersion::parse("10.13.6"), Some(PackedVersion::new(10, 13, 6)));
        assert_eq!(PackedVersion::parse(" 11"), Some(PackedVersion::new(11, 0, 0)));
        assert_eq!(["x", "10.x", "", "1.300"].map(PackedVersion::parse), [None; 4]);
    }
}
