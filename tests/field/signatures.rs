//! Signatures after an edit, new inodes, hard links.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::app::{App, MAIN};
use crate::bytes::written;

const LIBRARY: &str = "Contents/Frameworks/libedited.dylib";

/// A library that is certain to be edited.
fn edited() -> App {
    App::new(&format!("{MAIN}  use @rpath/libedited.dylib\n{LIBRARY} dylib\n  rpath /opt/homebrew/lib\n"))
}

/// osxcross#410, aztec-packages#21953: after an edit on Linux the linker's signature no longer fits, and arm64 kills the process.
#[test]
fn osxcross_410_linker_signed_code_is_signed_again_after_an_edit() {
    let app = edited();
    let before = app.bytes(LIBRARY);
    assert_eq!(written(&before)[0].signature_flags(), Some(0x2_0002), "as the linker signs");
    assert!(written(&before)[0].is_validly_signed());
    app.fix();
    let after = app.bytes(LIBRARY);
    assert!(before != after && written(&after)[0].is_validly_signed());
    assert_eq!(app.found("signature-invalid"), []);
}

/// downkyicore#250, aspire#20280, mac-performance-monitor#50: ad hoc and hardened, a process refuses its own libraries.
#[test]
fn downkyicore_250_ad_hoc_code_is_left_without_the_hardened_runtime() {
    let app = App::new(
        "Contents/MacOS/App execute signed=adhoc+hardened\n  rpath @executable_path/../Frameworks\n\
         \x20 use /opt/homebrew/lib/libskia.dylib\n/opt/homebrew/lib/libskia.dylib dylib\n",
    );
    app.fix();
    let file = app.bytes("Contents/MacOS/App");
    assert_eq!(written(&file)[0].signature_flags().map(|flags| flags & 0x1_0000), Some(0));
    assert_eq!(app.found("adhoc-hardened-runtime"), []);
}

/// openradar FB8914243, cctools-port#97: a file that was executed and is then edited in place is killed ever after.
#[test]
fn fb8914243_an_edited_file_is_a_new_inode_and_the_old_one_keeps_its_bytes() {
    let app = edited();
    let held = app.local(LIBRARY).with_file_name("../../../held.dylib");
    fs::hard_link(app.local(LIBRARY), &held).expect("a second name outside the app");
    let (inode, bytes) = (fs::metadata(&held).expect("there").ino(), app.bytes(LIBRARY));
    app.fix();
    assert_ne!(fs::metadata(app.local(LIBRARY)).expect("there").ino(), inode);
    assert!(fs::read(&held).expect("there") == bytes && app.bytes(LIBRARY) != bytes);
}

/// spack#47691: of two names of one library one is left, for disk images and archives would make two libraries of them. Two
/// names of a program: `fix::described`.
#[test]
fn spack_47691_hard_links_do_not_become_two_libraries() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libedited.dylib\n  use @rpath/libother.dylib\n{LIBRARY} dylib\n  id @rpath/libedited.dylib\n\
         \x20 rpath /opt/homebrew/lib\n"
    ));
    let other = app.local("Contents/Frameworks/libother.dylib");
    fs::hard_link(app.local(LIBRARY), &other).expect("a second name");
    app.fix();
    assert!(!other.exists());
    assert_eq!(app.rpaths(LIBRARY), [] as [&str; 0]);
    app.assert_starts_anywhere();
}
