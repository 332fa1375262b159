//! The bundles inside the bundle that have an Info.plist of their own, the app itself among them.

use crate::bundle::{Bundle, FrameworkShape, InfoPlist};
use crate::paths::BundlePath;

/// One bundle folder and what describes it.
pub struct Described<'a> {
    pub folder: BundlePath,
    /// Where its Info.plist is.
    pub path: &'a BundlePath,
    pub info: &'a InfoPlist,
    /// `app`, `xpc`, `framework`, …: the ending of the folder's name.
    pub kind: &'a str,
}

/// By the path of their Info.plist. A framework counts once for each version; dSYM folders are no bundles that run.
pub fn described(bundle: &Bundle) -> impl Iterator<Item = Described<'_>> {
    bundle.info_plists.iter().filter_map(|(path, info)| {
        let folder = path.ancestors().find(|folder| {
            folder.file_name().ends_with(".framework")
                || path.strip_prefix(folder) == Some("Contents/Info.plist")
        })?;
        let start = folder.as_str().len();
        let name = if folder.is_root() { bundle.name.as_str() } else { path.as_str().get(..start)? };
        let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
        (kind != "dSYM").then_some(Described { folder, path, info, kind })
    })
}

impl Described<'_> {
    /// Whether a process of its own runs it.
    pub fn is_process(&self) -> bool {
        self.folder.is_root() || matches!(self.kind, "app" | "xpc" | "appex")
    }

    /// Whether it is a copy in a framework that lost its links: what it describes stands in the version that counts.
    pub fn is_stray(&self, bundle: &Bundle) -> bool {
        let mut lost = bundle.frameworks.iter().filter(|one| one.shape == FrameworkShape::LinksLost);
        lost.any(|framework| {
            let inside = self.path.strip_prefix(&framework.path);
            let version = framework.current.as_deref().unwrap_or_default();
            inside.is_some_and(|inside| {
                inside
                    .strip_prefix("Versions/")
                    .is_none_or(|inside| inside.split('/').next() != Some(version))
            })
        })
    }

    /// The text of a key that says something.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.info.string(key).filter(|text| !text.trim().is_empty())
    }

    /// Where CFBundleExecutable points, whether or not something is there.
    pub fn executable(&self) -> Option<BundlePath> {
        let name = self.text("CFBundleExecutable")?;
        match self.path.strip_prefix(&self.folder)? {
            "Contents/Info.plist" => self.folder.join("Contents/MacOS").resolve(name),
            _ => {
                let above = self.path.parent()?;
                let base = if above.file_name() == "Resources" { above.parent()? } else { above };
                base.resolve(name)
            }
        }
    }
}

/// A variable of Xcode, CMake or qmake that nobody filled in.
pub fn placeholder(text: &str) -> Option<&str> {
    if let Some(start) = text.find("${").or_else(|| text.find("$(")) {
        let rest = text.get(start..)?;
        let end = rest.find(['}', ')'])?;
        return rest.get(..=end);
    }
    let inner = text.strip_prefix('@')?.strip_suffix('@')?;
    let named = !inner.is_empty()
        && inner.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    named.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn what_nobody_filled_in_is_told_from_text() {
        assert_eq!(
            placeholder("org.me.$(PRODUCT_NAME:rfc1034identifier)"),
            Some("$(PRODUCT_NAME:rfc1034identifier)")
        );
        assert_eq!(placeholder("${EXECUTABLE_NAME}"), Some("${EXECUTABLE_NAME}"));
        assert_eq!(placeholder("@QT5_VERSION@"), Some("@QT5_VERSION@"));
        for text in ["me@example.org", "@me@", "costs $5 (or so)", "@", "@@", "$HOME"] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
