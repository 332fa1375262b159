//! The places where dyld looks for one name, in its order: `PathOverrides::forEachPathVariant` and
//! `Loader::forEachResolvedAtPathVar` of dyld-1378, and of the tags back to dyld-960 where they differ. Pure text:
//! nothing is looked up.

use std::ops::ControlFlow;

use super::path_overrides::with_suffix;
use super::process_config::{MAC_CATALYST, MACOS, ProcessConfig};
use super::search::SearchRule;
use super::{FIRST_SDK_WITHOUT_FALLBACK, OsProfile};
use crate::bundle::ImageId;
use crate::macho::{FileType, PackedVersion, Rpath, Slice};
use crate::paths::RuntimePath;

/// Where the cryptex of the system is mounted since macOS 13.
const CRYPTEX: &str = "/System/Volumes/Preboot/Cryptexes/OS";

/// Where Mac Catalyst's own libraries are.
const IOS_SUPPORT: &str = "/System/iOSSupport";

/// Frameworks linked with an older SDK may mean `@loader_path` from their top folder (`loaderPathsAreReal`).
const FIRST_SDK_WITH_REAL_LOADER_PATHS: PackedVersion = PackedVersion::new(13, 0, 0);

const FIRST_CATALYST_SDK_WITHOUT_FALLBACK: PackedVersion = PackedVersion::new(17, 0, 0);

/// One image of the load chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    pub id: &'a ImageId,
    /// Real path.
    pub path: &'a RuntimePath,
    pub slice: &'a Slice,
    /// Whether it is the main executable.
    pub is_main: bool,
}

/// The images from the one that asks back to the main executable, which dyld lists twice. Chains may be thousands long,
/// so they are walked only as far as a search goes.
pub(super) trait LoadChain {
    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(Link<'a>) -> ControlFlow<()>) -> ControlFlow<()>;
}

/// What is asked for, and by whom.
pub(super) struct Request<'a> {
    pub name: &'a str,
    pub chain: &'a dyn LoadChain,
    pub config: &'a ProcessConfig,
    /// Whether DYLD_INSERT_LIBRARIES asks: it knows no `@loader_path` and no `@rpath`.
    pub inserted: bool,
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
        let framework = framework_partial_path(self.name);
        self.for_each_override(framework, visit)?;
        if !self.name.starts_with('@') {
            self.for_each_system_prefix(visit)?;
        }
        self.suffixed(Place::new(self.own_rule(), self.name.to_owned()), visit)?;
        self.for_each_fallback(framework, visit)
    }

    /// The folders of DYLD_FRAMEWORK_PATH or DYLD_LIBRARY_PATH.
    fn for_each_override(&self, framework: Option<&str>, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        let overrides = &self.config.path_overrides;
        let (folders, tail) = match framework {
            Some(framework) => (&overrides.framework_paths, framework),
            None => (&overrides.library_paths, leaf(self.name)),
        };
        for folder in folders {
            self.suffixed(Place::new(SearchRule::PathVariable, format!("{folder}/{tail}")), visit)?;
        }
        ControlFlow::Continue(())
    }

    /// A name that is no `@` path: the support folder of Catalyst, then on disk alone, then in the cryptex.
    fn for_each_system_prefix(&self, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        let (name, cryptex) = (self.name, self.config.os >= OsProfile::MacOs13);
        let support = format!("{IOS_SUPPORT}{name}");
        let catalyst = self.config.platform == MAC_CATALYST && !name.starts_with("/System/iOSSupport/");
        if catalyst && cryptex {
            let on_disk = Place::new(SearchRule::CatalystSupport, support.clone());
            self.suffixed(Place { on_disk_only: true, ..on_disk }, visit)?;
            self.suffixed(Place::new(SearchRule::Cryptex, format!("{CRYPTEX}{support}")), visit)?;
        }
        if catalyst {
            self.suffixed(Place::new(SearchRule::CatalystSupport, support), visit)?;
        }
        if cryptex {
            let on_disk = Place::new(self.own_rule(), name.to_owned());
            self.suffixed(Place { on_disk_only: true, ..on_disk }, visit)?;
            self.suffixed(Place::new(SearchRule::Cryptex, format!("{CRYPTEX}{name}")), visit)?;
        }
        ControlFlow::Continue(())
    }

    fn own_rule(&self) -> SearchRule {
        if self.name.starts_with('/') { SearchRule::Absolute } else { SearchRule::Relative }
    }

    /// `place` with each DYLD_IMAGE_SUFFIX first, then as it is.
    fn suffixed(&self, place: Place<'a>, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        for suffix in &self.config.path_overrides.image_suffixes {
            let path = with_suffix(&place.path, suffix);
            self.expanded(Place::new(SearchRule::ImageSuffix, path), visit)?;
        }
        self.expanded(place, visit)
    }

    /// `place` with its `@` variable replaced, where it begins with one.
    fn expanded(&self, place: Place<'a>, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        let text = place.path.as_str();
        if !text.starts_with('@') {
            return visit(place);
        }
        if let Some(tail) = text.strip_prefix("@rpath/") {
            return match self.inserted {
                true => visit(place),
                false => self.for_each_rpath(tail, visit),
            };
        }
        let asker = self.asker().filter(|_| !self.inserted);
        if let Some(path) = asker.and_then(|asker| at_loader_path(text, asker.path)) {
            visit(Place::new(SearchRule::LoaderPath, path))?;
            if let Some(path) = asker.and_then(|asker| from_framework_top(text, &asker)) {
                visit(Place::new(SearchRule::LoaderPath, path))?;
            }
        } else if let Some(path) = executable_folder(text, self.config) {
            visit(Place::new(SearchRule::ExecutablePath, path))?;
        }
        ControlFlow::Continue(())
    }

    /// Every LC_RPATH of the chain; `@loader_path` in it is the folder of the image that declares it.
    pub fn for_each_rpath(&self, tail: &str, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        self.chain.for_each(&mut |link| {
            for rpath in &link.slice.rpaths {
                let place = |rule, path| Place { rpath: Some((link.id, rpath)), ..Place::new(rule, path) };
                let Some(folder) = folder_of(rpath, &link, self.config) else { continue };
                visit(place(SearchRule::Rpath, joined(&folder, tail)))?;
                if rpath.as_str().starts_with('/') && self.config.os >= OsProfile::MacOs13 {
                    visit(place(SearchRule::Cryptex, joined(&format!("{CRYPTEX}{rpath}"), tail)))?;
                }
            }
            ControlFlow::Continue(())
        })
    }

    fn asker(&self) -> Option<Link<'a>> {
        let mut asker = None;
        let _ = self.chain.for_each(&mut |link| {
            asker = Some(link);
            ControlFlow::Break(())
        });
        asker
    }

    /// The fallback folders: those of the variables for any binary, else the default ones for binaries of an older SDK.
    fn for_each_fallback(&self, framework: Option<&str>, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        let overrides = &self.config.path_overrides;
        let (chosen, tail) = match framework {
            Some(framework) => (&overrides.framework_fallbacks, framework),
            None => (&overrides.library_fallbacks, leaf(self.name)),
        };
        let (rule, folders): (_, Vec<&str>) = match chosen {
            Some(folders) => (SearchRule::FallbackVariable, folders.iter().map(String::as_str).collect()),
            None => (SearchRule::Fallback, self.default_fallbacks(framework.is_some())),
        };
        for folder in folders {
            let path = format!("{folder}/{tail}");
            if path != self.name {
                self.suffixed(Place::new(rule, path), visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn default_fallbacks(&self, framework: bool) -> Vec<&'static str> {
        let (os, security) = (self.config.os, &self.config.security);
        if !self.asker().is_some_and(|asker| needs_fallbacks(asker.slice, os)) {
            return Vec::new();
        }
        match (self.config.platform, framework) {
            (MACOS, true) if security.allow_classic_fallback_paths => {
                vec!["/Library/Frameworks", "/System/Library/Frameworks"]
            }
            (MACOS, false) if security.allow_classic_fallback_paths => vec!["/usr/local/lib", "/usr/lib"],
            (MACOS, false) => vec!["/usr/lib"],
            (MAC_CATALYST, false) if os >= OsProfile::MacOs26 => vec!["/usr/local/lib"],
            (MAC_CATALYST, false) => vec!["/usr/lib"],
            (MACOS | MAC_CATALYST, true) => vec!["/System/Library/Frameworks"],
            _ => Vec::new(),
        }
    }
}

/// The folder that an LC_RPATH means; `None` for one that dyld silently passes over.
pub(super) fn folder_of(rpath: &Rpath, link: &Link<'_>, config: &ProcessConfig) -> Option<String> {
    let (text, at_paths) = (rpath.as_str(), config.security.allow_at_paths);
    let loader = at_loader_path(text, link.path).filter(|_| at_paths || !link.is_main);
    let folder = loader.or_else(|| executable_folder(text, config));
    folder.or_else(|| (text.starts_with('/') || at_paths).then(|| text.to_owned()))
}

fn executable_folder(text: &str, config: &ProcessConfig) -> Option<String> {
    let textual = config.os >= OsProfile::MacOs13;
    config.security.allow_at_paths.then(|| at_executable_path(text, &config.executable, textual))?
}

/// `pre2022Binary`; an SDK that the linker did not know (0) counts as old. macOS 12 falls back for every binary.
fn needs_fallbacks(slice: &Slice, os: OsProfile) -> bool {
    if os < OsProfile::MacOs13 {
        return true;
    }
    match slice.build.map(|build| (build.platform.0, build.sdk)) {
        None => true,
        Some((MACOS, sdk)) => sdk < FIRST_SDK_WITHOUT_FALLBACK,
        Some((MAC_CATALYST, sdk)) => sdk < FIRST_CATALYST_SDK_WITHOUT_FALLBACK,
        Some(_) => false,
    }
}

/// The part of `path` from the last `X.framework` on, when its leaf is `X` (`getFrameworkPartialPath`).
fn framework_partial_path(path: &str) -> Option<&str> {
    let dot = path.rfind(".framework/")?;
    let start = path[..dot].rfind('/').map_or(0, |slash| slash + 1);
    (path.rsplit('/').next() == Some(&path[start..dot])).then(|| &path[start..])
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
    Some([folder, rest].concat())
}

/// `@executable_path…`: the executable's path is real, so dyld takes leading `/..` off it in the text (`textual`, since
/// macOS 13).
fn at_executable_path(text: &str, executable: &RuntimePath, textual: bool) -> Option<String> {
    let mut rest = after(text, "@executable_path")?;
    let (mut folder, _) = executable.as_str().rsplit_once('/')?;
    if rest.is_empty() {
        return Some(format!("{folder}/"));
    }
    while let Some(shorter) = rest.strip_prefix("/..").filter(|_| textual) {
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
pub(super) fn joined(folder: &str, tail: &str) -> String {
    [folder.strip_suffix('/').unwrap_or(folder), "/", tail].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executables_folder_is_cut_back_in_the_text() {
        let main = RuntimePath::new("/Applications/Foo.app/Contents/MacOS/Foo");
        let at = |text| at_executable_path(text, &main, true);
        assert_eq!(
            at("@executable_path/../Frameworks").unwrap(),
            "/Applications/Foo.app/Contents/Frameworks"
        );
        assert_eq!(at("@executable_path/./../x").unwrap(), "/Applications/Foo.app/Contents/MacOS/./../x");
        assert_eq!(at("@executable_path").unwrap(), "/Applications/Foo.app/Contents/MacOS/");
        assert_eq!(at("@executable_path/../../../../../x").unwrap(), "/Applications/../../x");
        assert_eq!(at("@executable_paths/x"), None);
        let before = at_executable_path("@executable_path/../x", &main, false).unwrap();
        assert_eq!(before, "/Applications/Foo.app/Contents/MacOS/../x", "macOS 12");
    }

    #[test]
    fn the_loaders_folder_keeps_its_dots() {
        let image = RuntimePath::new("/a/b/libx.dylib");
        assert_eq!(at_loader_path("@loader_path/../c", &image).unwrap(), "/a/b/../c");
        assert_eq!(at_loader_path("@loader_path", &image).unwrap(), "/a/b");
        assert_eq!(at_loader_path("@loader_pathx", &image), None);
    }

    #[test]
    fn a_framework_is_what_ends_with_its_own_name() {
        for (path, part) in [
            ("/path/foo.framework/foo", Some("foo.framework/foo")),
            ("/path/foo.framework/Versions/A/foo", Some("foo.framework/Versions/A/foo")),
            ("/path/foo.framework/Frameworks/bar.framework/bar", Some("bar.framework/bar")),
            ("foo.framework/foo", Some("foo.framework/foo")),
            ("/path/foo.framework/Libraries/bar.dylb", None),
            ("/path/foo.framework/bar", None),
        ] {
            assert_eq!(framework_partial_path(path), part, "{path}");
        }
    }

    #[test]
    fn joining_makes_no_double_slash() {
        assert_eq!(joined("/a/b/", "libx.dylib"), "/a/b/libx.dylib");
        assert_eq!(joined("/a/b", "libx.dylib"), "/a/b/libx.dylib");
    }
}
