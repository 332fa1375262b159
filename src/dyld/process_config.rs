//! What one process allows and how it searches, settled before anything is loaded: dyld's `ProcessConfig`.

use super::path_overrides::PathOverrides;
use super::security::Security;
use super::{Conditions, OsProfile};
use crate::macho::{Arch, Signature, Slice};
use crate::paths::RuntimePath;

/// The settings of one process (`DyldProcessConfig.cpp`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessConfig {
    pub os: OsProfile,
    pub arch: Arch,
    /// `platform` of the main executable.
    pub platform: u32,
    /// Real path of the main executable.
    pub executable: RuntimePath,
    /// The main executable's own.
    pub signature: Signature,
    pub security: Security,
    pub path_overrides: PathOverrides,
    /// Whether macOS's shared cache is mapped. Without it no library of the system is found: since macOS 11 they stand
    /// nowhere else.
    pub shared_cache: bool,
}

/// `PLATFORM_MACOS` and `PLATFORM_MACCATALYST` of `<mach-o/loader.h>`.
pub(super) const MACOS: u32 = 1;
pub(super) const MAC_CATALYST: u32 = 6;

impl ProcessConfig {
    /// The process that starts `main`, whose file has the permission bits `mode`.
    pub(super) fn new(main: &Slice, mode: u32, executable: RuntimePath, conditions: &Conditions) -> Self {
        let security = Security::of(main, mode, conditions);
        ProcessConfig {
            os: conditions.os,
            arch: main.arch,
            platform: main.build.map_or(MACOS, |build| build.platform.0),
            path_overrides: PathOverrides::new(&conditions.environment, main, &security, &executable),
            executable,
            signature: main.signature.clone(),
            security,
            shared_cache: !conditions.no_shared_cache,
        }
    }
}
