//! Folder → [`Bundle`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::code_file::CodeFile;
use super::info_plist::InfoPlist;
use super::walk::{self, Listing};
use super::{Bundle, Image, ImageId, Node, Problem, script, settings};
use crate::failure::Failure;
use crate::macho::{self, FileType};
use crate::os;
use crate::paths::{BundlePath, RuntimePath};
use crate::progress::{Cancelled, Progress};

/// Reads everything below `path`; every Mach-O file is parsed, in parallel.
///
/// # Errors
/// [`Failure`] when `path` is missing, is not a bundle, or cannot be listed.
pub fn scan(path: &Path, progress: &Progress) -> Result<Bundle, Failure> {
    read(find_root(path)?, progress)
}

/// [`scan`] of whatever carries a signature: a framework too, or a bundle with its Info.plist at the top.
///
/// # Errors
/// As [`scan`].
pub fn scan_code(path: &Path, progress: &Progress) -> Result<Bundle, Failure> {
    let refused = match find_root(path) {
        Ok(root) => return read(root, progress),
        Err(refused) => refused,
    };
    let root = path.canonicalize().map(os::plain_path).map_err(|error| Failure::io(path, "open", &error))?;
    let is_framework = root.extension().is_some_and(|kind| kind == "framework");
    let is_flat = ["Info.plist", "Resources/Info.plist"].iter().any(|inside| root.join(inside).is_file());
    if root.is_dir() && (is_framework || is_flat) { read(root, progress) } else { Err(refused) }
}

/// Folders that are bundles with a `Contents` folder.
const BUNDLE_KINDS: [&str; 6] = ["app", "bundle", "plugin", "xpc", "appex", "framework"];

/// The bundle's folder, absolute and with its links resolved.
fn find_root(path: &Path) -> Result<PathBuf, Failure> {
    let root = path.canonicalize().map_err(|error| Failure::io(path, "open", &error))?;
    let root = os::plain_path(root);
    if root.join("Contents/Info.plist").is_file() || root.join("Contents/MacOS").is_dir() {
        return Ok(root);
    }
    if let (true, Err(error)) = (root.is_dir(), std::fs::read_dir(root.join("Contents")))
        && error.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Err(Failure::io(path, "open", &error));
    }
    Err(not_a_bundle(path, &root))
}

/// What `root` is instead, and what the user probably meant.
fn not_a_bundle(path: &Path, root: &Path) -> Failure {
    let enclosing = root.ancestors().skip(1).find(|folder| {
        folder.extension().is_some_and(|kind| kind == "app") && folder.join("Contents").is_dir()
    });
    if let Some(app) = enclosing {
        let what = if root.is_dir() { "is a folder inside an app" } else { "is a file inside an app" };
        return Failure::new(path, what, format!("name the app itself: {}", app.display()));
    }
    if !root.is_dir() {
        return Failure::new(path, "is a file, not an app bundle", "name the .app folder");
    }
    let kind = root.extension().and_then(|kind| kind.to_str()).unwrap_or("");
    if kind == "framework" {
        return Failure::new(path, "is a framework, not an app bundle", "name the .app that contains it");
    }
    if root.join("Info.plist").is_file() && BUNDLE_KINDS.contains(&kind) {
        let what = "has its Info.plist at the top, as on iOS; a Mac wants it in Contents";
        return Failure::new(path, what, "build the app for macOS");
    }
    let inside = std::fs::read_dir(root).ok().and_then(|mut entries| {
        entries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.join("Contents").is_dir()))
    });
    match inside {
        Some(app) => Failure::new(
            path,
            "is a folder, not an app bundle",
            format!("name the app in it: {}", app.display()),
        ),
        None => Failure::new(
            path,
            "is a folder without Contents/Info.plist, not an app bundle",
            "name the .app folder itself",
        ),
    }
}

fn read(root: PathBuf, progress: &Progress) -> Result<Bundle, Failure> {
    let Listing { mut nodes, mut problems } =
        walk::list(&root, |seen| progress.step("listing", root.display().to_string(), seen, 0))?;
    let (images, info_plists) =
        rayon::join(|| read_images(&root, &nodes, progress), || read_info_plists(&root, &nodes));
    let (images, broken) = images?;
    problems.extend(broken);
    let (info_plists, broken) = info_plists;
    problems.extend(broken);
    if !os::RECORDS_MODES {
        mark_programs(&mut nodes, &images);
    }
    let scripts = script::read(&root, &nodes, &images);
    let settings = settings::read(&root, &nodes);
    problems.sort();
    let mut bundle = Bundle {
        name: root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        runtime_root: RuntimePath::from_local(&root),
        root,
        nodes,
        info: None,
        info_plists,
        main_executable: None,
        images,
        scripts,
        settings,
        entries: Vec::new(),
        frameworks: Vec::new(),
        problems,
    };
    bundle.derive();
    Ok(bundle)
}

type Images = BTreeMap<BundlePath, Arc<Image>>;

/// Parses every regular file that begins like Mach-O.
fn read_images(
    root: &Path,
    nodes: &BTreeMap<BundlePath, Node>,
    progress: &Progress,
) -> Result<(Images, Vec<Problem>), Cancelled> {
    let files: Vec<(&BundlePath, u64)> = nodes
        .iter()
        .filter_map(|(path, node)| match node {
            Node::File { length, .. } => Some((path, *length)),
            _ => None,
        })
        .collect();
    let (done, total) = (AtomicU64::new(0), files.len() as u64);
    let read: Vec<Option<Result<Image, Problem>>> = files
        .par_iter()
        .map(|&(path, length)| {
            let seen = done.fetch_add(1, Ordering::Relaxed);
            progress.step("reading", path.as_str(), seen, total)?;
            Ok(read_image(root, path, length))
        })
        .collect::<Result<_, Cancelled>>()?;
    let (mut images, mut problems) = (Images::new(), Vec::new());
    for ((path, _), outcome) in files.into_iter().zip(read) {
        match outcome {
            Some(Ok(image)) => drop(images.insert(path.clone(), Arc::new(image))),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    Ok((images, problems))
}

/// `None` when the file is something else than Mach-O.
fn read_image(root: &Path, path: &BundlePath, length: u64) -> Option<Result<Image, Problem>> {
    let local = path.to_local(root);
    let unreadable =
        |error: std::io::Error| Problem::Unreadable { path: path.clone(), why: walk::reason(&error) };
    let code = match CodeFile::open(&local) {
        Ok(code) => code?,
        Err(error) => return Some(Err(unreadable(error))),
    };
    Some(match macho::read_file(&code) {
        Ok(file) => Ok(Image { id: ImageId::Bundled(path.clone()), local, length, file }),
        Err(why) => Err(Problem::BrokenMachO { path: path.clone(), why: why.to_string() }),
    })
}

/// Where the system keeps no permission bits, programs get those that they need on a Mac.
fn mark_programs(nodes: &mut BTreeMap<BundlePath, Node>, images: &Images) {
    for (path, image) in images {
        let program = image.file.slices.iter().any(|slice| slice.file_type == FileType::Execute);
        if let (true, Some(Node::File { mode, .. })) = (program, nodes.get_mut(path)) {
            *mode = 0o755;
        }
    }
}

/// No Info.plist of any use is larger.
const MAX_INFO_PLIST: u64 = 16 << 20;

fn read_info_plists(
    root: &Path,
    nodes: &BTreeMap<BundlePath, Node>,
) -> (BTreeMap<BundlePath, InfoPlist>, Vec<Problem>) {
    let (mut plists, mut problems) = (BTreeMap::new(), Vec::new());
    for (path, node) in nodes.iter().filter(|(path, _)| describes_a_bundle(path)) {
        let Node::File { length, .. } = node else { continue };
        let read = if *length > MAX_INFO_PLIST {
            Err("is larger than 16 MB".to_owned())
        } else {
            std::fs::read(path.to_local(root))
                .map_err(|error| format!("cannot be read: {}", walk::reason(&error)))
                .and_then(|bytes| InfoPlist::read(&bytes))
        };
        match read {
            Ok(plist) => drop(plists.insert(path.clone(), plist)),
            Err(why) => problems.push(Problem::BrokenInfoPlist { path: path.clone(), why }),
        }
    }
    (plists, problems)
}

/// Whether this is `Contents/Info.plist` of a bundle or the Info.plist of a framework: templates and samples that lie
/// among the resources are none of our business.
fn describes_a_bundle(path: &BundlePath) -> bool {
    if path.file_name() != "Info.plist" {
        return false;
    }
    let folders: Vec<&str> = path.components().rev().skip(1).collect();
    match folders[..] {
        ["Contents", ..] => true,
        ["Resources", "Versions", framework, ..] | ["Resources", _, "Versions", framework, ..] => {
            framework.ends_with(".framework")
        }
        ["Resources", framework, ..] | [framework, ..] => framework.ends_with(".framework"),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bundle::{Entry, EntryKind};
    use crate::macho::Arch;
    use crate::macho::sample::Sample;

    fn write(root: &Path, path: &str, bytes: &[u8]) {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    fn code(file_type: u32, uses: &[&str]) -> Vec<u8> {
        let mut sample = Sample::new(Arch::ARM64);
        sample.file_type = file_type;
        sample.uses = uses.iter().map(|name| (crate::macho::LoadKind::Required, name.to_string())).collect();
        sample.build()
    }

    fn plist(executable: &str) -> Vec<u8> {
        format!("<plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>{executable}</string></dict></plist>")
            .into_bytes()
    }

    fn path(text: &str) -> BundlePath {
        BundlePath::new(text).unwrap()
    }

    fn read_silently(app: &Path) -> Result<Bundle, Failure> {
        scan(app, &Progress::silent())
    }

    /// The words after the path.
    fn refusal(app: &Path) -> String {
        let text = read_silently(app).unwrap_err().to_string();
        text.strip_prefix(&app.display().to_string()).unwrap().to_owned()
    }

    #[test]
    fn what_is_not_a_bundle_says_what_to_name_instead() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        assert!(refusal(&dir.join("No.app")).ends_with("; check the path."));
        write(&dir, "note.txt", b"hello");
        assert_eq!(refusal(&dir.join("note.txt")), ": is a file, not an app bundle; name the .app folder.");
        fs::create_dir(dir.join("Empty.app")).unwrap();
        assert_eq!(
            refusal(&dir.join("Empty.app")),
            ": is a folder without Contents/Info.plist, not an app bundle; name the .app folder itself."
        );
        write(&dir, "Foo.app/Contents/MacOS/Foo", b"#!/bin/sh\n");
        let app = dir.join("Foo.app");
        assert_eq!(
            refusal(&app.join("Contents/MacOS/Foo")),
            format!(": is a file inside an app; name the app itself: {}.", app.display())
        );
        assert_eq!(
            refusal(&dir),
            format!(": is a folder, not an app bundle; name the app in it: {}.", app.display())
        );
        write(&dir, "X.framework/Versions/A/X", b"");
        assert!(refusal(&dir.join("X.framework")).starts_with(": is a framework, not an app bundle"));
        write(&dir, "iOS.app/Info.plist", b"");
        assert!(refusal(&dir.join("iOS.app")).starts_with(": has its Info.plist at the top, as on iOS"));
    }

    #[test]
    fn faults_are_problems_and_the_rest_is_still_read() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("Foo.app");
        write(&app, "Contents/Info.plist", b"not a plist");
        write(&app, "Contents/MacOS/Foo", &code(2, &[]));
        write(&app, "Contents/Frameworks/libcut.dylib", &code(6, &[])[..40]);
        write(&app, "Contents/Frameworks/empty.dylib", b"");
        let bundle = read_silently(&app).unwrap();
        assert_eq!(bundle.name, "Foo.app");
        assert_eq!(bundle.main_executable, Some(path("Contents/MacOS/Foo")));
        assert_eq!(bundle.images.keys().map(BundlePath::as_str).collect::<Vec<_>>(), ["Contents/MacOS/Foo"]);
        let [Problem::BrokenMachO { path: cut, .. }, Problem::BrokenInfoPlist { why, .. }] =
            &bundle.problems[..]
        else {
            panic!("{:?}", bundle.problems);
        };
        assert_eq!(*cut, path("Contents/Frameworks/libcut.dylib"));
        assert!(why.starts_with("is not a valid property list"), "{why}");
    }

    #[test]
    fn every_kind_of_entry_point_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("Foo.app");
        write(&app, "Contents/Info.plist", &plist("Main"));
        write(
            &app,
            "Contents/MacOS/Main",
            &code(2, &["@rpath/libused.1.dylib", "@rpath/lib_in_plugins.dylib"]),
        );
        write(&app, "Contents/Helpers/tool", &code(2, &[]));
        write(&app, "Contents/Library/LoginItems/Up.app/Contents/Info.plist", &plist("Up"));
        write(&app, "Contents/Library/LoginItems/Up.app/Contents/MacOS/Up", &code(2, &[]));
        write(&app, "Contents/Library/LoginItems/Up.app/Contents/PlugIns/up.so", &code(8, &[]));
        write(&app, "Contents/XPCServices/S.xpc/Contents/Info.plist", &plist("S"));
        write(&app, "Contents/XPCServices/S.xpc/Contents/MacOS/S", &code(2, &[]));
        write(&app, "Contents/PlugIns/E.appex/Contents/MacOS/E", &code(2, &[]));
        write(&app, "Contents/PlugIns/lib_in_plugins.dylib", &code(6, &[]));
        write(&app, "Contents/Frameworks/libused.1.2.dylib", &code(6, &[]));
        write(&app, "Contents/Frameworks/liblonely.dylib", &code(6, &[]));
        write(&app, "Contents/Resources/part.o", &code(1, &[]));
        #[cfg(unix)]
        std::os::unix::fs::symlink("libused.1.2.dylib", app.join("Contents/Frameworks/libused.1.dylib"))
            .unwrap();
        let bundle = read_silently(&app).unwrap();
        let shown: Vec<String> = bundle
            .entries
            .iter()
            .map(|Entry { kind, image, host, .. }| {
                format!("{kind:?} {} {}", image.file_name(), host.as_ref().map_or("-", BundlePath::file_name))
            })
            .collect();
        let expected = [
            "Main Main -",
            "Helper tool -",
            "HelperApp Up -",
            "XpcService S -",
            "AppExtension E -",
            "PlugIn liblonely.dylib Main",
            "PlugIn up.so Up",
            "PlugIn lib_in_plugins.dylib Main",
        ];
        if cfg!(unix) {
            assert_eq!(shown, expected);
        }
        assert!(bundle.images.contains_key(&path("Contents/Resources/part.o")));
        assert_eq!(bundle.entries[2].bundle, path("Contents/Library/LoginItems/Up.app"));
        assert_eq!(bundle.entries[0].kind, EntryKind::Main);
    }

    #[cfg(unix)]
    #[test]
    fn loops_sockets_and_strange_names_do_no_harm() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("Foo.app");
        write(&app, "Contents/MacOS/Foo", &code(2, &[]));
        std::os::unix::fs::symlink("../Contents", app.join("Contents/again")).unwrap();
        std::os::unix::fs::symlink("b", app.join("Contents/a")).unwrap();
        std::os::unix::fs::symlink("a", app.join("Contents/b")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(app.join("Contents/s")).unwrap();
        let strange = std::ffi::OsStr::from_bytes(b"caf\xe9");
        fs::create_dir(app.join("Contents").join(strange)).unwrap();
        fs::write(app.join("Contents").join(strange).join("x"), b"").unwrap();
        let bundle = read_silently(&app).unwrap();
        assert_eq!(bundle.nodes[&path("Contents/s")], Node::Other);
        assert_eq!(bundle.real_path(&path("Contents/a")), None);
        assert_eq!(bundle.real_path(&path("Contents/again/MacOS/Foo")), Some(path("Contents/MacOS/Foo")));
        let shown = "caf\u{fffd}".to_owned();
        assert_eq!(bundle.problems, [Problem::BadName { folder: path("Contents"), shown }]);
    }

    #[test]
    fn a_cancelled_scan_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("Foo.app");
        write(&app, "Contents/MacOS/Foo", &code(2, &[]));
        let stop = Progress::new(|_| Err(Cancelled));
        assert_eq!(scan(&app, &stop), Err(Failure::Cancelled));
    }
}
