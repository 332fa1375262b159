//! Signing and verifying against their floors, as ratios of medians in one run:
//! `cargo bench --no-default-features --bench sign`.
//!
//! Signing is the whole of `workflow::sign` on a fresh copy of the bundle: look, plan, transaction, check before the swap. Its
//! floor is to hash every file with SHA-256 on the same threads and to write the files that signing makes anew, once as it is
//! and once with each of them brought to the disk, as signing brings them. Signing again is the same transaction after an
//! inspection, with one library touched and with everything touched. Verifying is measured against the hashing alone.
//!
//! A made app has a library of 256 MB, thirty of 4 MB and a thousand resources; `BUNDLEWRIGHT_BENCH_APPS=A.app:B.app` takes
//! apps of yours instead. Where rcodesign is in PATH it signs the same bundles.
#![allow(clippy::disallowed_methods, reason = "a bench makes what it measures")]

#[cfg(unix)]
#[path = "sign/apps.rs"]
mod apps;
#[cfg(unix)]
#[path = "../common/mod.rs"]
mod common;
mod measure;
#[cfg(unix)]
#[path = "sign/rounds.rs"]
mod rounds;

#[cfg(unix)]
fn main() {
    let named = std::env::var_os("BUNDLEWRIGHT_BENCH_APPS").unwrap_or_default();
    let named = std::env::split_paths(&named).filter(|app| !app.as_os_str().is_empty());
    let named: Vec<std::path::PathBuf> = named.collect();
    named.iter().for_each(|app| rounds::measure(&app.canonicalize().expect("an app")));
    if named.is_empty() {
        let made = apps::made();
        rounds::measure(&made.path().canonicalize().expect("a folder").join("Made.app"));
    }
}

/// Links and inodes tell what was made anew.
#[cfg(not(unix))]
fn main() {
    println!("signing is not measured on this system");
}
