//! The same laws over bundles that nobody thought of: few names, so that they collide.

use std::collections::{BTreeMap, BTreeSet};

use bundlewright::bundle::ImageId;
use bundlewright::dyld::{Graph, Resolution};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::app::App;
use crate::bytes::written;

/// Where libraries may be.
const LIBRARIES: [&str; 9] = [
    "Contents/Frameworks/libx.dylib",
    "Contents/Frameworks/liby.dylib",
    "Contents/Frameworks/deep/libx.dylib",
    "/opt/a/libx.dylib",
    "/opt/a/liby.dylib",
    "/opt/b/libx.dylib",
    "/opt/b/libz.dylib",
    "/Users/me/liby.dylib",
    "/Users/me/libz.dylib",
];

const NAMES: [&str; 15] = [
    "/opt/a/libx.dylib",
    "/opt/a/liby.dylib",
    "/opt/b/libx.dylib",
    "/opt/b/libz.dylib",
    "/opt/link/libz.dylib",
    "/Users/me/liby.dylib",
    "/Users/me/libz.dylib",
    "@rpath/libx.dylib",
    "@rpath/liby.dylib",
    "@rpath/libz.dylib",
    "@rpath/deep/libx.dylib",
    "@loader_path/libx.dylib",
    "@loader_path/libz.dylib",
    "@executable_path/../Frameworks/liby.dylib",
    "/usr/lib/libz.1.dylib",
];

const RPATHS: [&str; 6] = [
    "@executable_path/../Frameworks",
    "@loader_path/../Frameworks",
    "@loader_path",
    "/opt/a",
    "/opt/b",
    "@loader_path/../../../elsewhere",
];

/// The lines below an image: what it uses and its rpaths, either with repeats.
fn commands() -> impl Strategy<Value = String> {
    let uses = vec((select(vec!["use", "use", "weak", "reexport"]), select(NAMES.to_vec())), 0..4);
    let rpaths = vec(select(RPATHS.to_vec()), 0..3);
    (uses, rpaths).prop_map(|(uses, rpaths)| {
        let uses = uses.iter().map(|(kind, name)| format!("  {kind} {name}\n"));
        uses.chain(rpaths.iter().map(|rpath| format!("  rpath {rpath}\n"))).collect()
    })
}

fn setting(rooms: &[u32]) -> impl Strategy<Value = String> + use<> {
    let room = select(rooms.to_vec());
    let archs = select(vec!["arm64", "arm64", "x86_64 arm64"]);
    let sdk = select(vec!["14.0", "26.0"]);
    (room, archs, sdk).prop_map(|(room, archs, sdk)| format!("{archs} room={room} sdk={sdk}"))
}

fn description() -> impl Strategy<Value = String> {
    let libraries = subsequence(LIBRARIES.to_vec(), 2..LIBRARIES.len());
    let rest = vec((setting(&[0, 8, 24, 48, 1024, 1024]), commands()), LIBRARIES.len());
    // An executable has room for an rpath or none at all: with half of it, what fits depends on what goes first.
    let main = (setting(&[0, 1024]), commands());
    (libraries, rest, main).prop_map(|(libraries, rest, (setting, commands))| {
        let mut text = format!("Contents/MacOS/App execute {setting}\n{commands}");
        let own = libraries.iter().filter_map(|path| path.strip_prefix("Contents/"));
        own.for_each(|path| text += &format!("  use @loader_path/../{path}\n"));
        text += "/opt/link -> b\n";
        for (path, (setting, commands)) in libraries.iter().zip(&rest) {
            let id = if path.contains("deep") { "  id @rpath/deep/libx.dylib\n" } else { "" };
            text += &format!("{path} dylib {setting}\n{id}  line this is {path}.\n{commands}");
        }
        text
    })
}

/// What each reference of each image of the bundle ends at, on whatever architecture: the library's own text, by the position
/// of the command.
fn ends(app: &App, graph: &Graph) -> BTreeMap<(ImageId, usize), BTreeSet<String>> {
    let mut ends: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for load in graph.launches.iter().flat_map(|launch| launch.loads.iter()) {
        for (at, dependency) in load.dependencies.iter().enumerate() {
            let path = match &dependency.resolution {
                Resolution::Bundled(path) => path.to_string(),
                Resolution::External(path) => path.to_string(),
                _ => continue,
            };
            let file = app.bytes(&path);
            let text = String::from_utf8_lossy(&written(&file)[0].code()[64..]).into_owned();
            let text = text.split('.').next().unwrap_or_default().to_owned();
            ends.entry((load.image.clone(), at)).or_default().insert(text);
        }
    }
    ends
}

/// The same few bundles at every run; `BUNDLEWRIGHT_CASES=300` looks at as many new ones.
#[test]
fn any_bundle_is_repaired_under_the_laws() {
    let cases = std::env::var("BUNDLEWRIGHT_CASES").ok().map(|count| count.parse().expect("a number"));
    let config = Config { cases: cases.unwrap_or(8), failure_persistence: None, ..Config::default() };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    runner.run(&description(), |text| check(&App::new(&text))).unwrap_or_else(|failure| panic!("{failure}"));
}

fn check(app: &App) -> Result<(), TestCaseError> {
    let before = app.look();
    let (was, would) = (ends(app, &before.build), ends(app, &before.clean));
    let plan = app.fix();
    let after = app.look();
    // A reference leads to the same library as before: to the build machine's, or to what another Mac would have taken, for it
    // or for another one that was the same on the build machine.
    for (place, now) in ends(app, &after.clean) {
        let own = was.get(&place).cloned().unwrap_or_default();
        let same = was.iter().filter(|(_, ends)| !ends.is_disjoint(&own)).map(|(other, _)| other);
        let known: BTreeSet<&String> =
            same.chain([&place]).flat_map(|one| [was.get(one), would.get(one)]).flatten().flatten().collect();
        let is_known = known.is_empty() || now.iter().all(|end| known.contains(end));
        prop_assert!(is_known, "{place:?}: {known:?} became {now:?}");
    }
    // What still ends outside is said.
    let said: BTreeSet<&str> = plan.remaining.iter().map(|finding| finding.subject.as_str()).collect();
    for load in after.build.launches.iter().flat_map(|launch| launch.loads.iter()) {
        let ImageId::Bundled(user) = &load.image else { continue };
        for dependency in &load.dependencies {
            let outside = matches!(dependency.resolution, Resolution::External(_));
            prop_assert!(!outside || said.contains(user.as_str()), "{user} uses {}", dependency.name);
        }
    }
    Ok(())
}
