//! What the search of `generated.rs` found, each made small.

use crate::app::{App, MAIN};

/// The executable has no room for another rpath, so `@rpath/liby.dylib` would find what its old rpath leads to.
#[test]
fn a_reference_never_goes_to_a_namesake_that_another_rpath_finds() {
    let user = "Contents/Frameworks/libuser.dylib";
    let app = App::new(&format!(
        "Contents/MacOS/App execute room=0\n  rpath /opt/a\n  use @loader_path/../Frameworks/libuser.dylib\n\
         {user} dylib\n  use /Users/me/liby.dylib\n/opt/a/liby.dylib dylib\n  line another\n\
         /Users/me/liby.dylib dylib\n  line the right one\n"
    ));
    app.fix();
    assert_eq!(app.text_of(user, &app.uses(user)[0]), "the right one");
    app.assert_starts_anywhere();
}
