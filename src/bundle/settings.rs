//! Small text files in which toolkits are told what to open at run time.

use std::collections::BTreeMap;
use std::path::Path;

use super::Node;
use crate::paths::BundlePath;

/// No such file of any use is longer, in bytes.
const LONGEST: u64 = 256 << 10;

/// Whether a toolkit reads the file to find its plug-ins or modules: Qt, QML, gdk-pixbuf, GTK 3 and GIO.
pub fn is_settings(path: &BundlePath) -> bool {
    is_qml(path.file_name())
        || matches!(path.file_name(), "qt.conf" | "loaders.cache" | "immodules.cache" | "giomodule.cache")
}

/// The text of such a file on this machine, of QML the lines that import modules; bytes that are no UTF-8 are replaced.
/// `None` when it cannot be read.
pub fn settings_text(local: &Path) -> Option<String> {
    let length = local.metadata().ok()?.len();
    let bytes = (length <= LONGEST).then(|| std::fs::read(local).ok()).flatten()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let qml = local.file_name().and_then(|name| name.to_str()).is_some_and(is_qml);
    Some(if qml { imports(&text) } else { text })
}

fn is_qml(name: &str) -> bool {
    name.ends_with(".qml")
}

/// The lines `import Module.Name …` before the first object; those that import a folder or a script are left out.
fn imports(qml: &str) -> String {
    let head = qml.split('{').next().unwrap_or_default();
    let lines = head.lines().map(str::trim).filter(|line| {
        line.strip_prefix("import ").is_some_and(|rest| rest.trim_start().starts_with(char::is_alphabetic))
    });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Every such file of the bundle.
pub(super) fn read(root: &Path, nodes: &BTreeMap<BundlePath, Node>) -> BTreeMap<BundlePath, String> {
    let files = nodes.iter().filter(|(path, node)| matches!(node, Node::File { .. }) && is_settings(path));
    files.filter_map(|(path, _)| Some((path.clone(), settings_text(&path.to_local(root))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_qml_only_the_modules_are_kept() {
        let qml = "// import Old 1.0\nimport QtQuick.Controls 2.15 as C\nimport \"parts\"\n  import Mine\nItem {\n  import x\n}\n";
        assert_eq!(imports(qml), "import QtQuick.Controls 2.15 as C\nimport Mine\n");
    }
}
