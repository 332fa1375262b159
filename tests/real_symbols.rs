//! What our checker says is missing in a real app; every line needs an explanation.
//!
//! `BUNDLEWRIGHT_APP=Foo.app cargo test --test real_symbols -- --ignored --nocapture`. Files beside the app count as the
//! build machine's.

#![allow(clippy::disallowed_methods, reason = "a person names the app")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use bundlewright::bundle::{ImageId, SearchRoots, scan};
use bundlewright::dyld::symbols::{NothingKnown, check};
use bundlewright::dyld::{Conditions, Place, resolve};
use bundlewright::macho::Arch;
use bundlewright::progress::Progress;

#[test]
#[ignore = "needs BUNDLEWRIGHT_APP"]
fn what_is_missing() {
    let app = std::env::var_os("BUNDLEWRIGHT_APP").map(PathBuf::from).expect("BUNDLEWRIGHT_APP names an app");
    let bundle = scan(&app, &Progress::silent()).expect("a bundle");
    let graph = resolve(&bundle, &Place::BuildMac(SearchRoots::default()), &Conditions::default());
    let start = std::time::Instant::now();
    let report = check(&bundle, &graph, &NothingKnown);
    println!(
        "{} launches, {} slices in their surroundings, {} imports, {:?}",
        graph.launches.len(),
        report.checked,
        report.imports,
        start.elapsed()
    );
    let mut lines: BTreeMap<(&ImageId, Arch, String), Vec<&str>> = BTreeMap::new();
    for missing in report.all() {
        let sure = if missing.certain { "" } else { ", perhaps" };
        let expected = format!("{} {:?}{sure}", missing.expected, missing.when);
        lines.entry((&missing.image, missing.arch, expected)).or_default().push(&missing.symbol);
    }
    for ((image, arch, expected), symbols) in lines {
        let some: Vec<&str> = symbols.iter().copied().take(4).collect();
        println!("{image} {arch} in {expected}: {} {}", symbols.len(), some.join(" "));
    }
    for ((image, arch), why) in &report.unreadable {
        println!("unreadable: {image} {arch} {why}");
    }
    assert!(report.imports > 0, "an app without imports proves nothing");
}
