//! An app and its build machine's disk from one description (`tests/laws/README.md`), repaired under the laws that hold for
//! every repair.
//!
//! Beyond what the laws' descriptions know: `room=BYTES` is the header room of an image (else there is plenty), `line TEXT`
//! of an image stands in its `__cstring`. Every library has an install name, every image uses libSystem unless it names one,
//! and an Info.plist that is not described is a good one. A path that stands there twice is one universal file. What begins
//! with `/` is on the build machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bundlewright::bundle::{SearchRoots, scan};
use bundlewright::diagnose::Finding;
use bundlewright::dyld::{self, Conditions, Graph, OsProfile, Place, Resolution};
use bundlewright::fix::{self, FixOptions, FixPlan, difference};
use bundlewright::macho::{DylibUse, FileType, InstallName, LoadKind, PackedVersion};
use bundlewright::paths::{BundlePath, RuntimePath};
use bundlewright::progress::Progress;
use bundlewright::workflow::{self, InspectOptions, Inspection, inspect};
use tempfile::TempDir;

use crate::bytes::{self, written};
use crate::model::{self, Item};

const LIBSYSTEM: &str = "/usr/lib/libSystem.B.dylib";

const PLIST: &str = "Contents/Info.plist plist\n  key CFBundleExecutable App\n  key CFBundleIdentifier org.example.app\n\
    \x20 key CFBundleName App\n  key CFBundlePackageType APPL\n  key CFBundleVersion 1\n\
    \x20 key CFBundleShortVersionString 1.0\n  key LSMinimumSystemVersion 11.0\n";

/// Folders of the build machine that are looked for here.
const DISKS: [&str; 5] = ["/opt", "/nix", "/usr/local", "/Users", "/System/Volumes/Data"];

/// The executable that most of these apps have: its rpath leads to the libraries already.
pub const MAIN: &str = "Contents/MacOS/App execute\n  rpath @executable_path/../Frameworks\n";

pub struct App {
    dir: TempDir,
    pub path: PathBuf,
    pub options: InspectOptions,
}

/// Every path below a folder with what it holds, and its mode.
type Content = BTreeMap<PathBuf, (Vec<u8>, u32)>;

impl App {
    pub fn new(description: &str) -> App {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (path, disk) = (dir.path().join("App.app"), dir.path().join("disk"));
        let plist = if description.starts_with("Contents/Info.plist") { "" } else { PLIST };
        for item in sound(&format!("{plist}{description}")) {
            put(&item, &path, &disk);
        }
        let roots = DISKS.iter().map(|from| (RuntimePath::new(*from), disk.join(&from[1..])));
        let roots = roots.filter(|(_, to)| to.is_dir()).collect();
        let options = InspectOptions::new(SearchRoots { roots, this_machine: false });
        App { dir, path, options }
    }

    /// The same, with the folder `to` of the disk standing for `from` of the build machine.
    pub fn with_root(mut self, from: &str, to: &str) -> App {
        let to = self.dir.path().join("disk").join(to);
        self.options.roots.roots.push((RuntimePath::new(from), to));
        self
    }

    /// An image beside the app or in it, by the path that the description has.
    pub fn local(&self, path: &str) -> PathBuf {
        match path.strip_prefix('/') {
            Some(outside) => self.dir.path().join("disk").join(outside),
            None => self.path.join(path),
        }
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let local = self.local(path);
        fs::read(&local).unwrap_or_else(|error| panic!("{}: {error}", local.display()))
    }

    /// LC_RPATH of the first slice.
    pub fn rpaths(&self, path: &str) -> Vec<String> {
        written(&self.bytes(path))[0].rpaths().iter().map(|text| (*text).to_owned()).collect()
    }

    /// Dylib commands of the first slice but for libSystem.
    pub fn uses(&self, path: &str) -> Vec<String> {
        let file = self.bytes(path);
        let uses = written(&file)[0].uses();
        uses.into_iter().filter(|name| *name != LIBSYSTEM).map(str::to_owned).collect()
    }

    /// What lies in `Contents/Frameworks`, sorted.
    pub fn frameworks(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path.join("Contents/Frameworks")).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub fn look(&self) -> Inspection {
        inspect(&self.path, &self.options, &Progress::silent()).expect("a bundle")
    }

    pub fn plan(&self) -> FixPlan {
        self.plan_with(FixOptions::default())
    }

    pub fn plan_with(&self, options: FixOptions) -> FixPlan {
        let options = FixOptions { roots: self.options.roots.clone(), ..options };
        workflow::plan(&self.look(), &options, &Progress::silent()).expect("a plan")
    }

    /// Repairs everything. What the plan said is what is there; code and order stay; signatures hold; a second repair has
    /// nothing to do; undo gives every byte back.
    pub fn fix(&self) -> FixPlan {
        self.fix_with(FixOptions::default())
    }

    pub fn fix_with(&self, options: FixOptions) -> FixPlan {
        let (original, before) = (self.content(), self.look());
        let plan = self.plan_with(options.clone());
        fix::apply(&before.bundle, &plan, &Progress::silent()).expect("the fix");
        let found = scan(&self.path, &Progress::silent()).expect("still a bundle");
        assert_eq!(difference(&plan.expected, &found), None);
        let fixed = self.content();
        assert_written_well(&original, &fixed);
        self.assert_read_alike(&plan);
        fix::undo(&self.path, &Progress::silent()).expect("undo");
        assert!(self.content() == original, "undo must restore every byte, mode and link");
        fix::apply(&before.bundle, &plan, &Progress::silent()).expect("the fix again");
        assert!(self.content() == fixed, "the same plan must give the same bytes");
        let again = self.plan_with(options);
        let texts: Vec<String> = again.edits.iter().map(|planned| planned.edit.key().0).collect();
        assert!(again.is_empty(), "a second fix plans {texts:?} and {:?}", again.sign);
        plan
    }

    /// The reader of these tests sees in every file what the plan's model says.
    fn assert_read_alike(&self, plan: &FixPlan) {
        for (path, image) in &plan.expected.images {
            let file = self.bytes(path.as_str());
            for (slice, read) in image.file.slices.iter().zip(written(&file)) {
                let uses: Vec<&str> = slice.uses.iter().map(|one| one.name.as_str()).collect();
                let rpaths: Vec<&str> = slice.rpaths.iter().map(|one| one.as_str()).collect();
                assert_eq!((read.uses(), read.rpaths()), (uses, rpaths), "{path}");
                assert_eq!(read.id(), slice.install_name.as_ref().map(InstallName::as_str), "{path}");
                assert_eq!(read.room() as u64, slice.header_room, "{path}");
            }
        }
    }

    /// The whole use case once more, as a second run of the command line would do it.
    pub fn fix_again(&self) {
        let (before, plan) = (self.look(), self.plan());
        workflow::repair(before, plan, &Progress::silent()).expect("nothing to do");
    }

    pub fn content(&self) -> Content {
        let entries = walkdir::WalkDir::new(&self.path).into_iter().map(|entry| entry.expect("readable"));
        entries
            .map(|entry| {
                let kind = entry.file_type();
                let bytes = if kind.is_symlink() {
                    fs::read_link(entry.path()).expect("a link").into_os_string().into_encoded_bytes()
                } else if kind.is_dir() {
                    Vec::new()
                } else {
                    fs::read(entry.path()).expect("a file")
                };
                let inside = entry.path().strip_prefix(&self.path).expect("below").to_path_buf();
                (inside, (bytes, mode(entry.path())))
            })
            .collect()
    }

    /// Findings of this rule.
    pub fn found(&self, rule: &str) -> Vec<Finding> {
        self.look().findings.iter().filter(|finding| finding.rule == rule).cloned().collect()
    }

    /// Every launch on a Mac that has nothing but the app starts, on each macOS whose dyld has rules of its own.
    pub fn assert_starts_anywhere(&self) {
        for os in [OsProfile::MacOs13, OsProfile::MacOs15_4, OsProfile::MacOs26] {
            let bundle = scan(&self.path, &Progress::silent()).expect("a bundle");
            let graph = dyld::resolve(&bundle, &Place::CleanMac, &Conditions { os, ..Conditions::default() });
            assert!(!graph.launches.is_empty());
            for launch in &graph.launches {
                let verdict = dyld::launch::verdict(&bundle, &graph, launch, &[]);
                assert!(verdict.ok, "{} on {}: {:?}", launch.entry, os.name(), verdict.message);
            }
            assert_inside(&graph);
        }
        assert_inside(&self.look().build);
    }

    /// Whether the app's own executable starts on a Mac of this macOS.
    pub fn starts(&self, os: OsProfile) -> bool {
        let bundle = scan(&self.path, &Progress::silent()).expect("a bundle");
        let graph = dyld::resolve(&bundle, &Place::CleanMac, &Conditions { os, ..Conditions::default() });
        graph.launches.iter().all(|launch| dyld::launch::verdict(&bundle, &graph, launch, &[]).ok)
    }

    /// The `line` of the library at which `image`'s reference ends on another Mac.
    pub fn text_of(&self, image: &str, reference: &str) -> String {
        let file = self.bytes(&self.ends_at(image, reference));
        let code = written(&file)[0].code();
        String::from_utf8_lossy(&code[64..]).trim_end_matches('\0').to_owned()
    }

    /// The file of the bundle at which `image`'s reference ends on another Mac.
    pub fn ends_at(&self, image: &str, reference: &str) -> String {
        let inspection = self.look();
        let loads = inspection.clean.launches.iter().flat_map(|launch| launch.loads.iter());
        let loads = loads.filter(|load| load.image.to_string() == image);
        let mut ends = loads.flat_map(|load| &load.dependencies).filter(|one| one.name.as_str() == reference);
        match ends.next().map(|dependency| &dependency.resolution) {
            Some(Resolution::Bundled(path)) => path.to_string(),
            other => panic!("{reference} of {image} ends at {other:?}"),
        }
    }
}

/// References that are followed end in the bundle or in macOS, or are weak.
fn assert_inside(graph: &Graph) {
    for load in graph.launches.iter().flat_map(|launch| launch.loads.iter()) {
        for dependency in &load.dependencies {
            let fine = matches!(dependency.resolution, Resolution::Bundled(_) | Resolution::System(_))
                || dependency.kind == LoadKind::Weak && dependency.resolution == Resolution::Missing;
            assert!(fine, "{}: {} is {:?}", load.image, dependency.name, dependency.resolution);
        }
    }
}

/// Looked at without the project's reader: nothing is there twice that was not, no code changed, what was freed is zero,
/// and every page of arm64 code has its hash.
fn assert_written_well(original: &Content, fixed: &Content) {
    for (path, (file, _)) in fixed.iter().filter(|(_, (file, _))| is_code(file)) {
        let before = original.get(path).filter(|(before, _)| is_code(before) && before != file);
        let before = before.map(|(before, _)| written(before));
        for (at, slice) in written(file).iter().enumerate() {
            slice.assert_freed_bytes_are_zero();
            assert!(!has_double(&slice.rpaths()), "{}: {:?}", path.display(), slice.rpaths());
            assert!(slice.is_validly_signed(), "{} is not signed", path.display());
            let Some(before) = before.as_ref().and_then(|before| before.get(at)) else { continue };
            assert!(slice.code() == before.code(), "{}: code was overwritten", path.display());
            assert_eq!(slice.kinds(), before.kinds(), "{}: dylib commands", path.display());
            let doubled = has_double(&slice.uses()) && !has_double(&before.uses());
            assert!(!doubled, "{}: {:?}", path.display(), slice.uses());
        }
    }
}

fn is_code(file: &[u8]) -> bool {
    file.starts_with(&[0xcf, 0xfa, 0xed, 0xfe]) || file.starts_with(&[0xca, 0xfe, 0xba, 0xbe])
}

pub fn has_double(texts: &[&str]) -> bool {
    let mut sorted = texts.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).expect("there").permissions().mode()
}

fn sound(description: &str) -> Vec<Item> {
    let lines = description.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let is_image = matches!(words.get(1), Some(&("execute" | "dylib" | "bundle")));
        if is_image && !line.contains(" room=") { format!("{line} room=1024\n") } else { format!("{line}\n") }
    });
    let mut items = model::with_uuids(model::items(&lines.collect::<String>()));
    items.dedup_by(|next, item| {
        let same = item.path == next.path;
        if same {
            item.slices.append(&mut next.slices);
        }
        same
    });
    for item in &mut items {
        let leaf = item.path.rsplit('/').next().unwrap_or_default();
        let own = if item.path.starts_with('/') { item.path.clone() } else { format!("@rpath/{leaf}") };
        for slice in &mut item.slices {
            if slice.file_type == FileType::Dylib {
                slice.install_name.get_or_insert_with(|| InstallName::new(own.clone()));
            }
            if slice.uses.iter().any(|used| used.name.leaf() == "libSystem.B.dylib") {
                continue; // it says where it wants its libSystem from
            }
            let (name, version) = (InstallName::new(LIBSYSTEM), PackedVersion::new(1, 0, 0));
            slice.uses.push(DylibUse {
                name,
                kind: LoadKind::Required,
                compatibility: version,
                current: version,
                use_flags: 0,
            });
        }
    }
    items
}

fn put(item: &Item, app: &Path, disk: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let path = match item.path.strip_prefix('/') {
        Some(outside) => disk.join(outside),
        None => BundlePath::new(&item.path).expect("a bundle path").to_local(app),
    };
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    if let Some(target) = &item.link {
        return std::os::unix::fs::symlink(target, path).expect("a link");
    }
    let contents = match &item.slices[..] {
        [] => item.text.clone().into_bytes(),
        slices => bytes::file(slices, item.text.trim_end()),
    };
    fs::write(&path, contents).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(item.mode)).expect("a mode");
}
