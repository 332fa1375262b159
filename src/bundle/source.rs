//! Where the build machine's absolute paths live on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::code_file::CodeFile;
use super::{Image, ImageId, Node, walk};
use crate::failure::Failure;
use crate::macho::{self, Parts};
use crate::os;
use crate::paths::{BundlePath, RuntimePath};

/// `/opt/homebrew` → a folder here. Longest match wins; a path that no root covers is looked up as it stands when
/// `this_machine` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRoots {
    pub roots: Vec<(RuntimePath, PathBuf)>,
    /// Whether this machine's own file system counts as the build machine's.
    pub this_machine: bool,
}

impl Default for SearchRoots {
    fn default() -> Self {
        SearchRoots { roots: Vec::new(), this_machine: true }
    }
}

/// What stands at a place, links not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    Folder,
    File,
    Link(String),
    /// A socket, device or other thing.
    Other,
}

/// Folders whose libraries belong to macOS; no copy of them elsewhere stands for them.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/lib", "/System"];

/// Where the volume with everybody's own files is mounted: `/opt` is really `/System/Volumes/Data/opt`.
const DATA_VOLUME: &str = "/System/Volumes/Data";

/// `MAXSYMLINKS` of XNU.
const MAX_LINKS: usize = 32;

impl SearchRoots {
    /// Reads `FROM=TO`, as `--root` takes it.
    ///
    /// # Errors
    /// [`Failure`] when `=` is missing, FROM is not absolute, or TO is not there.
    pub fn parse(text: &str) -> Result<(RuntimePath, PathBuf), Failure> {
        let usage = "write it as FROM=TO, for example /opt/homebrew=mirror/homebrew";
        let Some((from, to)) = text.split_once('=') else {
            return Err(Failure::new(text, "does not say where a folder of the build machine lives", usage));
        };
        if !from.starts_with('/') {
            return Err(Failure::new(
                text,
                "does not begin with an absolute path of the build machine",
                usage,
            ));
        }
        let local =
            Path::new(to).canonicalize().map_err(|error| Failure::io(Path::new(to), "open", &error))?;
        Ok((RuntimePath::new(from).normalized(), os::plain_path(local)))
    }

    /// Where `path` is on this machine, if it can be here at all; links are not looked at.
    pub fn map(&self, path: &RuntimePath) -> Option<PathBuf> {
        if is_system_path(path.as_str()) {
            return None;
        }
        let covering = self.roots.iter().filter_map(|(from, to)| Some((from, to, path.strip_prefix(from)?)));
        if let Some((_, to, rest)) = covering.max_by_key(|(from, ..)| from.as_str().len()) {
            let mut local = to.clone();
            local.extend(rest.split('/').filter(|part| !part.is_empty()));
            return Some(local);
        }
        self.this_machine.then(|| os::local_path(path.as_str()))
    }

    /// What stands at `path`, whose folders hold no links. A root's own folder is a folder even where a link leads to it
    /// on this machine, and so are the folders above it.
    pub fn standing(&self, path: &RuntimePath) -> Standing {
        let above_a_root =
            self.roots.iter().any(|(from, _)| from != path && from.strip_prefix(path).is_some());
        let Some(local) = self.map(path) else {
            return if above_a_root { Standing::Folder } else { Standing::Nothing };
        };
        let is_root = self.roots.iter().any(|(from, _)| from == path);
        let metadata = if is_root { local.metadata() } else { local.symlink_metadata() };
        match metadata {
            Err(_) if above_a_root => Standing::Folder,
            Err(_) => Standing::Nothing,
            Ok(_) if above_a_root => Standing::Folder,
            Ok(metadata) if metadata.is_symlink() => match std::fs::read_link(&local) {
                Ok(target) => Standing::Link(os::link_text(&target)),
                Err(_) => Standing::Nothing,
            },
            Ok(metadata) if metadata.is_dir() => Standing::Folder,
            Ok(metadata) if metadata.is_file() => Standing::File,
            Ok(_) => Standing::Other,
        }
    }

    /// Follows every link of `path` as the build machine would, absolute links through the roots too: where the file
    /// really is there, and here. `None` when nothing is there.
    pub fn real_path(&self, path: &RuntimePath) -> Option<(RuntimePath, PathBuf)> {
        let (real, _) = follow(path, |place| self.standing(place))?;
        let local = self.map(&real)?;
        Some((real, local))
    }

    /// The names in a folder of the build machine, sorted; none when it is not here.
    pub fn names(&self, folder: &RuntimePath) -> Vec<String> {
        let entries = self.real_path(folder).and_then(|(_, local)| std::fs::read_dir(local).ok());
        let mut names: Vec<String> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// Whether the name belongs to macOS, so that no file of this machine or of a search root stands for it.
pub fn is_system_path(path: &str) -> bool {
    let is_in = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let data = is_in(path, DATA_VOLUME) || is_in(DATA_VOLUME, path);
    !data && SYSTEM_FOLDERS.into_iter().any(|folder| is_in(path, folder))
}

/// Walks `path` component by component, following links, with `standing` to say what is where. Gives the real path and
/// what stands there; `None` when a component is missing or the links never end.
pub fn follow(
    path: &RuntimePath,
    mut standing: impl FnMut(&RuntimePath) -> Standing,
) -> Option<(RuntimePath, Standing)> {
    let top = RuntimePath::new("/");
    let (mut real, mut here) = (top.clone(), Standing::Folder);
    let mut ahead: Vec<String> = parts(path.as_str());
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if here != Standing::Folder {
            return None;
        }
        if name == ".." {
            real = real.parent();
            continue;
        }
        let next = real.join(&name);
        match standing(&next) {
            Standing::Nothing => return None,
            Standing::Link(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return None;
                }
                if target.starts_with('/') {
                    real = top.clone();
                }
                ahead.extend(parts(&target));
            }
            other => (real, here) = (next, other),
        }
    }
    Some((real, here))
}

/// The components of `path`, last first, without those that mean nothing.
fn parts(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}

/// Everything below a folder of this machine, links not followed: what is there to be copied.
///
/// # Errors
/// [`Failure`] when it, or anything in it, cannot be listed or has a name that no Mac can have.
pub fn list(local: &Path) -> Result<BTreeMap<BundlePath, Node>, Failure> {
    let listing = walk::list(local, |_| Ok(()))?;
    match listing.problems.first() {
        None => Ok(listing.nodes),
        Some(problem) => {
            let what = format!("cannot be copied whole: {problem}");
            Err(Failure::new(local, what, "give yourself permission to it, or leave this one out"))
        }
    }
}

/// Reads one Mach-O file outside the bundle. `real` is its path on the build machine, links resolved.
///
/// # Errors
/// Why it cannot be read, as a clause.
pub fn open_image(real: &RuntimePath, local: &Path) -> Result<Image, String> {
    let code = CodeFile::open(local).map_err(|error| walk::reason(&error))?;
    let code = code.ok_or("is not a Mach-O file")?;
    let file = macho::read_file(&code).map_err(|why| why.to_string())?;
    let length = code.length();
    Ok(Image { id: ImageId::External(real.clone()), local: local.to_owned(), length, file })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn runtime(text: &str) -> RuntimePath {
        RuntimePath::new(text)
    }

    /// A mirror of /opt/homebrew whose `opt` folder links into the Cellar, relatively and absolutely.
    fn homebrew(folder: &Path) -> SearchRoots {
        let cellar = folder.join("Cellar/foo/1.0/lib");
        fs::create_dir_all(&cellar).unwrap();
        fs::create_dir(folder.join("opt")).unwrap();
        fs::write(cellar.join("libfoo.1.dylib"), b"x").unwrap();
        symlink("libfoo.1.dylib", cellar.join("libfoo.dylib")).unwrap();
        symlink("../Cellar/foo/1.0", folder.join("opt/foo")).unwrap();
        symlink("/opt/homebrew/Cellar/foo/1.0", folder.join("opt/bar")).unwrap();
        symlink("loop", folder.join("opt/loop")).unwrap();
        SearchRoots { roots: vec![(runtime("/opt/homebrew"), folder.to_owned())], this_machine: false }
    }

    #[test]
    fn links_are_followed_in_the_build_machines_own_paths() {
        let dir = tempfile::tempdir().unwrap();
        let roots = homebrew(dir.path());
        let real = runtime("/opt/homebrew/Cellar/foo/1.0/lib/libfoo.1.dylib");
        let local = dir.path().join("Cellar/foo/1.0/lib/libfoo.1.dylib");
        for path in [
            "/opt/homebrew/opt/foo/lib/libfoo.dylib",
            "/opt/homebrew/opt/bar/lib/libfoo.dylib",
            "/opt/homebrew/lib/../opt/foo/lib/libfoo.1.dylib",
        ] {
            let expected = (!path.contains("lib/..")).then(|| (real.clone(), local.clone()));
            assert_eq!(roots.real_path(&runtime(path)), expected, "{path}");
        }
        assert_eq!(roots.real_path(&runtime("/opt/homebrew/opt/loop/x")), None);
        assert_eq!(roots.real_path(&runtime("/etc/hosts")), None, "this machine is off");
    }

    #[test]
    fn the_longest_root_wins_and_a_root_may_be_a_link_here() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        fs::write(dir.path().join("real/libx.dylib"), b"x").unwrap();
        symlink("real", dir.path().join("link")).unwrap();
        let roots = SearchRoots {
            roots: vec![
                (runtime("/opt"), dir.path().join("nowhere")),
                (runtime("/opt/local"), dir.path().join("link")),
            ],
            this_machine: false,
        };
        assert_eq!(roots.map(&runtime("/opt/local/libx.dylib")), Some(dir.path().join("link/libx.dylib")));
        assert_eq!(roots.map(&runtime("/opt/localx")), Some(dir.path().join("nowhere/localx")));
        let (real, _) = roots.real_path(&runtime("/opt/local/libx.dylib")).unwrap();
        assert_eq!(real, runtime("/opt/local/libx.dylib"));
    }

    #[test]
    fn system_names_are_never_looked_up_here() {
        let roots = SearchRoots { roots: vec![(runtime("/"), PathBuf::from("/"))], this_machine: true };
        assert_eq!(roots.map(&runtime("/usr/lib/libz.1.dylib")), None);
        assert_eq!(roots.map(&runtime("/System/Library/Frameworks/AppKit.framework/AppKit")), None);
        assert!(roots.map(&runtime("/usr/local/lib/libz.dylib")).is_some());
    }

    #[test]
    fn roots_are_written_from_equals_to() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = SearchRoots::parse(&format!("/opt/homebrew/={}", dir.path().display())).unwrap();
        assert_eq!((from, to), (runtime("/opt/homebrew"), dir.path().canonicalize().unwrap()));
        for bad in ["/opt/homebrew", "opt=x", "/opt=/no/such/folder"] {
            assert!(SearchRoots::parse(bad).is_err(), "{bad}");
        }
    }
}

/// The length in bytes and the permission bits of a file on this machine, links followed.
///
/// # Errors
/// [`Failure`] when it cannot be looked at.
pub fn length_and_mode(local: &Path) -> Result<(u64, u32), Failure> {
    let data = local.metadata().map_err(|error| Failure::io(local, "look at", &error))?;
    Ok((data.len(), os::mode(&data)))
}
