//! The places where dyld looks for one name, in its order: `PathOverrides::forEachPathVariant` and
//! `Loader::forEachResolvedAtPathVar` of dyld-1378, without DYLD_ variables. Pure text: nothing is looked up.

use std::ops::ControlFlow;

use super::FIRST_SDK_WITHOUT_FALLBACK;
use super::search::SearchRule;
use crate::bundle::ImageId;
use crate::macho::{FileType, PackedVersion, Rpath, Slice, framework_suffix};
use crate::paths::RuntimePath;

/// Where the cryptex of the system is mounted since macOS 13.
const CRYPTEX: &str = "/System/Volumes/Preboot/Cryptexes/OS";

/// Frameworks linked with an older SDK may mean `@loader_path` from their top folder (`loaderPathsAreReal`).
const FIRST_SDK_WITH_REAL_LOADER_PATHS: PackedVersion = PackedVersion::new(13, 0, 0);

const MACOS: u32 = 1;
const MAC_CATALYST: u32 = 6;
const FIRST_CATALYST_SDK_WITHOUT_FALLBACK: PackedVersion = PackedVersion::new(17, 0, 0);

/// One image of the load chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    pub id: &'a ImageId,
    /// Real path.
    pub path: &'a RuntimePath,
    pub slice: &'a Slice,
}

/// What is asked for, and by whom.
pub(super) struct Request<'a> {
    pub name: &'a str,
    /// From the image that asks back to the main executable, which dyld lists twice.
    pub chain: &'a [Link<'a>],
    /// Real path of the process's main executable.
    pub executable: &'a RuntimePath,
}

/// One place to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub rule: SearchRule,
    pub rpath: Option<(&'a ImageId, &'a Rpath)>,
    pub path: String,
    /// dyld does not ask the shared cache about this one.
    pub on_disk_only: bool,
}

impl<'a> Place<'a> {
    fn new(rule: SearchRule, path: String) -> Self {
        Place { rule, rpath: None, path, on_disk_only: false }
    }
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Place<'a>) -> ControlFlow<()>;

impl<'a> Request<'a> {
    /// Calls `visit` with each place until it breaks.
    pub fn for_each_place(&self, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        if !self.name.starts_with('@') {
            let raw = if self.name.starts_with('/') { SearchRule::Absolute } else { SearchRule::Relative };
            visit(Place { on_disk_only: true, ..Place::new(raw, self.name.to_owned()) })?;
            visit(Place::new(SearchRule::Cryptex, format!("{CRYPTEX}{}", self.name)))?;
            visit(Place::new(raw, self.name.to_owned()))?;
        } else if let Some(tail) = self.name.strip_prefix("@rpath/") {
            self.for_each_rpath(tail, visit)?;
        } else if let Some(path) = self.chain.first().and_then(|asker| at_loader_path(self.name, asker.path))
        {
            visit(Place::new(SearchRule::LoaderPath, path))?;
            if let Some(path) = self.chain.first().and_then(|asker| from_framework_top(self.name, asker)) {
                visit(Place::new(SearchRule::LoaderPath, path))?;
            }
        } else if let Some(path) = at_executable_path(self.name, self.executable) {
            visit(Place::new(SearchRule::ExecutablePath, path))?;
        }
        self.for_each_fallback(visit)
    }

    /// Every LC_RPATH of the chain; `@loader_path` in it is the folder of the image that declares it.
    pub fn for_each_rpath(&self, tail: &str, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        for link in self.chain {
            for rpath in &link.slice.rpaths {
                let text = rpath.as_str();
                let folder = at_loader_path(text, link.path)
                    .or_else(|| at_executable_path(text, self.executable))
                    .unwrap_or_else(|| text.to_owned());
                let place = |rule, path| Place { rpath: Some((link.id, rpath)), ..Place::new(rule, path) };
                visit(place(SearchRule::Rpath, joined(&folder, tail)))?;
                if text.starts_with('/') {
                    visit(place(SearchRule::Cryptex, joined(&format!("{CRYPTEX}{text}"), tail)))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The default folders for binaries of an older SDK.
    fn for_each_fallback(&self, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        let Some(asker) = self.chain.first() else { return ControlFlow::Continue(()) };
        let (folders, tail): (&[&str], &str) = match (fallbacks(asker.slice), framework_suffix(self.name)) {
            (Fallbacks::Mac, Some(framework)) => {
                (&["/Library/Frameworks", "/System/Library/Frameworks"], framework)
            }
            (Fallbacks::Mac, None) => (&["/usr/local/lib", "/usr/lib"], leaf(self.name)),
            (Fallbacks::Catalyst, None) => (&["/usr/local/lib"], leaf(self.name)),
            (Fallbacks::Catalyst, Some(framework)) => (&["/System/Library/Frameworks"], framework),
            (Fallbacks::None, _) => (&[], ""),
        };
        for folder in folders {
            let path = format!("{folder}/{tail}");
            if path != self.name {
                visit(Place::new(SearchRule::Fallback, path))?;
            }
        }
        ControlFlow::Continue(())
    }
}

enum Fallbacks {
    Mac,
    Catalyst,
    None,
}

/// `pre2022Binary`; an SDK that the linker did not know (0) counts as old.
fn fallbacks(slice: &Slice) -> Fallbacks {
    match slice.build.map(|build| (build.platform.0, build.sdk)) {
        None => Fallbacks::Mac,
        Some((MACOS, sdk)) if sdk < FIRST_SDK_WITHOUT_FALLBACK => Fallbacks::Mac,
        Some((MAC_CATALYST, sdk)) if sdk < FIRST_CATALYST_SDK_WITHOUT_FALLBACK => Fallbacks::Catalyst,
        Some(_) => Fallbacks::None,
    }
}

fn leaf(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// `text` after `variable`, when that is all of `text` or ends at a `/`.
fn after<'t>(text: &'t str, variable: &str) -> Option<&'t str> {
    text.strip_prefix(variable).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `@loader_path…` with the folder of `image`; `..` stays in the text.
fn at_loader_path(text: &str, image: &RuntimePath) -> Option<String> {
    let rest = after(text, "@loader_path")?;
    let (folder, _) = image.as_str().rsplit_once('/')?;
    Some(format!("{folder}{rest}"))
}

/// `@executable_path…`: the executable's path is real, so dyld takes leading `/..` off it in the text.
fn at_executable_path(text: &str, executable: &RuntimePath) -> Option<String> {
    let mut rest = after(text, "@executable_path")?;
    let (mut folder, _) = executable.as_str().rsplit_once('/')?;
    if rest.is_empty() {
        return Some(format!("{folder}/"));
    }
    while let Some(shorter) = rest.strip_prefix("/..") {
        match folder.rfind('/') {
            Some(cut) if cut > 0 => (rest, folder) = (shorter, &folder[..cut]),
            _ => break,
        }
    }
    Some(format!("{folder}{rest}"))
}

/// The same from the top of the asker's framework, for one that was linked with an old SDK and stands in `Versions/V`.
fn from_framework_top(text: &str, asker: &Link<'_>) -> Option<String> {
    let rest = after(text, "@loader_path")?;
    let old = asker
        .slice
        .build
        .is_none_or(|build| build.platform.0 == MACOS && build.sdk < FIRST_SDK_WITH_REAL_LOADER_PATHS);
    if !old || asker.slice.file_type != FileType::Dylib {
        return None;
    }
    let own = asker.slice.install_name.as_ref()?.leaf();
    let folder = asker.path.as_str().strip_suffix(own)?.strip_suffix('/')?;
    let (top, version) = folder.rsplit_once("/Versions/")?;
    (version.len() == 1).then(|| format!("{top}{rest}"))
}

/// `Utils::concatenatePaths` with a tail that begins with `/`.
fn joined(folder: &str, tail: &str) -> String {
    format!("{}/{tail}", folder.strip_suffix('/').unwrap_or(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executables_folder_is_cut_back_in_the_text() {
        let main = RuntimePath::new("/Applications/Foo.app/Contents/MacOS/Foo");
        let at = |text| at_executable_path(text, &main);
        assert_eq!(
            at("@executable_path/../Frameworks").unwrap(),
            "/Applications/Foo.app/Contents/Frameworks"
        );
        assert_eq!(at("@executable_path/./../x").unwrap(), "/Applications/Foo.app/Contents/MacOS/./../x");
        assert_eq!(at("@executable_path").unwrap(), "/Applications/Foo.app/Contents/MacOS/");
        assert_eq!(at("@executable_path/../../../../../x").unwrap(), "/Applications/../../x");
        assert_eq!(at("@executable_paths/x"), None);
    }

    #[test]
    fn the_loaders_folder_keeps_its_dots() {
        let image = RuntimePath::new("/a/b/libx.dylib");
        assert_eq!(at_loader_path("@loader_path/../c", &image).unwrap(), "/a/b/../c");
        assert_eq!(at_loader_path("@loader_path", &image).unwrap(), "/a/b");
        assert_eq!(at_loader_path("@loader_pathx", &image), None);
    }

    #[test]
    fn joining_makes_no_double_slash() {
        assert_eq!(joined("/a/b/", "libx.dylib"), "/a/b/libx.dylib");
        assert_eq!(joined("/a/b", "libx.dylib"), "/a/b/libx.dylib");
    }
}
