//! GIO's recipe on a small bundle described in words.

use crate::fix::described::{PLIST, mended};

#[test]
fn listed_modules_come_with_links_beside_their_list() {
    let system = "  use /usr/lib/libSystem.B.dylib\n";
    let lib = "/opt/homebrew/lib";
    let description = format!(
        "{PLIST}Contents/MacOS/App execute\n{system}  use {lib}/libgio-2.0.0.dylib\n\
         Contents/Resources/gio/giomodule.cache text\n  line libgiognutls.so: gio-tls-backend\n\
         {lib}/libgio-2.0.0.dylib dylib\n  id {lib}/libgio-2.0.0.dylib\n{system}\
         {lib}/gio/modules/libgiognutls.so bundle\n{system}  use {lib}/libgio-2.0.0.dylib\n  use @loader_path/../../libtls.dylib\n\
         {lib}/libtls.dylib dylib\n  id {lib}/libtls.dylib\n{system}"
    );
    let edits = mended(&description);
    for wanted in [
        "copy_file Contents/PlugIns/gio-modules/libgiognutls.so",
        "symlink Contents/Resources/gio/libgiognutls.so ../../PlugIns/gio-modules/libgiognutls.so",
        "copy_file Contents/Frameworks/libtls.dylib",
    ] {
        assert!(edits.iter().any(|edit| edit.starts_with(wanted)), "{wanted}: {edits:#?}");
    }
}
