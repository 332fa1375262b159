//! What dyld printed on other people's Macs, reproduced to the letter from bundles made after their reports.
//!
//! Each log is public; `tests/public-logs` holds the texts with their sources. Users' names are USER.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

#[path = "common/model.rs"]
mod model;

use bundlewright::bundle::SearchRoots;
use bundlewright::dyld::launch::verdict;
use bundlewright::dyld::{Conditions, OsProfile, Place, Verdict, resolve};
use bundlewright::macho::Arch;
use bundlewright::paths::RuntimePath;

/// What dyld says of the first launch of the app at `folder`, which is the only thing on that Mac but for macOS.
fn says(folder: &str, arch: Arch, conditions: &Conditions, description: &str) -> Verdict {
    let mut bundle = model::bundle(&model::sound(model::items(description)));
    bundle.runtime_root = RuntimePath::new(folder);
    bundle.name = bundle.runtime_root.file_name().to_owned();
    bundle.derive();
    let nothing = SearchRoots { roots: Vec::new(), this_machine: false };
    let graph = resolve(&bundle, &Place::BuildMac(nothing), conditions);
    let launch = graph.launches.iter().find(|launch| launch.arch == arch).expect("a launch");
    verdict(&bundle, &graph, launch, &[])
}

fn on(os: OsProfile) -> Conditions {
    Conditions { os, ..Conditions::default() }
}

/// The log without dyld's own prefix, and without what a crash report adds.
fn log(name: &str) -> String {
    let path = format!("{}/tests/public-logs/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a log");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_absolute_reference_into_homebrew() {
    let said = says(
        "/Applications/Image Optimizer.app",
        Arch::X86_64,
        &on(OsProfile::MacOs14),
        "Contents/Info.plist plist\n\
         Contents/MacOS/image-optimizer execute x86_64\n  use @executable_path/../Frameworks/libvips.dylib\n\
         Contents/Frameworks/libvips.dylib dylib x86_64 uuid=1D4C196B-2627-3B71-9183-CDBAB8DE5498\n  \
         use /usr/local/opt/libraw/lib/libraw_r.25.dylib\n",
    );
    assert_eq!(said.message.unwrap(), log("image-optimizer"));
}

#[test]
fn an_ad_hoc_signed_app_with_the_hardened_runtime() {
    let said = says(
        "/Users/USER/Code/cherry-studio/dist/mac-arm64/Cherry~Studio.app",
        Arch::ARM64,
        &on(OsProfile::MacOs15),
        "Contents/MacOS/Cherry~Studio execute signed=adhoc+hardened uuid=4C4C44F1-5555-3144-A109-371CAA64827A\n  \
         rpath @executable_path/../Frameworks\n  use @rpath/Electron~Framework.framework/Electron~Framework\n\
         Contents/Frameworks/Electron~Framework.framework/Electron~Framework -> Versions/A/Electron~Framework\n\
         Contents/Frameworks/Electron~Framework.framework/Versions/A/Electron~Framework dylib uuid=4C4C4421-5555-3144-A1F6-E07CD7537C3E\n",
    );
    // A description has no spaces in its paths: `~` stands for them.
    assert_eq!(said.message.unwrap().replace('~', " "), log("electron"));
}

#[test]
fn a_translocated_app_whose_log_is_cut_off_and_has_lost_what_stands_in_angle_brackets() {
    let folder = "/private/var/folders/xx/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/T/AppTranslocation/8B53E367-2E0C-42C1-A4D5-6787109EE46E/d/qbittorrent.app";
    let said = says(
        folder,
        Arch::ARM64,
        &Conditions::default(),
        "Contents/MacOS/qbittorrent execute signed=adhoc+hardened\n  rpath @executable_path/../Frameworks\n  \
         use @rpath/QtWidgets.framework/Versions/A/QtWidgets\n\
         Contents/Frameworks/QtWidgets.framework/Versions/A/QtWidgets dylib\n",
    );
    let message = said.message.unwrap();
    let reason =
        message.lines().last().unwrap().trim_start().replace("<C0DEC0DE-0000-3000-8000-000000000002> ", "");
    let cut = log("qbittorrent");
    assert!(reason.starts_with(&cut), "{reason}\n{cut}");
}

#[test]
fn a_mac_without_its_shared_cache() {
    let conditions = Conditions { no_shared_cache: true, ..on(OsProfile::MacOs13) };
    let said = says(
        "/Users/USER/Applications/TALYS_CODE/talys",
        Arch::X86_64,
        &conditions,
        "bin/talys execute x86_64 sdk=0.0 uuid=28252600-BB7B-336B-AB15-3687F43881F0\n  use /usr/lib/libSystem.B.dylib\n",
    );
    assert_eq!(said.message.unwrap(), log("gfortran"));
}

#[test]
fn a_program_with_the_same_rpath_twice() {
    let said = says(
        "dune3d/dist/Dune~3D.app",
        Arch::ARM64,
        &Conditions::default(),
        "Contents/MacOS/dune3d-bin execute sdk=26.0\n  rpath @executable_path/../Resources/lib/\n  \
         rpath @executable_path/../Resources/lib/\n  use /usr/lib/libSystem.B.dylib\n",
    );
    // The report breaks the line.
    let wanted = log("dune3d").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.before.concat().replace('~', " "), wanted);
    assert_eq!(said.message.unwrap(), "duplicate LC_RPATH '@executable_path/../Resources/lib/'");
}
