//! Which faults of a file's format dyld refuses, by its SDK and by macOS (dyld `mach_o/Policy.cpp`).
//!
//! Libraries are validated since macOS 15.4 (dyld-1284, `JustInTimeLoader::makeJustInTimeLoaderDisk`), main executables
//! since 26 (dyld-1323, `makeLaunchLoader`). Each check holds for files linked against an SDK of its epoch or later.

use super::OsProfile;
use crate::macho::format::{FormatFault, SegmentFault, effective_build, faults};
use crate::macho::{BuildVersion, FileType, PackedVersion, Platform, Slice};

/// As what dyld takes a file in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Main,
    /// A dylib or a plug-in.
    Library,
}

/// Half a year of Apple's releases (`Platform::Epoch`): ten times the year, and 5 for the release of its autumn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Epoch(u32);

/// The check holds whatever the SDK.
const ALWAYS: Epoch = Epoch(0);
const FALL_2015: Epoch = Epoch(20155);
const FALL_2019: Epoch = Epoch(20195);
const FALL_2020: Epoch = Epoch(20205);
const FALL_2021: Epoch = Epoch(20215);
const FALL_2024: Epoch = Epoch(20245);
const SPRING_2025: Epoch = Epoch(20250);
const FALL_2025: Epoch = Epoch(20255);

/// One fault and when it stops a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    pub fault: FormatFault,
    /// The first macOS that refuses the file as it is; `None` while its SDK is older than `from_sdk`.
    pub refused_on: Option<OsProfile>,
    /// The macOS SDK from which macOS 26 refuses it; `None` for every SDK.
    pub from_sdk: Option<PackedVersion>,
}

/// What dyld of `os` prints about `slice`: its first objection. `None` when it takes the file.
pub fn refusal(slice: &Slice, os: OsProfile, role: Role) -> Option<String> {
    let objects = |fault: &FormatFault| is_refused(slice, fault, os, role);
    faults(slice).iter().find(|fault| objects(fault)).map(FormatFault::to_string)
}

/// Every fault that some macOS may refuse, in dyld's order.
pub fn enforced(slice: &Slice, role: Role) -> Vec<Enforced> {
    let found = faults(slice).into_iter().filter_map(|fault| {
        let from = from_epoch(&fault, slice.file_type, OsProfile::MacOs26)?;
        let refused_on = OsProfile::ALL.into_iter().find(|os| is_refused(slice, &fault, *os, role));
        Some(Enforced { fault, refused_on, from_sdk: first_sdk(from) })
    });
    found.collect()
}

fn is_refused(slice: &Slice, fault: &FormatFault, os: OsProfile, role: Role) -> bool {
    let first = match role {
        Role::Library => OsProfile::MacOs15_4,
        Role::Main => OsProfile::MacOs26,
    };
    let linked = effective_build(slice).map_or(ALWAYS, |build| epoch(build, os));
    os >= first && from_epoch(fault, slice.file_type, os).is_some_and(|from| linked >= from)
}

/// The epoch of the SDK from which dyld of `os` makes this objection; `None` when it never does.
fn from_epoch(fault: &FormatFault, file_type: FileType, os: OsProfile) -> Option<Epoch> {
    let (main, is_26) = (file_type == FileType::Execute, os >= OsProfile::MacOs26);
    Some(match fault {
        FormatFault::MissingUuid if main && is_26 => FALL_2025,
        FormatFault::MissingUuid => FALL_2021,
        FormatFault::DuplicateDylib(_) if is_26 => FALL_2025,
        FormatFault::DuplicateDylib(_) => FALL_2024,
        FormatFault::DuplicateRpath(_) if is_26 => FALL_2025,
        FormatFault::DuplicateRpath(_) | FormatFault::NoDylib => SPRING_2025,
        FormatFault::InCacheBit => FALL_2021,
        FormatFault::Segment(fault) => segment_epoch(fault, main && is_26, is_26)?,
        _ => ALWAYS,
    })
}

fn segment_epoch(fault: &SegmentFault, spared: bool, is_26: bool) -> Option<Epoch> {
    Some(match fault {
        SegmentFault::TextPermissions => FALL_2019,
        SegmentFault::LinkeditPermissions if spared => FALL_2025,
        SegmentFault::LinkeditPermissions => FALL_2015,
        SegmentFault::FileOrder(_) | SegmentFault::VmOrder(_) if spared => FALL_2025,
        SegmentFault::FileOrder(_) | SegmentFault::VmOrder(_) => FALL_2019,
        SegmentFault::SectionBeyond(..) => FALL_2020,
        SegmentFault::DuplicateName(_) if !is_26 => return None,
        SegmentFault::DuplicateName(_)
        | SegmentFault::DataPermissions
        | SegmentFault::DataConstPermissions
        | SegmentFault::DataConstNotReadOnly => FALL_2025,
        _ => ALWAYS,
    })
}

/// The first macOS SDK of an epoch.
fn first_sdk(epoch: Epoch) -> Option<PackedVersion> {
    let sdk = match epoch {
        FALL_2015 => PackedVersion::new(10, 11, 0),
        FALL_2019 => PackedVersion::new(10, 15, 0),
        FALL_2020 => PackedVersion::new(11, 0, 0),
        FALL_2021 => PackedVersion::new(12, 0, 0),
        FALL_2024 => PackedVersion::new(15, 0, 0),
        SPRING_2025 => PackedVersion::new(15, 4, 0),
        FALL_2025 => PackedVersion::new(26, 0, 0),
        _ => return None,
    };
    Some(sdk)
}

/// dyld's own arithmetic, in sixteen bits: an SDK of 0 comes out in the far future, and the later 10.x.4 one year early.
fn epoch(build: BuildVersion, os: OsProfile) -> Epoch {
    let (major, minor, patch) = build.sdk.parts();
    let (base, first_spring) = match build.platform {
        Platform::MACOS => (2009, if major <= 13 { 3 } else { 4 }),
        Platform::MAC_CATALYST => (2006, 4),
        _ => return ALWAYS,
    };
    if build.platform == Platform::MACOS && major < 11 {
        let year = 2004_u32.wrapping_add(build.sdk.0.wrapping_sub(0x000a_0000) >> 8) as u16;
        let is_spring = patch >= 4;
        return of_year(year.wrapping_sub(is_spring.into()), is_spring);
    }
    let counted = (major as u16).wrapping_add(base);
    let year = match (os >= OsProfile::MacOs26, major) {
        (false, _) => counted,
        (true, 26..) => (major as u16).wrapping_add(1999),
        (true, _) => counted.min(2026),
    };
    let is_spring = minor >= first_spring;
    of_year(year.wrapping_add(is_spring.into()), is_spring)
}

fn of_year(year: u16, is_spring: bool) -> Epoch {
    Epoch(u32::from(year) * 10 + if is_spring { 0 } else { 5 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::sample::{EmptySegment, Sample};
    use crate::macho::{Arch, LoadKind, read};

    const LIBRARY: u32 = 6;
    const MAIN: u32 = 2;

    fn slice(sample: &Sample, sdk: PackedVersion) -> Slice {
        let sample = Sample { builds: vec![(1, 0x000b_0000, sdk.0)], ..sample.clone() };
        read(&sample.build()).unwrap().slices.remove(0)
    }

    /// The first SDKs at which `sample` is refused on 15.4 and on 26, and the text.
    fn thresholds(sample: &Sample, text: &str) -> [Option<&'static str>; 2] {
        const SDKS: [(&str, PackedVersion); 9] = [
            ("10.10", PackedVersion::new(10, 10, 0)),
            ("10.11", PackedVersion::new(10, 11, 0)),
            ("10.15", PackedVersion::new(10, 15, 0)),
            ("11.0", PackedVersion::new(11, 0, 0)),
            ("12.0", PackedVersion::new(12, 0, 0)),
            ("15.0", PackedVersion::new(15, 0, 0)),
            ("15.4", PackedVersion::new(15, 4, 0)),
            ("15.5", PackedVersion::new(15, 5, 0)),
            ("26.0", PackedVersion::new(26, 0, 0)),
        ];
        let role = if sample.file_type == MAIN { Role::Main } else { Role::Library };
        [OsProfile::MacOs15_4, OsProfile::MacOs26].map(|os| {
            let said = SDKS.map(|(name, sdk)| (name, refusal(&slice(sample, sdk), os, role)));
            let first = said.iter().position(|(_, said)| said.is_some())?;
            assert!(said[first..].iter().all(|(_, said)| said.as_deref() == Some(text)), "{said:?}");
            let far_future = slice(sample, PackedVersion::default());
            assert_eq!(refusal(&far_future, os, role).as_deref(), Some(text), "an SDK of 0");
            Some(said[first].0)
        })
    }

    fn plain(file_type: u32) -> Sample {
        Sample::plain(Arch::ARM64, file_type)
    }

    fn check(change: impl Fn(Sample) -> Sample, text: &str, library: [&str; 2], main: &str) {
        let shown = |text| (text != "never").then_some(text);
        assert_eq!(thresholds(&change(plain(LIBRARY)), text), library.map(shown), "library: {text}");
        assert_eq!(thresholds(&change(plain(MAIN)), text), [None, shown(main)], "main: {text}");
    }

    #[test]
    fn names_and_uuids_by_sdk() {
        let uses = |name: &str| (LoadKind::Required, name.to_owned());
        check(|it| Sample { uuid: None, ..it }, "missing LC_UUID load command", ["12.0", "12.0"], "26.0");
        check(
            |it| Sample { rpaths: vec!["@loader_path".into(), "@loader_path".into()], ..it },
            "duplicate LC_RPATH '@loader_path'",
            ["15.4", "26.0"],
            "26.0",
        );
        check(
            |it| Sample { uses: vec![uses("@rpath/libx.dylib"), uses("@rpath/libx.dylib")], ..it },
            "duplicate linked dylib '@rpath/libx.dylib'",
            ["15.0", "26.0"],
            "26.0",
        );
        check(
            |it| Sample { uses: Vec::new(), ..it },
            "missing LC_LOAD_DYLIB (must link with at least libSystem.dylib)",
            ["15.4", "15.4"],
            "15.4",
        );
    }

    #[test]
    fn segments_by_sdk() {
        let segment =
            |name, vmaddr, initprot, flags| EmptySegment { name, vmaddr, vmsize: 0x1000, initprot, flags };
        let text = |it: Sample| Sample { permissions: (7, 1), ..it };
        check(text, "__TEXT segment permissions is not 'r-x'", ["10.15", "10.15"], "10.15");
        let linkedit = |it: Sample| Sample { permissions: (5, 3), ..it };
        check(linkedit, "__LINKEDIT segment permissions is not 'r--'", ["10.11", "10.11"], "26.0");
        // On 15.4 the year of an SDK 26 is counted as 2035, which is late enough too.
        let one = |one: EmptySegment| move |it: Sample| Sample { segments: vec![one.clone()], ..it };
        check(
            one(segment("__DATA", 0x10000, 1, 0)),
            "__DATA segment permissions is not 'rw-'",
            ["26.0", "26.0"],
            "26.0",
        );
        check(
            one(segment("__DATA_CONST", 0x10000, 3, 0)),
            "__DATA_CONST segment missing SG_READ_ONLY flag",
            ["26.0", "26.0"],
            "26.0",
        );
        let two = |a: EmptySegment, b: EmptySegment| {
            move |it: Sample| Sample { segments: vec![a.clone(), b.clone()], ..it }
        };
        check(
            two(segment("__A", 0x10000, 3, 0), segment("__A", 0x20000, 3, 0)),
            "duplicate segment name '__A'",
            ["never", "26.0"],
            "26.0",
        );
        check(
            two(segment("__A", 0x20000, 3, 0), segment("__B", 0x10000, 3, 0)),
            "segment '__B' vm address out of order",
            ["10.15", "10.15"],
            "26.0",
        );
    }

    #[test]
    fn some_faults_stop_every_launch() {
        let unknown = |it: Sample| Sample { extra: vec![(0x8000_0099, vec![0, 0])], ..it };
        let text = |index| format!("load command #{index} unknown required load command 0x80000099");
        assert_eq!(thresholds(&unknown(plain(LIBRARY)), &text(7)), [Some("10.10"), Some("10.10")]);
        assert_eq!(thresholds(&unknown(plain(MAIN)), &text(8)), [None, Some("10.10")]);
    }

    #[test]
    fn the_first_objection_is_the_one_that_is_printed() {
        let sample = Sample { uuid: None, rpaths: vec!["a".into(), "a".into()], ..plain(LIBRARY) };
        let slice = slice(&sample, PackedVersion::new(26, 0, 0));
        assert_eq!(
            refusal(&slice, OsProfile::MacOs26, Role::Library).as_deref(),
            Some("missing LC_UUID load command")
        );
        assert_eq!(refusal(&slice, OsProfile::MacOs15, Role::Library), None);
        let all = enforced(&slice, Role::Library);
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].refused_on, all[0].from_sdk),
            (Some(OsProfile::MacOs15_4), Some(PackedVersion::new(12, 0, 0)))
        );
    }

    #[test]
    fn what_a_rebuild_would_meet_is_known_before() {
        let sample = Sample { rpaths: vec!["a".into(), "a".into()], ..plain(LIBRARY) };
        let all = enforced(&slice(&sample, PackedVersion::new(14, 0, 0)), Role::Library);
        assert_eq!((all[0].refused_on, all[0].from_sdk), (None, Some(PackedVersion::new(26, 0, 0))));
    }

    #[test]
    fn dylds_years() {
        let of = |major, minor, patch, os| {
            let sdk = PackedVersion::new(major, minor, patch);
            epoch(BuildVersion { platform: Platform::MACOS, min_os: sdk, sdk }, os).0
        };
        let (old, new) = (OsProfile::MacOs15_4, OsProfile::MacOs26);
        assert_eq!([of(10, 15, 0, new), of(10, 15, 4, new), of(11, 0, 0, new)], [20195, 20180, 20205]);
        assert_eq!([of(15, 3, 0, new), of(15, 4, 0, new), of(13, 3, 0, new)], [20245, 20250, 20230]);
        assert_eq!([of(26, 0, 0, new), of(26, 4, 0, new), of(26, 0, 0, old)], [20255, 20260, 20355]);
        assert_eq!([of(0, 0, 0, new), of(0, 0, 0, old)], [649_805, 649_805]);
    }
}
