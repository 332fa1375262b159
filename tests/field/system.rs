//! What belongs to macOS: libraries that stand on no disk, and the oldest macOS that is promised.

use crate::app::{App, MAIN};

/// macdylibbundler#27, #54, #55: since macOS 11 libraries of the system are in the shared cache only, and on Linux nowhere.
#[test]
fn macdylibbundler_27_libraries_of_the_system_are_neither_missed_nor_copied() {
    let app = App::new(&format!(
        "{MAIN}  use /usr/lib/libz.1.dylib\n  use /System/Library/Frameworks/AppKit.framework/Versions/C/AppKit\n\
         \x20 use /usr/lib/libc++.1.dylib\n"
    ));
    assert!(app.plan().edits.is_empty());
    app.assert_starts_anywhere();
}

/// delocate#278: by its real path below `/System/Volumes/Data` a user's library passed for one of macOS.
#[test]
fn delocate_278_what_lies_on_the_data_volume_is_no_part_of_macos() {
    let data = "/System/Volumes/Data/opt/openblas/lib/libopenblas.dylib";
    let app = App::new(&format!("{MAIN}  use {data}\n{data} dylib\n"));
    app.fix();
    assert_eq!(app.uses("Contents/MacOS/App"), ["@rpath/libopenblas.dylib"]);
    assert_eq!(app.frameworks(), ["libopenblas.dylib"]);
    app.assert_starts_anywhere();
}

/// delocate#119: with DYLD_LIBRARY_PATH of the build machine a library shadowed macOS's own. A repair heeds no variable.
#[test]
fn delocate_119_a_library_of_the_build_machine_shadows_none_of_macos() {
    let app =
        App::new(&format!("{MAIN}  use /usr/lib/libcurl.4.dylib\n/usr/local/lib/libcurl.4.dylib dylib\n"));
    assert!(app.plan().edits.is_empty());
}

/// ten9876 in aethersdr/AetherSDR#4713, keepassxc#5584, py2app#398, garglk#782, CarterLi/iina#31: a bottle that was built
/// for a newer macOS than the app claims.
const BOTTLE: &str =
    "  use /opt/homebrew/lib/libfftw3.3.dylib\n/opt/homebrew/lib/libfftw3.3.dylib dylib minos=15.0\n";

#[test]
fn aethersdr_4713_the_app_says_which_macos_its_copies_need() {
    let app = App::new(&format!("{MAIN}{BOTTLE}"));
    assert_eq!(app.found("minimum-system-too-low"), [], "before, it is not in the app");
    let plan = app.fix();
    let raised = plan.edits.iter().find(|planned| planned.edit.kind() == "set_info").expect("an edit");
    assert_eq!(raised.edit.after().as_deref(), Some("LSMinimumSystemVersion 15.0"));
    assert_eq!(raised.reason, "minimum-system-too-low");
    assert!(plan.remaining.iter().all(|finding| finding.rule != "minimum-system-too-low"));
}
