//! What a slice is made for: its file type and its platform, by Apple's names.

use std::fmt;

/// `filetype` of the Mach-O header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileType {
    Object,
    Execute,
    Dylib,
    Dylinker,
    Bundle,
    DylibStub,
    Dsym,
    Kext,
    Other(u32),
}

/// `platform` of LC_BUILD_VERSION, or the one that an LC_VERSION_MIN command stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform(pub u32);

const FILE_TYPES: [(u32, FileType, &str); 8] = [
    (1, FileType::Object, "object"),
    (2, FileType::Execute, "execute"),
    (6, FileType::Dylib, "dylib"),
    (7, FileType::Dylinker, "dylinker"),
    (8, FileType::Bundle, "bundle"),
    (9, FileType::DylibStub, "dylib_stub"),
    (10, FileType::Dsym, "dsym"),
    (11, FileType::Kext, "kext"),
];

/// `PLATFORM_*` of `<mach-o/loader.h>`, from 1 on.
const PLATFORMS: [&str; 12] = [
    "macos",
    "ios",
    "tvos",
    "watchos",
    "bridgeos",
    "maccatalyst",
    "iossimulator",
    "tvossimulator",
    "watchossimulator",
    "driverkit",
    "xros",
    "xrossimulator",
];

impl FileType {
    pub fn from_number(number: u32) -> FileType {
        let known = FILE_TYPES.iter().find(|(known, ..)| *known == number);
        known.map_or(FileType::Other(number), |(_, file_type, _)| *file_type)
    }
}

impl Platform {
    pub const MACOS: Platform = Platform(1);
    pub const MAC_CATALYST: Platform = Platform(6);

    /// Whether dyld-1378 knows it: `PLATFORM_MACOS` to `PLATFORM_VISIONOS_EXCLAVEKIT`.
    pub fn is_known(self) -> bool {
        (1..=24).contains(&self.0)
    }

    /// How dyld's messages call it (mach_o/Platform.cpp).
    pub fn dyld_name(self) -> &'static str {
        const NAMES: [&str; 24] = [
            "macOS",
            "iOS",
            "tvOS",
            "watchOS",
            "bridgeOS",
            "macCatalyst",
            "iOS-simulator",
            "tvOS-simulator",
            "watchOS-simulator",
            "driverKit",
            "visionOS",
            "visionOS-simulator",
            "firmware",
            "sepOS",
            "macOS-exclaveCore",
            "macOS-exclaveKit",
            "iOS-exclaveCore",
            "iOS-exclaveKit",
            "tvOS-exclaveCore",
            "tvOS-exclaveKit",
            "watchOS-exclaveCore",
            "watchOS-exclaveKit",
            "visionOS-exclaveCore",
            "visionOS-exclaveKit",
        ];
        let known = (self.0 as usize).checked_sub(1).and_then(|index| NAMES.get(index).copied());
        known.unwrap_or(if self.0 == 0 { "unknown" } else { "future" })
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match FILE_TYPES.iter().find(|(_, file_type, _)| file_type == self) {
            Some((_, _, name)) => f.write_str(name),
            None => match self {
                FileType::Other(number) => write!(f, "file type {number}"),
                _ => write!(f, "{self:?}"),
            },
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 as usize).checked_sub(1).and_then(|index| PLATFORMS.get(index)) {
            Some(name) => f.write_str(name),
            None => write!(f, "platform {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names_and_others_say_theirs() {
        assert_eq!(FileType::from_number(6).to_string(), "dylib");
        assert_eq!(FileType::from_number(99).to_string(), "file type 99");
        assert_eq!(Platform::MACOS.to_string(), "macos");
        assert_eq!(Platform::MAC_CATALYST.to_string(), "maccatalyst");
        assert_eq!(Platform(0).to_string(), "platform 0");
        let dyld = [1, 6, 12, 14, 24, 99, 0].map(|number| Platform(number).dyld_name());
        assert_eq!(
            dyld,
            [
                "macOS",
                "macCatalyst",
                "visionOS-simulator",
                "sepOS",
                "visionOS-exclaveKit",
                "future",
                "unknown"
            ]
        );
        assert!(!Platform(0).is_known() && Platform(24).is_known() && !Platform(25).is_known());
    }
}
