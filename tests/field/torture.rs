//! The chain of two hundred libraries, for which dylibbundler takes 50 seconds.

use bundlewright::fix;
use bundlewright::progress::Progress;

use crate::app::App;

/// Each library of the chain is brought in once, and one plan is enough.
#[test]
fn two_hundred_libraries_in_a_chain_come_in_at_once() {
    let mut text = String::from("Contents/MacOS/App execute\n  use /opt/chain/lib0.dylib\n");
    for number in 0..200 {
        text += &format!("/opt/chain/lib{number}.dylib dylib\n");
        if number < 199 {
            text += &format!("  use @loader_path/lib{}.dylib\n", number + 1);
        }
    }
    let app = App::new(&text);
    let before = app.look();
    fix::apply(&before.bundle, &app.plan(), &Progress::silent()).expect("the fix");
    assert_eq!(app.frameworks().len(), 200);
    assert!(app.plan().is_empty());
    app.assert_starts_anywhere();
}
