use bundlewright::{
    bundle::{self, SearchRoots},
    dyld::{self, Place},
    progress::Progress,
};
#[test]
fn scratch() {
    let path = std::env::var("APP").unwrap();
    let t = std::time::Instant::now();
    let b = bundle::scan(path.as_ref(), &Progress::silent()).unwrap();
    println!("scan {:?} images {} problems {:?}", t.elapsed(), b.images.len(), b.problems);
    for e in &b.entries {
        println!("{e:?}");
    }
    for f in &b.frameworks {
        println!("{f:?}");
    }
    let mut roots = SearchRoots::default();
    if let Ok(r) = std::env::var("ROOTS") {
        for r in r.split(',') {
            roots.roots.push(SearchRoots::parse(r).unwrap());
        }
    }
    for place in [Place::CleanMac, Place::BuildMac(roots)] {
        let t = std::time::Instant::now();
        let g = dyld::resolve(&b, &place);
        println!(
            "== {:?} {:?} launches {} externals {}",
            t.elapsed(),
            place,
            g.launches.len(),
            g.externals.len()
        );
        for l in &g.launches {
            println!("{:?} {} {} loads {} start {}", l.kind, l.entry, l.arch, l.loads.len(), l.start);
            println!("{}", dyld::launch::verdict(&b, l).message.unwrap_or("ok".into()));
            if std::env::var("V").is_ok() {
                for load in &l.loads {
                    println!("  {}", load.path);
                    for d in &load.dependencies {
                        println!("    {} {:?}", d.name, d.resolution);
                        for c in &d.candidates {
                            println!("      {:?} {} {}", c.rule, c.tried, c.outcome);
                        }
                    }
                }
            }
        }
    }
}
