//! No room between the load commands and the code.

use bundlewright::fix;
use bundlewright::progress::Progress;

use crate::app::{App, MAIN};
use crate::bytes::written;

/// What the plan says of the one file without room.
fn refusal(app: &App) -> String {
    let plan = app.plan();
    let said: Vec<_> = plan.remaining.iter().filter(|finding| finding.rule == "no-header-room").collect();
    assert_eq!(said.len(), 1, "{:#?}", plan.remaining);
    said[0].message.clone()
}

/// pydantic#13136, Homebrew/brew#4979, elide#1566, rattler-build#1179, py-app-standalone#5, fenix#234, llvm#53550: the linker
/// leaves 32 bytes. llvm-install-name-tool writes over the code of a thin file and says nothing.
#[test]
fn llvm_53550_a_thin_file_without_room_keeps_its_code_and_the_missing_bytes_are_said() {
    let app = App::new(
        "Contents/MacOS/App execute room=32\n  use /p/l\n  rpath @executable_path/../Frameworks\n\
         \x20 use @rpath/libfull.dylib\nContents/Frameworks/libfull.dylib dylib room=0\n  use /o/l\n\
         /opt/l dylib\n",
    );
    let before = app.bytes("Contents/Frameworks/libfull.dylib");
    let app = app.with_root("/o", "opt");
    // The command of `/o/l` holds 8 bytes of text, `@rpath/l` and its NUL need 16.
    let said = refusal(&app);
    assert!(said.contains("8 bytes"), "{said}");
    assert!(said.contains("-headerpad_max_install_names"), "{said}");
    app.fix();
    assert!(app.bytes("Contents/Frameworks/libfull.dylib") == before, "not a byte of it is written");
}

/// cloudsmith-cli#335 measured 48 and 32 bytes where 56 were needed: each slice has a room of its own, and one alone decides.
#[test]
fn cloudsmith_335_a_universal_file_is_edited_in_all_slices_or_in_none() {
    let library = "Contents/Frameworks/libtwo.dylib";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libtwo.dylib\n{library} dylib x86_64 room=512\n  use /o/l\n{library} dylib arm64 room=0\n  use /o/l\n\
         /opt/l dylib x86_64 arm64\n"
    ));
    let app = app.with_root("/o", "opt");
    let before = app.bytes(library);
    let said = refusal(&app);
    assert!(said.contains("arm64") && said.contains("8 bytes"), "{said}");
    app.fix();
    assert!(app.bytes(library) == before);
}

/// The same, and what goes pays for what comes: the build machine's rpath is deleted in any case.
#[test]
fn cloudsmith_335_the_bytes_of_a_dead_rpath_pay_for_a_reference() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libpaid.dylib\nContents/Frameworks/libpaid.dylib dylib room=0\n  use /o/l\n\
         \x20 rpath /o\n/opt/l dylib\n"
    ));
    let app = app.with_root("/o", "opt");
    app.fix();
    assert_eq!(app.uses("Contents/Frameworks/libpaid.dylib"), ["@rpath/l"]);
    assert_eq!(app.rpaths("Contents/Frameworks/libpaid.dylib"), [] as [&str; 0]);
    app.assert_starts_anywhere();
}

/// executorch_flutter#51: MoltenVK has 48 bytes, the Khronos loader 16. A reference of the usual length gets shorter, so the
/// repair needs none of them.
#[test]
fn executorch_flutter_51_references_of_the_usual_length_need_no_room() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libMoltenVK.dylib\nContents/Frameworks/libMoltenVK.dylib dylib room=0\n\
         \x20 id /usr/local/lib/libMoltenVK.dylib\n  use /opt/homebrew/opt/spirv/lib/libspirv.dylib\n\
         /opt/homebrew/opt/spirv/lib/libspirv.dylib dylib room=16\n"
    ));
    app.fix();
    assert_eq!(app.uses("Contents/Frameworks/libMoltenVK.dylib"), ["@rpath/libspirv.dylib"]);
    app.assert_starts_anywhere();
}

/// delocate#147 and the `webp` framework of SDL2_image, of whose code arwen overwrites 13 and 15 bytes: 32 bytes of room in
/// each slice, and an rpath to add that needs 48.
#[test]
fn sdl2_image_webp_an_rpath_that_does_not_fit_is_done_without() {
    let app = App::new(
        "Contents/MacOS/App execute x86_64 arm64 room=32\n  use /opt/webp/lib/libwebp.7.dylib\n\
         /opt/webp/lib/libwebp.7.dylib dylib x86_64 arm64 room=32\n  use @loader_path/libsharpyuv.0.dylib\n\
         /opt/webp/lib/libsharpyuv.0.dylib dylib x86_64 arm64 room=32\n",
    );
    app.fix();
    assert_eq!(app.rpaths("Contents/MacOS/App"), [] as [&str; 0], "48 bytes do not fit into 32");
    assert_eq!(app.uses("Contents/MacOS/App"), ["@loader_path/../Frameworks/libwebp.7.dylib"]);
    app.assert_starts_anywhere();
}

/// python-build-standalone#749: not even LC_CODE_SIGNATURE fits, so the file can be neither edited nor signed.
#[test]
fn python_build_standalone_749_a_file_without_room_for_a_signature_is_named() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libpython.dylib\nContents/Frameworks/libpython.dylib dylib signed=none room=8\n"
    ));
    let (before, plan) = (app.content(), app.plan());
    let steps = plan.sign.steps.iter().filter(|step| step.path.file_name() == "libpython.dylib");
    let warnings: Vec<&String> = steps.flat_map(|step| &step.warnings).collect();
    assert!(warnings[0].contains("no room for LC_CODE_SIGNATURE"), "{warnings:?}");
    assert!(warnings[0].contains("relink with -Wl,-headerpad"), "{warnings:?}");
    let refused =
        fix::apply(&app.look().bundle, &plan, &Progress::silent()).expect_err("it cannot be signed");
    assert!(refused.to_string().contains("8 bytes too few for LC_CODE_SIGNATURE"), "{refused}");
    assert!(app.content() == before, "nothing is written");
}

/// The same at its edge: while a slice has no signature, an edit leaves the 16 bytes that one needs.
#[test]
fn python_build_standalone_749_an_edit_leaves_the_room_that_a_signature_needs() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libedge.dylib\nContents/Frameworks/libedge.dylib dylib signed=none room=16\n\
         \x20 use /opt/a/libshort.dylib\n/opt/a/libshort.dylib dylib\n"
    ));
    app.fix();
    let file = app.bytes("Contents/Frameworks/libedge.dylib");
    assert!(written(&file)[0].is_validly_signed());
    app.assert_starts_anywhere();
}

/// dune3d#307 once more: a reference that does not fit is no reason to leave the duplicate rpath that keeps the app from
/// starting.
#[test]
fn dune3d_307_what_needs_no_room_is_mended_beside_what_does_not_fit() {
    let library = "Contents/Frameworks/libfull.dylib";
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libfull.dylib\n{library} dylib room=0\n  use /o/l\n  use /opt/homebrew/opt/jpeg/lib/libjpeg.8.dylib\n\
         \x20 use /opt/k\n  use /opt/m\n  rpath @loader_path\n  rpath @loader_path\n/opt/l dylib\n/opt/k dylib\n/opt/m dylib\n\
         /opt/homebrew/opt/jpeg/lib/libjpeg.8.dylib dylib\n"
    ));
    let app = app.with_root("/o", "opt");
    app.fix();
    assert_eq!(app.rpaths(library), ["@loader_path"]);
    assert!(app.uses(library).contains(&"@rpath/libjpeg.8.dylib".to_owned()), "{:?}", app.uses(library));
}
