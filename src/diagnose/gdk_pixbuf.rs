//! How gdk-pixbuf finds its loaders: by `loaders.cache`, which lists each with what it reads (`gdk-pixbuf-io.c`).

use super::gio::CACHE as CACHE_OF_GIO;
use super::{Remedy, Toolkit};
use crate::paths::BundlePath;

/// Begins the file name of the library.
pub const LIBRARY: &str = "libgdk_pixbuf-2.0.";
/// Begins the file name of each loader.
pub const LOADER: &str = "libpixbufloader";
/// The list, below the folder of the library.
pub const CACHE: &str = "gdk-pixbuf-2.0/2.10.0/loaders.cache";

/// What mends a file that lists loaders or modules; `None` for a file of another kind.
pub(super) fn mends(path: &BundlePath) -> Option<Remedy> {
    let toolkit = match path.file_name() {
        "loaders.cache" => Toolkit::GdkPixbuf,
        CACHE_OF_GIO => Toolkit::Gio,
        _ => return None,
    };
    Some(Remedy::PlugIns { toolkit, kind: None })
}

/// The path of a loader on a line that has nothing else; what describes it has more than one text in quotation marks.
pub fn loader(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let is_module = path.ends_with(".so") || path.ends_with(".dylib");
    (is_module && !path.contains('"')).then_some(path)
}
