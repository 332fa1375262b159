//! Which macOS a program really needs: the newest that any image it loads was built for, beside what Info.plist says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::links::{own_loads, slice_for};
use crate::bundle::{Bundle, EntryKind, ImageId, InfoPlist};
use crate::dyld::graph::{Graph, Launch};
use crate::macho::{Arch, PackedVersion, Platform};
use crate::paths::BundlePath;

/// One program on one architecture, with everything that is opened in its process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinimumSystem {
    /// The program; for plug-ins whose host is not known, the plug-in.
    pub entry: BundlePath,
    pub kind: EntryKind,
    pub arch: Arch,
    /// LSMinimumSystemVersionByArchitecture, else LSMinimumSystemVersion, of the bundle it belongs to.
    pub promised: Option<PackedVersion>,
    /// The newest minimum among what is loaded at the start.
    pub to_start: Option<PackedVersion>,
    /// The same with everything that may be opened later.
    pub to_open_all: Option<PackedVersion>,
    /// The images whose minimum is above what is promised, the newest first; when none is, those that decide.
    pub culprits: Vec<Culprit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    pub image: ImageId,
    pub minimum: PackedVersion,
    /// Whether only a plug-in brings it, so that the program starts without it.
    pub is_opened_later: bool,
}

impl MinimumSystem {
    /// Whether a macOS is promised that is older than the images were built for and runs the architecture at all.
    pub fn is_broken(&self) -> bool {
        let promised = self.promised.map(|promised| promised.max(oldest(self.arch)));
        promised.zip(self.to_open_all).is_some_and(|(promised, needed)| promised < needed)
    }
}

/// Every program of the bundle on every architecture, in the graph's order.
pub fn minimum_systems(bundle: &Bundle, graph: &Graph) -> Vec<MinimumSystem> {
    let promises = Promises::of(bundle);
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut numbers: HashMap<(&BundlePath, Arch), usize> = HashMap::new();
    for launch in &graph.launches {
        let entry = launch.program.as_ref().unwrap_or(&launch.entry);
        let number = *numbers.entry((entry, launch.arch)).or_insert_with(|| {
            groups.push(Group::new(entry, launch));
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(number) {
            group.add(bundle, graph, launch);
        }
    }
    let kinds: HashMap<&BundlePath, EntryKind> =
        bundle.entries.iter().map(|entry| (&entry.image, entry.kind)).collect();
    groups.into_iter().map(|group| group.answer(&kinds, &promises)).collect()
}

/// What is loaded in one process.
struct Group<'a> {
    entry: &'a BundlePath,
    arch: Arch,
    at_start: BTreeSet<(PackedVersion, &'a ImageId)>,
    later: BTreeSet<(PackedVersion, &'a ImageId)>,
}

impl<'a> Group<'a> {
    fn new(entry: &'a BundlePath, launch: &Launch) -> Self {
        Group { entry, arch: launch.arch, at_start: BTreeSet::new(), later: BTreeSet::new() }
    }

    fn add(&mut self, bundle: &'a Bundle, graph: &'a Graph, launch: &'a Launch) {
        let starts = launch.entry == *self.entry;
        for load in own_loads(launch) {
            let minimum = graph.image(bundle, &load.image).and_then(|image| {
                let build = slice_for(image, launch.arch)?.build?;
                // A Catalyst slice says which iOS.
                (build.platform == Platform::MACOS && build.min_os.0 != 0).then_some(build.min_os)
            });
            let Some(minimum) = minimum else { continue };
            let images = if starts { &mut self.at_start } else { &mut self.later };
            images.insert((minimum, &load.image));
        }
    }

    fn answer(self, kinds: &HashMap<&BundlePath, EntryKind>, promises: &Promises<'_>) -> MinimumSystem {
        let promised = promises.of_entry(self.entry, self.arch);
        let kind = kinds.get(self.entry).copied().unwrap_or(EntryKind::PlugIn);
        let (entry, arch) = (self.entry.clone(), self.arch);
        let newest =
            |images: &BTreeSet<(PackedVersion, &ImageId)>| images.last().map(|(version, _)| *version);
        let to_start = newest(&self.at_start);
        let to_open_all = to_start.max(newest(&self.later));
        let mut answer =
            MinimumSystem { entry, kind, arch, promised, to_start, to_open_all, culprits: Vec::new() };
        let limit = promised.map(|promised| promised.max(oldest(arch))).filter(|_| answer.is_broken());
        let is_culprit = |minimum: PackedVersion| match limit {
            Some(limit) => minimum > limit,
            None => Some(minimum) == to_open_all,
        };
        let later = self.later.iter().filter(|one| !self.at_start.contains(one)).map(|one| (one, true));
        let all = self.at_start.iter().map(|one| (one, false)).chain(later);
        let culprits = all.filter(|((minimum, _), _)| is_culprit(*minimum));
        let culprit = |(&(minimum, image), is_opened_later)| Culprit {
            image: ImageId::clone(image),
            minimum,
            is_opened_later,
        };
        answer.culprits = culprits.map(culprit).collect();
        answer.culprits.sort_by(|a, b| {
            (b.minimum, a.is_opened_later, &a.image).cmp(&(a.minimum, b.is_opened_later, &b.image))
        });
        answer
    }
}

/// What the Info.plists say, by the bundle's folder.
struct Promises<'a> {
    folders: BTreeMap<BundlePath, &'a InfoPlist>,
    owners: BTreeMap<&'a BundlePath, &'a BundlePath>,
}

impl<'a> Promises<'a> {
    fn of(bundle: &'a Bundle) -> Self {
        let folder = |path: &BundlePath| path.parent()?.parent();
        let plists = bundle.info_plists.iter();
        let folders = plists.filter(|(path, _)| path.as_str().ends_with("Contents/Info.plist"));
        Promises {
            folders: folders.filter_map(|(path, info)| Some((folder(path)?, info))).collect(),
            owners: bundle.entries.iter().map(|entry| (&entry.image, &entry.bundle)).collect(),
        }
    }

    fn of_entry(&self, entry: &BundlePath, arch: Arch) -> Option<PackedVersion> {
        let root = BundlePath::root();
        let owner = self.owners.get(entry).copied().unwrap_or(&root);
        // A bundle without its own promise is started by the app.
        [owner, &root]
            .into_iter()
            .filter_map(|folder| self.folders.get(folder))
            .find_map(|info| promise(info, arch))
    }
}

/// What one Info.plist promises for an architecture (Apple's Information Property List Key Reference).
fn promise(info: &InfoPlist, arch: Arch) -> Option<PackedVersion> {
    let by_arch = info.value.as_dictionary()?.get("LSMinimumSystemVersionByArchitecture");
    let of_arch = by_arch.and_then(|all| all.as_dictionary()?.get(&arch.to_string())?.as_string());
    of_arch.or(info.string("LSMinimumSystemVersion")).and_then(version)
}

/// The first macOS that runs code of this architecture at all.
fn oldest(arch: Arch) -> PackedVersion {
    match arch.needs_signature() {
        true => PackedVersion::new(11, 0, 0),
        false => PackedVersion::default(),
    }
}

/// `11`, `10.15` or `10.15.7`; 10.16 is how early tools called 11.0.
fn version(text: &str) -> Option<PackedVersion> {
    let mut parts = text.trim().split('.').map(|part| part.parse::<u16>().ok());
    let major = parts.next()??;
    let mut small = || parts.next().map_or(Some(0), |part| part.and_then(|part| u8::try_from(part).ok()));
    let (minor, patch) = (small()?, small()?);
    Some(match (major, minor) {
        (10, 16) => PackedVersion::new(11, 0, 0),
        _ => PackedVersion::new(major, minor, patch),
    })
}

#[cfg(test)]
mod tests {
    use super::super::case::{described, graph_of, path};
    use super::*;
    use std::sync::Arc;

    const APP: &str = "
Contents/MacOS/App execute arm64 x86_64
  use @executable_path/a
Contents/MacOS/a dylib arm64 x86_64
Contents/PlugIns/p dylib arm64 x86_64
  use @executable_path/a
";

    /// Every slice of these images made for this macOS, and Info.plist with these lines.
    fn found(minimums: &[(&str, u16)], plist: &str) -> Vec<MinimumSystem> {
        let (mut bundle, _) = described(APP);
        for (image, major) in minimums {
            let image = Arc::make_mut(bundle.images.get_mut(&path(image)).unwrap());
            for slice in &mut image.file.slices {
                slice.build.as_mut().unwrap().min_os = PackedVersion::new(*major, 0, 0);
            }
        }
        let plist = format!(
            "<plist version=\"1.0\"><dict><key>CFBundleExecutable</key><string>App</string>{plist}</dict></plist>"
        );
        bundle.info_plists.insert(path("Contents/Info.plist"), InfoPlist::read(plist.as_bytes()).unwrap());
        bundle.derive();
        minimum_systems(&bundle, &graph_of(&bundle))
    }

    const ELEVEN: &str = "<key>LSMinimumSystemVersion</key><string>11.0</string>";

    #[test]
    fn the_newest_image_decides_and_is_named() {
        let found = found(&[("Contents/MacOS/a", 13)], ELEVEN);
        assert_eq!(found.len(), 2);
        let (one, culprit) = (&found[0], &found[0].culprits[0]);
        assert!(one.is_broken());
        assert_eq!(one.to_start, Some(PackedVersion::new(13, 0, 0)));
        assert_eq!(
            (culprit.image.to_string().as_str(), culprit.is_opened_later),
            ("Contents/MacOS/a", false)
        );
    }

    #[test]
    fn a_plug_in_is_told_from_what_the_start_needs() {
        let found = found(&[("Contents/PlugIns/p", 14)], ELEVEN);
        let one = &found[0];
        assert_eq!(one.to_start, Some(PackedVersion::new(11, 0, 0)));
        assert_eq!(one.to_open_all, Some(PackedVersion::new(14, 0, 0)));
        assert!(one.culprits[0].is_opened_later);
    }

    #[test]
    fn the_promise_of_an_architecture_goes_before_the_general_one() {
        let plist = format!(
            "{ELEVEN}<key>LSMinimumSystemVersionByArchitecture</key><dict><key>arm64</key><string>13</string></dict>"
        );
        let found = found(&[("Contents/MacOS/a", 13)], &plist);
        let broken: Vec<(String, bool)> =
            found.iter().map(|one| (one.arch.to_string(), one.is_broken())).collect();
        assert_eq!(broken, [("x86_64".to_owned(), true), ("arm64".to_owned(), false)]);
    }

    #[test]
    fn on_apples_processors_an_older_promise_means_the_first_macos_there() {
        let old = "<key>LSMinimumSystemVersion</key><string>10.13</string>";
        let found = found(&[], old);
        let broken: Vec<(Arch, bool)> = found.iter().map(|one| (one.arch, one.is_broken())).collect();
        assert_eq!(broken, [(Arch::X86_64, true), (Arch::ARM64, false)]);
    }

    #[test]
    fn versions_are_read_as_apple_writes_them() {
        assert_eq!(version("10.15.7"), Some(PackedVersion::new(10, 15, 7)));
        assert_eq!(version("12"), Some(PackedVersion::new(12, 0, 0)));
        assert_eq!(version("10.16"), Some(PackedVersion::new(11, 0, 0)));
        assert_eq!(version("soon"), None);
    }
}
