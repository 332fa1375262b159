//! Scanning and resolving real Mach-O files: the fixtures, as they stand and as the build machine sees them.

#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use bundlewright::bundle::{self, Bundle, EntryKind, FrameworkShape, Problem, SearchRoots};
use bundlewright::dyld::graph::{Dependency, Launch};
use bundlewright::dyld::launch::verdict;
use bundlewright::dyld::{self, Conditions, Graph, Outcome, Place, Resolution};
use bundlewright::macho::{Arch, LoadKind};
use bundlewright::paths::RuntimePath;
use bundlewright::progress::Progress;
use common::{Fixture, unpack, unpack_sample};

fn scan(app: &Path) -> Bundle {
    bundle::scan(app, &Progress::silent()).unwrap()
}

fn clean(bundle: &Bundle) -> Graph {
    dyld::resolve(bundle, &Place::CleanMac, &Conditions::default())
}

/// With the fixture's build machine mapped, and nothing of this machine but the bundle's surroundings.
fn build(bundle: &Bundle, fixture: &Fixture) -> Graph {
    let roots = fixture.roots().into_iter().map(|(from, to)| (RuntimePath::new(from), to)).collect();
    dyld::resolve(
        bundle,
        &Place::BuildMac(SearchRoots { roots, this_machine: false }),
        &Conditions::default(),
    )
}

fn dependencies(graph: &Graph) -> impl Iterator<Item = &Dependency> {
    graph.launches.iter().flat_map(|launch| launch.loads.iter()).flat_map(|load| &load.dependencies)
}

fn externals(graph: &Graph) -> BTreeSet<&str> {
    graph.externals.keys().map(RuntimePath::as_str).collect()
}

fn says(bundle: &Bundle, graph: &Graph, launch: &Launch) -> String {
    verdict(bundle, graph, launch, &[]).message.unwrap_or_else(|| "it starts".to_owned())
}

#[test]
fn an_inherited_rpath_leads_to_every_library() {
    let fixture = unpack("rp");
    let bundle = scan(&fixture.app("Rp"));
    let graph = clean(&bundle);
    assert!(
        dependencies(&graph)
            .all(|one| matches!(one.resolution, Resolution::Bundled(_) | Resolution::System(_)))
    );
    assert_eq!(says(&bundle, &graph, &graph.launches[0]), "it starts");
}

#[test]
fn homebrews_libraries_are_found_by_their_real_paths_and_missing_elsewhere() {
    let fixture = unpack("t1");
    let bundle = scan(&fixture.app("T1"));
    let graph = build(&bundle, &fixture);
    assert_eq!(
        externals(&graph),
        BTreeSet::from([
            "/opt/homebrew/Cellar/bar/5.1/lib/Bar.framework/Versions/5/Bar",
            "/opt/homebrew/Cellar/baz/0.9/lib/libbaz.dylib",
            "/opt/homebrew/Cellar/foo/1.2.3/lib/libfoo.1.2.3.dylib",
            "/opt/homebrew/Cellar/foo/1.2.3/lib/libfoocommon.1.2.3.dylib",
            "/opt/homebrew/Cellar/sparkle/2.0/lib/libsparkle.2.dylib",
        ])
    );
    let elsewhere = clean(&bundle);
    assert_eq!(dependencies(&elsewhere).filter(|one| one.resolution == Resolution::Missing).count(), 4);
    let said = says(&bundle, &elsewhere, &elsewhere.launches[0]);
    assert!(said.starts_with("Library not loaded: /opt/homebrew/opt/foo/lib/libfoo.1.dylib\n"), "{said}");
}

#[test]
fn two_names_of_one_outside_file_are_one_image() {
    let fixture = unpack("wx");
    let graph = build(&scan(&fixture.app("Wx")), &fixture);
    assert_eq!(externals(&graph).len(), 1);
    assert_eq!(graph.launches[0].loads.len(), 2);
}

#[test]
fn the_sample_loads_quill_twice_on_the_build_machine_only() {
    let fixture = unpack_sample();
    let bundle = scan(&fixture.app("Postcard"));
    let plug_in = |graph: &Graph| -> Launch {
        let is_airmail = |one: &&Launch| one.entry.file_name() == "libairmail.so" && one.arch == Arch::ARM64;
        graph.launches.iter().find(is_airmail).unwrap().clone()
    };
    let (here, elsewhere) = (build(&bundle, &fixture), clean(&bundle));
    let opened = plug_in(&here);
    let quills = opened.loads.iter().filter(|load| load.path.file_name() == "Quill").count();
    assert_eq!((quills, says(&bundle, &here, &opened)), (2, "it starts".to_owned()));
    let said = says(&bundle, &elsewhere, &plug_in(&elsewhere));
    assert!(said.starts_with("Library not loaded: /Users/builder/CraftRoot/lib/Quill.framework/"), "{said}");
}

#[test]
fn every_library_of_every_fault_is_resolved_for_every_architecture_that_can_load_it() {
    let fixture = unpack("faults");
    for entry in fixture.path().read_dir().unwrap() {
        let bundle = scan(&entry.unwrap().path());
        let graph = clean(&bundle);
        let archs: BTreeSet<Arch> = graph.launches.iter().map(|launch| launch.arch).collect();
        for (path, image) in &bundle.images {
            for slice in image.file.slices.iter().filter(|slice| archs.contains(&slice.arch)) {
                let loaded = graph.launches.iter().filter(|launch| launch.arch == slice.arch).any(|launch| {
                    launch
                        .loads
                        .iter()
                        .any(|load| load.image == image.id && load.dependencies.len() == slice.uses.len())
                });
                assert!(loaded, "{}: {path} {}", bundle.name, slice.arch);
            }
        }
    }
}

#[test]
fn faults_show_as_what_they_are() {
    let fixture = unpack("faults");
    let cut = scan(&fixture.app("truncated-library"));
    assert!(matches!(cut.problems[..], [Problem::BrokenMachO { .. }]), "{:?}", cut.problems);

    assert!(scan(&fixture.app("binary-plist")).main_executable.is_some());
    assert!(
        scan(&fixture.app("missing-executable")).entries.iter().all(|entry| entry.kind != EntryKind::Main)
    );

    let copied = scan(&fixture.app("dereferenced-framework"));
    assert_eq!(copied.frameworks[0].shape, FrameworkShape::LinksLost);

    let kinds = clean(&scan(&fixture.app("load-kinds")));
    let lazy = dependencies(&kinds).find(|one| one.kind == LoadKind::Lazy).unwrap();
    assert!(matches!(lazy.candidates.last().unwrap().outcome, Outcome::Skipped(_)));

    let bundle = scan(&fixture.app("missing-architecture"));
    let graph = clean(&bundle);
    let wrong = dependencies(&graph)
        .flat_map(|one| &one.candidates)
        .find(|candidate| matches!(candidate.outcome, Outcome::WrongArch { .. }));
    assert!(wrong.is_some());
    assert!(graph.launches.iter().any(|launch| says(&bundle, &graph, launch).contains("need '")));
}
