//! Small text files in which toolkits are told where their plug-ins are.

use std::collections::BTreeMap;
use std::path::Path;

use super::Node;
use crate::paths::BundlePath;

/// No such file of any use is longer, in bytes.
const LONGEST: u64 = 256 << 10;

/// Whether a toolkit reads the file to find its plug-ins: Qt, gdk-pixbuf, GTK 3 and GIO.
pub fn is_settings(path: &BundlePath) -> bool {
    matches!(path.file_name(), "qt.conf" | "loaders.cache" | "immodules.cache" | "giomodule.cache")
}

/// The text of such a file on this machine; bytes that are no UTF-8 are replaced. `None` when it cannot be read.
pub fn settings_text(local: &Path) -> Option<String> {
    let length = local.metadata().ok()?.len();
    let bytes = (length <= LONGEST).then(|| std::fs::read(local).ok()).flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Every such file of the bundle.
pub(super) fn read(root: &Path, nodes: &BTreeMap<BundlePath, Node>) -> BTreeMap<BundlePath, String> {
    let files = nodes.iter().filter(|(path, node)| matches!(node, Node::File { .. }) && is_settings(path));
    files.filter_map(|(path, _)| Some((path.clone(), settings_text(&path.to_local(root))?))).collect()
}
