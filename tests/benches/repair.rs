//! Fixing against its floor and its peers, in one run: `cargo bench --no-default-features --bench repair`.
//!
//! Measured is the whole of `fix` on a fresh copy of the app each time: inspect, plan, apply with signing, the check before
//! the swap, and the inspection afterwards. The floor is to copy the files that a fix makes anew and to hash them with
//! SHA-256, on the same threads, in turn with ours: once as it is, and once with each copy brought to the disk, as a fix
//! brings them.
//!
//! Three made apps have their libraries in a build folder, by absolute names: 200 in a row, 200 side by side, 2,000 in rows
//! of 20. `BUNDLEWRIGHT_BENCH_APPS=A.app:B.app` takes apps of yours, with what stands beside them. `repair/peers.rs` says
//! what else is run where it is installed. Nothing of an app is changed where it stands.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

#[cfg(unix)]
#[path = "repair/apps.rs"]
mod apps;
#[cfg(unix)]
#[path = "repair/floor.rs"]
mod floor;
#[cfg(unix)]
mod measure;
#[cfg(unix)]
#[path = "repair/memory.rs"]
mod memory;
#[cfg(unix)]
#[path = "../common/model.rs"]
mod model;
#[cfg(unix)]
#[path = "repair/peers.rs"]
mod peers;
#[cfg(unix)]
#[path = "../laws/thin.rs"]
mod thin;

#[cfg(unix)]
fn main() {
    if let Some(app) = memory::asked_for() {
        return memory::of_one_fix(&app);
    }
    for source in apps::all() {
        println!("{}", source.name);
        let plan = floor::compare(&source);
        memory::measure(&source);
        peers::all(&source, &plan);
    }
}

/// Links and inodes tell what was made anew.
#[cfg(not(unix))]
fn main() {
    println!("fixing is not measured on this system");
}
