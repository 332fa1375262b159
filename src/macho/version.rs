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
