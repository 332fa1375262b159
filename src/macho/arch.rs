//! Architectures by the names that `lipo` and dyld use.

use std::fmt;

/// `cputype` and `cpusubtype` (capability bits masked off).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arch {
    pub cpu_type: u32,
    pub cpu_subtype: u32,
}

const NAMES: [(u32, u32, &str); 18] = [
    (0x0100_000c, 0, "arm64"),
    (0x0100_000c, 2, "arm64e"),
    (0x0100_0007, 3, "x86_64"),
    (0x0100_0007, 8, "x86_64h"),
    (7, 3, "i386"),
    (0x0200_000c, 1, "arm64_32"),
    (12, 9, "armv7"),
    (12, 11, "armv7s"),
    (12, 12, "armv7k"),
    (12, 6, "armv6"),
    (12, 0, "arm"),
    (18, 0, "ppc"),
    (18, 9, "ppc750"),
    (18, 10, "ppc7400"),
    (18, 11, "ppc7450"),
    (18, 100, "ppc970"),
    (0x0100_0012, 0, "ppc64"),
    (0x0100_0012, 100, "ppc970-64"),
];

impl Arch {
    pub const ARM64: Arch = Arch { cpu_type: 0x0100_000c, cpu_subtype: 0 };
    pub const ARM64E: Arch = Arch { cpu_type: 0x0100_000c, cpu_subtype: 2 };
    pub const X86_64: Arch = Arch { cpu_type: 0x0100_0007, cpu_subtype: 3 };
    pub const X86_64H: Arch = Arch { cpu_type: 0x0100_0007, cpu_subtype: 8 };

    pub fn new(cpu_type: u32, cpu_subtype: u32) -> Self {
        Arch { cpu_type, cpu_subtype: cpu_subtype & 0x00ff_ffff }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, _, known)| *known == name).map(|&(cpu, sub, _)| Arch::new(cpu, sub))
    }

    pub fn is_64_bit(self) -> bool {
        self.cpu_type & 0x0100_0000 != 0
    }

    /// Whether code of this architecture must carry at least an ad hoc signature to run.
    pub fn needs_signature(self) -> bool {
        matches!(self.cpu_type, 0x0100_000c | 0x0200_000c)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same_cpu = |wanted_sub| {
            NAMES
                .iter()
                .find(|(cpu, sub, _)| *cpu == self.cpu_type && wanted_sub == Some(*sub))
                .map(|(_, _, name)| *name)
        };
        // 32-bit Intel's subtype says which Pentium; lipo calls them all i386.
        let known = if self.cpu_type == 7 { Some("i386") } else { same_cpu(Some(self.cpu_subtype)) };
        match known {
            Some(name) => f.write_str(name),
            None => write!(f, "cpu {}:{}", self.cpu_type, self.cpu_subtype),
        }
    }
}

impl serde::Serialize for Arch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
