//! Dylib names: the same twice, one library under two names, two libraries under one.

use std::fs;

use bundlewright::dyld::OsProfile;
use bundlewright::fix::{FixOptions, Safety};

use crate::app::{App, MAIN, has_double};
use crate::bytes::written;

/// Redth/MAUI.Sherpa#232: `install_name_tool -change` made two commands name one library; dyld of macOS 26 aborts.
#[test]
fn maui_sherpa_232_two_commands_of_one_name_are_made_to_differ() {
    let app = App::new(
        "Contents/MacOS/App execute sdk=26.0\n  rpath @executable_path/../Frameworks\n  use @rpath/libonce.dylib\n\
         \x20 weak @rpath/libonce.dylib\nContents/Frameworks/libonce.dylib dylib sdk=26.0\n",
    );
    assert!(!app.starts(OsProfile::MacOs26));
    app.fix();
    let file = app.bytes("Contents/MacOS/App");
    let slice = &written(&file)[0];
    assert!(!has_double(&slice.uses()), "{:?}", slice.uses());
    for name in app.uses("Contents/MacOS/App") {
        assert_eq!(app.ends_at("Contents/MacOS/App", &name), "Contents/Frameworks/libonce.dylib");
    }
    app.assert_starts_anywhere();
}

/// The cause of the same: one reference is right already, another to the same file leads out of the bundle.
#[test]
fn maui_sherpa_232_a_reference_never_takes_a_name_that_another_has() {
    let app = App::new(&format!(
        "{MAIN}  use @rpath/libskia.dylib\n  use /opt/homebrew/lib/libskia.dylib\n\
         Contents/Frameworks/libskia.dylib dylib uuid=AAAAAAAA-0000-3000-8000-000000000001\n\
         /opt/homebrew/lib/libskia.dylib dylib uuid=AAAAAAAA-0000-3000-8000-000000000001\n"
    ));
    app.fix();
    let uses = app.uses("Contents/MacOS/App");
    assert_eq!(uses[0], "@rpath/libskia.dylib");
    assert!(uses[1] != uses[0] && uses[1].starts_with('@'), "{uses:?}");
    for name in uses {
        assert_eq!(app.ends_at("Contents/MacOS/App", &name), "Contents/Frameworks/libskia.dylib");
    }
    app.assert_starts_anywhere();
}

/// homebrew-core#66240: wxMaxima loaded wxWidgets under two link names, "class … is implemented in both".
#[test]
fn wxmaxima_one_library_under_two_names_is_loaded_once() {
    let app = App::new(
        "Contents/MacOS/App execute sdk=26.0\n  use /opt/homebrew/opt/wx/lib/libwx_osx-3.1.4.dylib\n\
         \x20 weak /opt/homebrew/opt/wx/lib/libwx_osx-3.1.dylib\n\
         /opt/homebrew/opt/wx -> ../Cellar/wx/3.1.4\n\
         /opt/homebrew/Cellar/wx/3.1.4/lib/libwx_osx-3.1.4.0.0.dylib dylib\n\
         \x20 id /opt/homebrew/opt/wx/lib/libwx_osx-3.1.4.dylib\n\
         /opt/homebrew/Cellar/wx/3.1.4/lib/libwx_osx-3.1.4.dylib -> libwx_osx-3.1.4.0.0.dylib\n\
         /opt/homebrew/Cellar/wx/3.1.4/lib/libwx_osx-3.1.dylib -> libwx_osx-3.1.4.0.0.dylib\n",
    );
    app.fix();
    let uses = app.uses("Contents/MacOS/App");
    let ends: Vec<String> = uses.iter().map(|name| app.ends_at("Contents/MacOS/App", name)).collect();
    assert_eq!(uses.len(), 2);
    assert_eq!(ends[0], ends[1], "one image in the process");
    let files = app.frameworks().into_iter().map(|name| app.path.join("Contents/Frameworks").join(name));
    assert_eq!(files.filter(|file| !file.is_symlink()).count(), 1, "{:?}", app.frameworks());
    let file = app.bytes("Contents/MacOS/App");
    assert_eq!(written(&file)[0].kinds()[..2], [0xc, 0x8000_0018], "the second is still weak");
    app.assert_starts_anywhere();
}

/// The `col` of the reference; delocate#85, #53: two different libraries of one name.
#[test]
fn delocate_85_two_libraries_of_one_name_are_both_kept_and_told_apart() {
    let app = App::new(
        "Contents/MacOS/App execute\n  use /opt/homebrew/opt/zlib/lib/libz.dylib\n  use /Users/builder/lib/libz.dylib\n\
         \x20 use @rpath/libuser.dylib\n  rpath /opt/homebrew/lib\n\
         /opt/homebrew/opt/zlib/lib/libz.dylib dylib\n  line the one of Homebrew\n\
         /Users/builder/lib/libz.dylib dylib\n  line the one of the builder\n\
         /opt/homebrew/lib/libuser.dylib dylib\n  use /Users/builder/lib/libz.dylib\n",
    );
    let plan = app.fix();
    let uses = app.uses("Contents/MacOS/App");
    assert_eq!(app.text_of("Contents/MacOS/App", &uses[0]), "the one of Homebrew", "{uses:?}");
    assert_eq!(app.text_of("Contents/MacOS/App", &uses[1]), "the one of the builder", "{uses:?}");
    let user = "Contents/Frameworks/libuser.dylib";
    assert_eq!(app.text_of(user, &app.uses(user)[0]), "the one of the builder");
    let copies = app.frameworks().iter().filter(|name| name.starts_with("libz")).count();
    assert_eq!(copies, 2, "{:?}", app.frameworks());
    // dyld takes an image that is loaded already by its install name, so two must not share one.
    let ids = uses.iter().map(|name| app.ends_at("Contents/MacOS/App", name));
    let ids: Vec<String> =
        ids.map(|path| written(&app.bytes(&path))[0].id().expect("an id").to_owned()).collect();
    assert_ne!(ids[0], ids[1]);
    assert!(plan.edits.iter().any(|planned| planned.safety == Safety::Review), "a rename is to be looked at");
    app.assert_starts_anywhere();
}

/// delocate#53: the same with one of them by `@rpath`, so that each would take the name which the other gives up.
#[test]
fn delocate_53_two_libraries_of_one_name_do_not_change_places() {
    let app = App::new(
        "Contents/MacOS/App execute\n  use /Users/me/lib/libhdf5.dylib\n  use @rpath/libhdf5.dylib\n  rpath /opt/conda/lib\n\
         /Users/me/lib/libhdf5.dylib dylib\n  line built here\n/opt/conda/lib/libhdf5.dylib dylib\n  line of conda\n",
    );
    app.fix();
    for (name, text) in app.uses("Contents/MacOS/App").iter().zip(["built here", "of conda"]) {
        assert_eq!(app.text_of("Contents/MacOS/App", name), text, "{name}");
    }
    app.assert_starts_anywhere();
}

/// macdylibbundler#18: libatk came from two places under two spellings, and one user lost its reference.
#[test]
fn macdylibbundler_18_a_sub_dependency_is_the_same_copy_for_all_its_users() {
    let app = App::new(
        "Contents/MacOS/App execute\n  use /opt/homebrew/lib/libgtk.dylib\n  use /opt/homebrew/lib/libbridge.dylib\n\
         /opt/homebrew/lib/libgtk.dylib dylib\n  use /opt/homebrew/opt/atk/lib/libatk-1.0.0.dylib\n\
         /opt/homebrew/lib/libbridge.dylib dylib\n  use /opt/homebrew/Cellar/atk/2.38/lib/libatk-1.0.0.dylib\n\
         /opt/homebrew/opt/atk -> ../Cellar/atk/2.38\n/opt/homebrew/Cellar/atk/2.38/lib/libatk-1.0.0.dylib dylib\n",
    );
    app.fix();
    assert_eq!(app.frameworks(), ["libatk-1.0.0.dylib", "libbridge.dylib", "libgtk.dylib"]);
    for user in ["Contents/Frameworks/libgtk.dylib", "Contents/Frameworks/libbridge.dylib"] {
        assert_eq!(app.ends_at(user, &app.uses(user)[0]), "Contents/Frameworks/libatk-1.0.0.dylib");
    }
    app.assert_starts_anywhere();
}

/// delocate#252: a library that is to be left alone must not keep the others from being repaired.
#[test]
fn delocate_252_what_is_ignored_is_left_and_the_rest_is_repaired() {
    let app = App::new(&format!(
        "{MAIN}  use /opt/nvidia/libcuda.dylib\n  use /opt/homebrew/lib/libgood.dylib\n  use /opt/gone/libgone.dylib\n\
         /opt/nvidia/libcuda.dylib dylib\n/opt/homebrew/lib/libgood.dylib dylib\n"
    ));
    let options = FixOptions { ignore: vec!["*libcuda*".into()], ..FixOptions::default() };
    let plan = app.fix_with(options);
    let expected = ["/opt/nvidia/libcuda.dylib", "@rpath/libgood.dylib", "/opt/gone/libgone.dylib"];
    assert_eq!(app.uses("Contents/MacOS/App"), expected);
    assert_eq!(app.frameworks(), ["libgood.dylib"]);
    let missing = plan.remaining.iter().filter(|finding| finding.message.contains("libgone")).count();
    assert!(missing > 0, "what is found nowhere is said");
}

/// zerobrew#300: replacing raw bytes corrupted strings outside the load commands.
#[test]
fn zerobrew_300_a_text_equal_to_an_install_name_is_left_alone() {
    let name = "/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib";
    let app = App::new(&format!("{MAIN}  use {name}\n  line {name}\n{name} dylib\n"));
    app.fix();
    assert_eq!(app.uses("Contents/MacOS/App"), ["@rpath/libssl.3.dylib"]);
    let file = app.bytes("Contents/MacOS/App");
    let text = [name.as_bytes(), &[0]].concat();
    assert!(
        written(&file)[0].code()[64..].starts_with(&text),
        "the string in __cstring is the program's own"
    );
}

/// LIEF#1236, #1074: renamed libraries left malformed load commands. Longer and shorter names, every kind, ids too.
#[test]
fn lief_1236_renamed_libraries_leave_whole_commands_in_their_order() {
    let app = App::new(
        "Contents/MacOS/App execute\n  weak /opt/a/libweak.dylib\n  use /opt/a/b/c/d/e/f/g/liblong.dylib\n\
         \x20 reexport /opt/a/libfacade.dylib\n  upward /opt/a/libup.dylib\n  use /opt/x.dylib\n\
         /opt/a/libweak.dylib dylib\n/opt/a/b/c/d/e/f/g/liblong.dylib dylib\n/opt/a/libfacade.dylib dylib\n\
         /opt/a/libup.dylib dylib\n/opt/x.dylib dylib\n",
    );
    app.fix();
    // The reader of these tests refuses a command of odd size, and the laws of `fix` look at kinds and order.
    let leaves = ["libweak", "liblong", "libfacade", "libup", "x"].map(|leaf| format!("@rpath/{leaf}.dylib"));
    assert_eq!(app.uses("Contents/MacOS/App"), leaves);
    for name in app.frameworks() {
        let file = fs::read(app.path.join("Contents/Frameworks").join(&name)).expect("a file");
        assert_eq!(written(&file)[0].id(), Some(&*format!("@rpath/{name}")));
    }
    app.assert_starts_anywhere();
}
