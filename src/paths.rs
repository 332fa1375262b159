//! The path spaces that must not mix: a place in the bundle, a place on the user's Mac, a place on this machine.
//!
//! A `PathBuf` is always a place on this machine. The text of a load command is none of the three; see
//! `macho::InstallName` and `macho::Rpath`.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

/// A `/`-separated path relative to the bundle's folder, without `.`, `..` or empty components. The bundle itself is "".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[serde(transparent)]
pub struct BundlePath(Arc<str>);

impl BundlePath {
    /// The bundle's own folder.
    pub fn root() -> Self {
        BundlePath::default()
    }

    /// `None` when `text` is absolute, leaves the bundle, or is not in normal form.
    pub fn new(text: &str) -> Option<Self> {
        let normal = text.is_empty() || text.split('/').all(is_plain);
        normal.then(|| BundlePath(text.into()))
    }

    /// The path of `local` below `root`, or `None` when it is elsewhere or its name is not Unicode.
    pub fn from_local(root: &Path, local: &Path) -> Option<Self> {
        let inside = local.strip_prefix(root).ok()?;
        let plain = inside.to_str().filter(|_| MAIN_SEPARATOR == '/').and_then(BundlePath::new);
        plain.or_else(|| {
            let parts: Option<Vec<&str>> =
                inside.components().map(|part| part.as_os_str().to_str()).collect();
            BundlePath::new(&parts?.join("/"))
        })
    }

    pub fn to_local(&self, root: &Path) -> PathBuf {
        let mut path = PathBuf::with_capacity(root.as_os_str().len() + 1 + self.0.len());
        path.push(root);
        match MAIN_SEPARATOR {
            _ if self.is_root() => {}
            '/' => path.push(&*self.0),
            _ => path.extend(self.components()),
        }
        path
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The last component; "" for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The folder this stands in; `None` for the root.
    pub fn parent(&self) -> Option<BundlePath> {
        if self.is_root() {
            return None;
        }
        Some(BundlePath(self.0.rfind('/').map_or("", |cut| &self.0[..cut]).into()))
    }

    /// Every folder above this one, nearest first, the root last.
    pub fn ancestors(&self) -> impl Iterator<Item = BundlePath> {
        std::iter::successors(self.parent(), BundlePath::parent)
    }

    /// `self/tail`, where `tail` is in normal form.
    ///
    /// # Panics
    /// When `tail` is not in normal form: it is for literals and for names that came out of a [`BundlePath`].
    pub fn join(&self, tail: &str) -> BundlePath {
        assert!(BundlePath::new(tail).is_some(), "not a plain relative path: {tail:?}");
        match (self.is_root(), tail.is_empty()) {
            (true, _) => BundlePath(tail.into()),
            (_, true) => self.clone(),
            _ => BundlePath([&*self.0, "/", tail].concat().into()),
        }
    }

    /// `self` followed by `tail`, whose `.` and `..` are worked out in the text; `None` when it leaves the bundle.
    pub fn resolve(&self, tail: &str) -> Option<BundlePath> {
        if tail.starts_with('/') {
            return None;
        }
        let mut parts: Vec<&str> = self.components().collect();
        for part in tail.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                name => parts.push(name),
            }
        }
        Some(BundlePath(parts.join("/").into()))
    }

    /// Whether this is `folder` or lies below it.
    pub fn is_under(&self, folder: &BundlePath) -> bool {
        self.strip_prefix(folder).is_some()
    }

    /// The rest of this path below `folder`; "" when they are equal.
    pub fn strip_prefix(&self, folder: &BundlePath) -> Option<&str> {
        if folder.is_root() || self == folder {
            return Some(self.0.strip_prefix(folder.as_str()).unwrap_or(""));
        }
        self.0.strip_prefix(folder.as_str())?.strip_prefix('/')
    }

    /// The relative text that leads from the folder `from` to this path: `../Frameworks/libfoo.dylib`.
    pub fn relative_from(&self, from: &BundlePath) -> String {
        let (to, from): (Vec<&str>, Vec<&str>) = (self.components().collect(), from.components().collect());
        let shared = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
        let up = std::iter::repeat_n("..", from.len() - shared);
        let text: Vec<&str> = up.chain(to[shared..].iter().copied()).collect();
        if text.is_empty() { ".".to_owned() } else { text.join("/") }
    }
}

/// So that maps can be asked with a piece of text.
impl Borrow<str> for BundlePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BundlePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `.`, `..` and doubled slashes of an absolute path worked out in the text alone.
pub fn normalized(text: &str) -> Cow<'_, str> {
    if text.strip_prefix('/').is_some_and(|parts| parts.split('/').all(is_plain)) {
        return Cow::Borrowed(text);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Cow::Owned(format!("/{}", parts.join("/")))
}

fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
}

/// An absolute path on the user's Mac, as dyld sees it. It may hold `..`: dyld does not collapse them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuntimePath(Arc<str>);

impl RuntimePath {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        RuntimePath(text.into())
    }

    /// The same place as the user's Mac would name it, for a folder of this machine.
    pub fn from_local(path: &Path) -> Self {
        let text = path.to_string_lossy().replace('\\', "/");
        RuntimePath(if text.starts_with('/') { text.into() } else { format!("/{text}").into() })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Text after the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// Text before the last `/`; "/" at the top.
    pub fn parent(&self) -> RuntimePath {
        match self.0.rfind('/') {
            Some(0) | None => RuntimePath("/".into()),
            Some(cut) => RuntimePath(self.0[..cut].into()),
        }
    }

    /// Joined with exactly one `/`, as dyld does; `..` stays in the text.
    pub fn join(&self, tail: &str) -> RuntimePath {
        if tail.is_empty() {
            return self.clone();
        }
        RuntimePath([self.0.trim_end_matches('/'), "/", tail.trim_start_matches('/')].concat().into())
    }

    /// `.`, `..` and doubled slashes worked out in the text alone.
    pub fn normalized(&self) -> RuntimePath {
        match normalized(&self.0) {
            Cow::Borrowed(_) => self.clone(),
            Cow::Owned(text) => RuntimePath(text.into()),
        }
    }

    /// The rest below `folder` ("" when equal), compared component by component without touching `..`.
    pub fn strip_prefix(&self, folder: &RuntimePath) -> Option<&str> {
        let folder = folder.0.trim_end_matches('/');
        let rest = self.0.strip_prefix(folder)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
    }
}

/// So that maps can be asked with a piece of text.
impl Borrow<str> for RuntimePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuntimePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> BundlePath {
        BundlePath::new(text).unwrap()
    }

    #[test]
    fn only_normal_relative_paths_are_bundle_paths() {
        assert!(BundlePath::new("Contents/MacOS/App").is_some());
        for bad in ["/Contents", "Contents//MacOS", "Contents/../x", "./x", "x/"] {
            assert!(BundlePath::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn resolve_never_leaves_the_bundle() {
        let macos = path("Contents/MacOS");
        assert_eq!(macos.resolve("../Frameworks/x").unwrap(), path("Contents/Frameworks/x"));
        assert_eq!(macos.resolve("../../../x"), None);
    }

    #[test]
    fn relative_text_leads_back() {
        let target = path("Contents/Frameworks/libx.dylib");
        let from = path("Contents/MacOS");
        assert_eq!(target.relative_from(&from), "../Frameworks/libx.dylib");
        assert_eq!(from.resolve(&target.relative_from(&from)).unwrap(), target);
    }

    #[test]
    fn prefixes_end_at_a_slash() {
        assert!(!path("Contents/MacOSX").is_under(&path("Contents/MacOS")));
        assert_eq!(RuntimePath::new("/opt/homebrewx").strip_prefix(&RuntimePath::new("/opt/homebrew")), None);
        assert_eq!(RuntimePath::new("/opt/a/b").strip_prefix(&RuntimePath::new("/opt")), Some("a/b"));
    }
}
