//! Bundles of slices too small to run, one for each rule.

use super::sample_app::{App, exporting, forwarding, importing, needs, uses};
use super::*;
use crate::bundle::{Bundle, scan};
use crate::dyld::{Conditions, Graph, Place, resolve};
use crate::macho::LoadKind;
use crate::macho::sample::{ImportEntry, Sample, bind_opcodes, chained_fixups};
use crate::paths::BundlePath;
use crate::progress::Progress;

trait Asked {
    fn graph(&self) -> (Bundle, Graph);

    fn report_with(&self, system: &dyn SystemSymbols) -> SymbolReport {
        let (bundle, graph) = self.graph();
        check(&bundle, &graph, system)
    }

    fn report(&self) -> SymbolReport {
        self.report_with(&NothingKnown)
    }

    /// `IMAGE: SYMBOL in EXPECTED` for each missing one.
    fn missing(&self) -> Vec<String> {
        shown(&self.report())
    }
}

impl Asked for App {
    fn graph(&self) -> (Bundle, Graph) {
        let bundle = scan(&self.path(), &Progress::silent()).unwrap();
        let graph = resolve(&bundle, &Place::CleanMac, &Conditions::default());
        (bundle, graph)
    }
}

fn shown(report: &SymbolReport) -> Vec<String> {
    let line = |one: &&Arc<MissingSymbol>| {
        let call = if one.when == When::Call { " when called" } else { "" };
        let unsure = if one.certain { "" } else { ", perhaps" };
        format!("{}: {} in {}{call}{unsure}", one.image, one.symbol, one.expected)
    };
    report.all().iter().map(line).collect()
}

#[test]
fn a_library_too_old_for_its_user_is_told_in_dylds_words() {
    let app = App::new(&importing(
        &[(1, "_malloc"), (2, "_old"), (2, "_new"), (2, "_newer")],
        needs("libtoo.dylib"),
    ))
    .library("libtoo.dylib", Sample { uuid: Some([0xab; 16]), ..exporting(&["_old"], uses(&[])) });
    let report = app.report();
    let library = "Contents/Frameworks/libtoo.dylib";
    assert_eq!(
        shown(&report),
        [
            format!("Contents/MacOS/main: _new in {library}"),
            format!("Contents/MacOS/main: _newer in {library}")
        ]
    );
    let (_, graph) = app.graph();
    let launch =
        graph.launches.iter().position(|launch| launch.entry.as_str() == "Contents/MacOS/main").unwrap();
    assert_eq!(
        report.first_fatal(launch).unwrap().message,
        "Symbol not found: _new\n  \
         Referenced from: <07070707-0707-0707-0707-070707070707> /Applications/T.app/Contents/MacOS/main\n  \
         Expected in:     <ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB> /Applications/T.app/Contents/Frameworks/libtoo.dylib"
    );
}

#[test]
fn the_first_image_in_load_order_comes_first() {
    let app = App::new(&importing(
        &[(3, "_c")],
        uses(&[(LoadKind::Required, "liba.dylib"), (LoadKind::Required, "libb.dylib")]),
    ))
    .library("liba.dylib", importing(&[(2, "_a")], needs("libb.dylib")))
    .library("libb.dylib", exporting(&[], uses(&[])));
    assert_eq!(
        app.missing(),
        [
            "Contents/MacOS/main: _c in Contents/Frameworks/libb.dylib",
            "Contents/Frameworks/liba.dylib: _a in Contents/Frameworks/libb.dylib",
        ]
    );
}

#[test]
fn what_a_library_exports_again_counts_as_its_own() {
    let main = importing(&[(2, "_deep"), (2, "_lost")], needs("libumbrella.dylib"));
    let app = App::new(&main)
        .library("libumbrella.dylib", exporting(&[], uses(&[(LoadKind::Reexport, "libinner.dylib")])))
        .library("libinner.dylib", exporting(&[], uses(&[(LoadKind::Reexport, "libinmost.dylib")])))
        // The cycle back must end.
        .library(
            "libinmost.dylib",
            exporting(&["_deep"], uses(&[(LoadKind::Reexport, "libumbrella.dylib")])),
        );
    assert_eq!(app.missing(), ["Contents/MacOS/main: _lost in Contents/Frameworks/libumbrella.dylib"]);
}

#[test]
fn what_a_library_merely_uses_does_not_count() {
    let app = App::new(&importing(&[(2, "_deep")], needs("libouter.dylib")))
        .library("libouter.dylib", exporting(&[], needs("libinner.dylib")))
        .library("libinner.dylib", exporting(&["_deep"], uses(&[])));
    assert_eq!(app.missing(), ["Contents/MacOS/main: _deep in Contents/Frameworks/libouter.dylib"]);
}

#[test]
fn one_symbol_may_be_forwarded_under_another_name() {
    let bundle = |there: &str| {
        App::new(&importing(&[(2, "_here")], needs("libouter.dylib")))
            .library("libouter.dylib", forwarding("_here", 2, there, needs("libinner.dylib")))
            .library("libinner.dylib", exporting(&["_there", "_here"], uses(&[])))
    };
    assert_eq!(bundle("_there").missing(), [] as [&str; 0]);
    assert_eq!(bundle("").missing(), [] as [&str; 0]);
    assert_eq!(
        bundle("_gone").missing(),
        ["Contents/MacOS/main: _here in Contents/Frameworks/libouter.dylib"]
    );
}

#[test]
fn a_forward_to_no_library_is_dylds_own_complaint() {
    let app = App::new(&importing(&[(2, "_here")], needs("libouter.dylib")))
        .library("libouter.dylib", forwarding("_here", 9, "_there", uses(&[])));
    let message = &app.report().launches[0][0].1.message;
    let path = "/Applications/T.app/Contents/Frameworks/libouter.dylib";
    assert!(
        message.starts_with(&format!(
            "re-export ordinal 9 in {path} out of range for _here\n  Referenced from: <"
        )),
        "{message}"
    );
}

#[test]
fn endless_forwards_end() {
    let app = App::new(&importing(&[(2, "_a")], needs("liba.dylib")))
        .library("liba.dylib", forwarding("_a", 2, "_b", needs("libb.dylib")))
        .library("libb.dylib", forwarding("_b", 2, "_a", needs("liba.dylib")));
    assert_eq!(app.missing(), ["Contents/MacOS/main: _a in Contents/Frameworks/liba.dylib"]);
}

#[test]
fn special_ordinals_ask_the_image_itself_and_the_main_executable() {
    let library = importing(
        &[(0, "_own"), (0, "_no"), (-1, "_mains"), (-1, "_nobody"), (-4, "_odd"), (9, "_far")],
        uses(&[]),
    );
    let app = App::new(&exporting(&["_mains"], needs("liba.dylib")))
        .library("liba.dylib", exporting(&["_own"], library));
    let user = "Contents/Frameworks/liba.dylib";
    assert_eq!(
        app.missing(),
        [
            format!("{user}: _no in {user}"),
            format!("{user}: _nobody in Contents/MacOS/main"),
            format!("{user}: _odd in no library"),
            format!("{user}: _far in no library"),
        ]
    );
    let launch = &app.report().launches[0];
    assert_eq!(
        launch[3].1.message,
        "unknown library ordinal 9 in /Applications/T.app/Contents/Frameworks/liba.dylib when binding '_far'"
    );
}

#[test]
fn a_flat_lookup_asks_every_image_in_the_process() {
    let main = uses(&[(LoadKind::Required, "liba.dylib"), (LoadKind::Required, "libb.dylib")]);
    let app = App::new(&exporting(&["_in_main"], main))
        .library("liba.dylib", importing(&[(-2, "_in_main"), (-2, "_in_b"), (-2, "_gone")], uses(&[])))
        .library("libb.dylib", exporting(&["_in_b"], uses(&[])));
    assert_eq!(app.missing(), ["Contents/Frameworks/liba.dylib: _gone in any loaded image, perhaps"]);
    let report = app.report_with(&Nothing);
    assert_eq!(shown(&report), ["Contents/Frameworks/liba.dylib: _gone in any loaded image"]);
    assert_eq!(report.launches[0][0].1.message, "symbol not found in flat namespace '_gone'");
}

#[test]
fn who_could_answer_a_flat_lookup_is_named() {
    let plug_in = |name: &str| Sample { file_type: 8, ..importing(&[(-2, name)], uses(&[])) };
    let app = App::new(&uses(&[]))
        .add("PlugIns/a.so", &plug_in("_python"))
        .add("PlugIns/b.so", &plug_in("_perl"))
        .add("Frameworks/libpython.dylib", &exporting(&["_python"], uses(&[])));
    let report = app.report();
    let offers: Vec<_> =
        report.all().iter().map(|one| (one.symbol.clone(), one.offered_by.clone())).collect();
    let library = ImageId::Bundled(BundlePath::new("Contents/Frameworks/libpython.dylib").unwrap());
    assert_eq!(offers, [("_python".to_owned(), Some(library)), ("_perl".to_owned(), None)]);
}

/// Knows every library of macOS: all are empty but for _malloc.
struct Nothing;

impl SystemSymbols for Nothing {
    fn exports(&self, _: &str, symbol: &str, _: Arch) -> Answer {
        if symbol == "_malloc" { Answer::Yes } else { Answer::No }
    }

    fn anywhere(&self, _: &str, _: Arch) -> Answer {
        Answer::No
    }
}

#[test]
fn a_weak_lookup_asks_the_images_with_weak_definitions() {
    let main = uses(&[(LoadKind::Required, "libstrong.dylib"), (LoadKind::Required, "libweak.dylib")]);
    let main = importing(&[(-3, "_weak"), (-3, "_strong"), (-3, "_own")], main);
    let app = App::new(&exporting(&["_own"], main))
        .library("libstrong.dylib", exporting(&["_strong"], uses(&[])))
        .library("libweak.dylib", Sample { flags: 0x8085, ..exporting(&["_weak"], uses(&[])) });
    assert_eq!(app.missing(), [] as [&str; 0], "libc++ may have it");
    let report = app.report_with(&Nothing);
    assert_eq!(shown(&report), ["Contents/MacOS/main: _strong in any loaded image with weak definitions"]);
    let message = &report.launches[0][0].1.message;
    assert!(message.ends_with("\n  Expected as weak-def export from some loaded dylib"), "{message}");
}

#[test]
fn a_weak_import_may_be_missing() {
    let weak = [ImportEntry { ordinal: 2, name: "_perhaps".into(), weak: true }];
    let main = needs("liba.dylib");
    let main = Sample { chained_fixups: Some(chained_fixups(main.order, 1, &weak)), ..main };
    let app = App::new(&main).library("liba.dylib", exporting(&[], uses(&[])));
    assert_eq!(app.missing(), [] as [&str; 0]);
}

#[test]
fn a_strong_symbol_of_an_absent_weak_library_is_expected_nowhere() {
    let main = importing(&[(2, "_maybe")], uses(&[(LoadKind::Weak, "libabsent.dylib")]));
    let report = App::new(&main).report();
    assert_eq!(shown(&report), ["Contents/MacOS/main: _maybe in a library that is absent"]);
    let missing = &report.launches[0][0].1;
    assert_eq!(missing.reference.as_ref().unwrap().leaf(), "libabsent.dylib");
    let message = &missing.message;
    assert!(message.ends_with("\n  Expected in:     <no uuid> unknown"), "{message}");
}

#[test]
fn a_missing_required_library_stops_the_launch_before_its_symbols() {
    let app = App::new(&importing(&[(2, "_a")], needs("libabsent.dylib")));
    assert_eq!(app.missing(), [] as [&str; 0]);
}

#[test]
fn lazy_binds_fail_when_they_are_called_and_weak_binds_never() {
    let info = [
        bind_opcodes(&[(2, 0, "_now")], false),
        bind_opcodes(&[(1, 0, "_coalesced")], false),
        bind_opcodes(&[(2, 0, "_later")], true),
        Vec::new(),
    ];
    let app = App::new(&Sample { dyld_info: Some(info), ..needs("liba.dylib") })
        .library("liba.dylib", exporting(&[], uses(&[])));
    let report = app.report_with(&Nothing);
    assert_eq!(
        shown(&report),
        [
            "Contents/MacOS/main: _now in Contents/Frameworks/liba.dylib",
            "Contents/MacOS/main: _later in Contents/Frameworks/liba.dylib when called",
        ]
    );
}

#[test]
fn what_macos_lacks_is_missing_only_when_that_is_known() {
    let app = App::new(&importing(&[(1, "_malloc"), (1, "_future")], uses(&[])));
    assert_eq!(app.missing(), [] as [&str; 0]);
    let report = app.report_with(&Nothing);
    assert_eq!(shown(&report), ["Contents/MacOS/main: _future in /usr/lib/libSystem.B.dylib"]);
    let message = &report.launches[0][0].1.message;
    assert!(
        message.ends_with("\n  Expected in:     <UUID of this macOS> /usr/lib/libSystem.B.dylib"),
        "{message}"
    );
}

#[test]
fn a_plug_in_is_told_only_what_it_brings() {
    let main = importing(&[(2, "_gone")], needs("liba.dylib"));
    let plug_in = importing(&[(2, "_a"), (2, "_lost"), (-1, "_gone"), (-2, "_a")], needs("liba.dylib"));
    let app = App::new(&main)
        .library("liba.dylib", exporting(&["_a"], uses(&[])))
        .add("PlugIns/p.so", &Sample { file_type: 8, ..plug_in });
    let (bundle, graph) = app.graph();
    let report = check(&bundle, &graph, &NothingKnown);
    let of = |entry: &str| {
        let launch = graph.launches.iter().position(|launch| launch.entry.as_str() == entry).unwrap();
        let missing = &report.launches[launch];
        let name = |(load, one): &(usize, Arc<MissingSymbol>)| {
            assert_eq!(graph.launches[launch].loads[*load].image, one.image);
            format!("{} in {}", one.symbol, one.expected)
        };
        missing.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(of("Contents/MacOS/main"), ["_gone in Contents/Frameworks/liba.dylib"]);
    assert_eq!(
        of("Contents/PlugIns/p.so"),
        ["_lost in Contents/Frameworks/liba.dylib", "_gone in Contents/MacOS/main"]
    );
}

#[test]
fn malformed_tables_are_named_and_nothing_is_said_of_them() {
    let app = App::new(&importing(&[(2, "_a")], needs("liba.dylib")))
        .library("liba.dylib", Sample { chained_fixups: Some(vec![9; 40]), ..exporting(&["_a"], uses(&[])) })
        .library("libb.dylib", uses(&[]));
    let report = app.report();
    assert_eq!(shown(&report), [] as [&str; 0]);
    let library = ImageId::Bundled(BundlePath::new("Contents/Frameworks/liba.dylib").unwrap());
    let why = &report.unreadable[&(library, Arch::ARM64)];
    assert!(why.contains("chained fixups"), "{why}");
}

#[test]
fn images_that_share_their_surroundings_are_checked_once() {
    let plug_in = Sample { file_type: 8, ..importing(&[(2, "_a")], needs("libshared.dylib")) };
    let mut app = App::new(&uses(&[])).library("libshared.dylib", exporting(&["_a"], uses(&[])));
    for n in 0..4 {
        app = app.add(&format!("PlugIns/p{n}.so"), &plug_in);
    }
    let report = app.report();
    assert_eq!(report.launches.len(), 5);
    // main, four plug-ins, and the library that each of them brings.
    assert_eq!((report.checked, report.imports), (6, 4));
}
