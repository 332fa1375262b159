//! Windows: no permission bits, `\` between names, `\\?\` before canonical paths.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// The scan gives programs 0o755 itself.
pub(in crate::bundle) const RECORDS_MODES: bool = false;

pub(in crate::bundle) fn mode(_: &Metadata) -> u32 {
    0o644
}

/// A link's target in the spelling of a Mac.
pub(in crate::bundle) fn link_text(target: &Path) -> String {
    target.to_string_lossy().replace('\\', "/")
}

/// A canonical path as people write it.
pub(in crate::bundle) fn plain_path(path: PathBuf) -> PathBuf {
    let text = path.to_string_lossy();
    match text.strip_prefix(r"\\?\") {
        Some(rest) if rest.get(1..2) == Some(":") => PathBuf::from(rest),
        _ => path,
    }
}

/// Where a path of the build machine is when this machine is it: `/C:/Qt` is `C:/Qt`.
pub(in crate::bundle) fn local_path(runtime: &str) -> PathBuf {
    let drive = runtime.get(2..3) == Some(":");
    PathBuf::from(if drive { runtime.trim_start_matches('/') } else { runtime })
}
