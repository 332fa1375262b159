//! Load commands that name a library of macOS, gathered over the slices of an image.

use std::collections::BTreeMap;

use super::{Finding, Rule, Severity};
use crate::bundle::{Bundle, Image};
use crate::dyld::system::{self, Shown};
use crate::macho::{Arch, DylibUse, LoadKind, PackedVersion, Platform, Slice};
use crate::paths::BundlePath;

/// One dylib command of one slice.
#[derive(Clone, Copy)]
pub struct SystemUse<'a> {
    pub user: &'a BundlePath,
    pub image: &'a Image,
    pub slice: &'a Slice,
    pub used: &'a DylibUse,
}

/// The same command in every slice that showed what was looked for.
pub struct SystemHit<'a> {
    /// Of the slices, the one that may start on the oldest macOS.
    pub first: SystemUse<'a>,
    archs: Vec<Arch>,
}

/// The dylib commands of macOS slices that `wanted` picks, each image and name once, in a fixed order. Lazy ones are left
/// out: dyld has ignored them since macOS 12.
pub fn system_uses<'a>(bundle: &'a Bundle, wanted: impl Fn(&SystemUse<'a>) -> bool) -> Vec<SystemHit<'a>> {
    let mut found: BTreeMap<_, SystemHit<'a>> = BTreeMap::new();
    let oldest = OldestOs::of(bundle);
    for (user, image) in &bundle.images {
        for slice in image.file.slices.iter().filter(|slice| is_for_mac(slice)) {
            for used in slice.uses.iter().filter(|used| used.kind != LoadKind::Lazy) {
                let one = SystemUse { user, image: image.as_ref(), slice, used };
                if !wanted(&one) {
                    continue;
                }
                let key = (user, &used.name, used.may_be_missing());
                let hit = found.entry(key).or_insert_with(|| SystemHit { first: one, archs: Vec::new() });
                if oldest.of_slice(slice) < oldest.of_slice(hit.first.slice) {
                    hit.first = one;
                }
                hit.archs.push(slice.arch);
            }
        }
    }
    found.into_values().collect()
}

impl<'a> SystemHit<'a> {
    pub fn name(&self) -> &'a str {
        self.first.used.name.as_str()
    }

    /// "DATA asks for NAME", with the command's own name.
    pub fn asks(&self) -> String {
        format!("{} asks for {} ({})", self.first.user, self.name(), self.first.used.kind.command())
    }

    /// A finding about this reference: what a launch can do without is only worth knowing.
    pub fn finding(&self, rule: &Rule, severity: Severity, title: String, message: String) -> Finding {
        let all = self.archs.len() == self.first.image.file.slices.len();
        Finding {
            severity: if self.first.used.may_be_missing() { Severity::Info } else { severity },
            arch: if all { None } else { self.archs.first().copied() },
            reference: Some(self.first.used.name.clone()),
            ..Finding::new(rule, self.first.user, title, message)
        }
    }
}

/// Files without a version command come from linkers that knew no other platform.
pub fn is_for_mac(slice: &Slice) -> bool {
    slice.build.is_none_or(|build| build.platform == Platform::MACOS)
}

/// The oldest macOS on which the bundle's code can run.
pub struct OldestOs<'a> {
    main: Option<&'a Image>,
    /// LSMinimumSystemVersion.
    declared: Option<PackedVersion>,
}

impl<'a> OldestOs<'a> {
    pub fn of(bundle: &'a Bundle) -> Self {
        let main = bundle.main_executable.as_ref().and_then(|path| bundle.image(&bundle.real_path(path)?));
        let info = bundle.info.as_ref().and_then(|info| info.string("LSMinimumSystemVersion"));
        OldestOs { main: main.map(|main| &**main), declared: info.and_then(system::version) }
    }

    /// The slice's own minimum, the main executable's of the same architecture, and LSMinimumSystemVersion, whichever is
    /// newest. `None` when the slice does not say.
    pub fn of_slice(&self, slice: &Slice) -> Option<PackedVersion> {
        let own = slice.build?.min_os;
        let main = self.main.and_then(|main| main.file.slice(slice.arch)?.build).map(|build| build.min_os);
        Some(own.max(main.unwrap_or(own)).max(self.declared.unwrap_or(own)))
    }
}

/// "libsystem_coretls.dylib (gone since macOS 10.13)", for the parts below `/usr/lib/system` that did not stay.
pub fn lost_part(name: &str) -> Option<String> {
    let leaf = name.rsplit('/').next().unwrap_or(name);
    match system::library(name)?.end {
        system::End::Gone(since) => Some(format!("{leaf} (gone since macOS {})", Shown(since))),
        system::End::LeftLibSystem(since) => {
            Some(format!("{leaf} (no longer in libSystem since macOS {})", Shown(since)))
        }
        system::End::StillThere | system::End::Unlisted(_) => None,
    }
}

/// How many parts of libSystem the slice re-exports one by one: more than a few make it a libSystem of its own.
pub fn reexported_parts(slice: &Slice) -> impl Iterator<Item = &str> {
    let parts = slice.uses.iter().filter(|used| used.kind == LoadKind::Reexport);
    parts.map(|used| used.name.as_str()).filter(|name| system::is_libsystem_part(name))
}

/// Whether the slice is an umbrella over the parts of libSystem.
pub fn is_umbrella(slice: &Slice) -> bool {
    reexported_parts(slice).count() >= 3
}
