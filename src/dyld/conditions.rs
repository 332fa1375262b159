//! Under which conditions a launch is simulated: whose dyld, with which variables, and how the process is restricted.

use std::collections::BTreeMap;

use crate::macho::PackedVersion;

/// Whose dyld is simulated. dyld changed its rules with 13, with 15.4 and with 26; the releases between bring only
/// other system libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OsProfile {
    /// dyld 940: fallback folders for every binary, no cryptex.
    MacOs12,
    /// dyld 1042.
    MacOs13,
    MacOs14,
    /// 15.0 to 15.3.
    MacOs15,
    /// dyld 1284, 15.4 to 15.x: every library's format is validated.
    MacOs15_4,
    /// dyld 1323: main executables too.
    #[default]
    MacOs26,
}

impl OsProfile {
    pub const ALL: [OsProfile; 6] = [
        OsProfile::MacOs12,
        OsProfile::MacOs13,
        OsProfile::MacOs14,
        OsProfile::MacOs15,
        OsProfile::MacOs15_4,
        OsProfile::MacOs26,
    ];

    /// The profile that a `--os` value names; `None` when nothing is known about it.
    pub fn from_name(name: &str) -> Option<Self> {
        OsProfile::ALL.into_iter().find(|os| os.name() == name)
    }

    /// The profile that simulates a running macOS best: the newest that is not newer than it, or the oldest there is.
    pub fn of_release(version: PackedVersion) -> Self {
        let known = OsProfile::ALL.into_iter().rev();
        known.into_iter().find(|os| os.version() <= version).unwrap_or(OsProfile::MacOs12)
    }

    /// How the command line and the window call it.
    pub fn name(self) -> &'static str {
        match self {
            OsProfile::MacOs12 => "12",
            OsProfile::MacOs13 => "13",
            OsProfile::MacOs14 => "14",
            OsProfile::MacOs15 => "15",
            OsProfile::MacOs15_4 => "15.4",
            OsProfile::MacOs26 => "26",
        }
    }

    /// Not below the last release that it stands for.
    pub fn last_version(self) -> PackedVersion {
        match self {
            OsProfile::MacOs12 => PackedVersion::new(12, 255, 255),
            OsProfile::MacOs13 => PackedVersion::new(13, 255, 255),
            OsProfile::MacOs14 => PackedVersion::new(14, 255, 255),
            OsProfile::MacOs15 => PackedVersion::new(15, 3, 255),
            OsProfile::MacOs15_4 => PackedVersion::new(15, 255, 255),
            OsProfile::MacOs26 => PackedVersion::new(26, 255, 255),
        }
    }

    /// The first release that it stands for.
    pub fn version(self) -> PackedVersion {
        match self {
            OsProfile::MacOs12 => PackedVersion::new(12, 0, 0),
            OsProfile::MacOs13 => PackedVersion::new(13, 0, 0),
            OsProfile::MacOs14 => PackedVersion::new(14, 0, 0),
            OsProfile::MacOs15 => PackedVersion::new(15, 0, 0),
            OsProfile::MacOs15_4 => PackedVersion::new(15, 4, 0),
            OsProfile::MacOs26 => PackedVersion::new(26, 0, 0),
        }
    }
}

/// What the user may vary about a launch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    pub os: OsProfile,
    /// `DYLD_…` variables of the process, by name.
    pub environment: BTreeMap<String, String>,
    /// Whether the process runs hardened; `None` is as its signature says.
    pub hardened: Option<bool>,
    /// Whether macOS could not map its shared cache, as the crash reports of broken installations show.
    pub no_shared_cache: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_the_newest_is_the_default() {
        for os in OsProfile::ALL {
            assert_eq!(OsProfile::from_name(os.name()), Some(os));
        }
        assert_eq!(OsProfile::from_name("11"), None);
        assert_eq!(OsProfile::default(), OsProfile::ALL[5]);
        let of = |major, minor| OsProfile::of_release(PackedVersion::new(major, minor, 1)).name();
        assert_eq!(
            [of(10, 14), of(14, 7), of(15, 3), of(15, 6), of(27, 0)],
            ["12", "14", "15", "15.4", "26"]
        );
        assert!(OsProfile::ALL.is_sorted_by_key(|os| os.version()));
    }
}
