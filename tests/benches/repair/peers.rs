//! Other tools at the same work, where they are installed.
//!
//! dylibbundler and delocate-path are found in PATH or in the folders of `BUNDLEWRIGHT_BENCH_PEERS`. They call otool,
//! install_name_tool and codesign, which may be programs of LLVM there under these names; a codesign that does nothing is
//! to their favour. llvm-install-name-tool makes the load-command edits of our plan, one process for each file. A tool that
//! takes longer than `BUNDLEWRIGHT_BENCH_PATIENCE` seconds (300) is stopped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bundlewright::fix::Edit;
use bundlewright::paths::BundlePath;
use bundlewright::workflow::FixPlan;

use crate::apps::Source;

/// Runs each of them once on a fresh copy: they take long enough.
pub fn all(source: &Source, plan: &FixPlan) {
    dylibbundler(source);
    delocate(source);
    editor("llvm-install-name-tool", source, plan);
}

fn dylibbundler(source: &Source) {
    let fresh = source.fresh();
    let program = fs::read_dir(fresh.app.join("Contents/MacOS")).expect("a folder").next();
    let program = program.expect("a program").expect("an entry").path();
    let mut command = Command::new("dylibbundler");
    command.args(["-od", "-b", "-cd", "-p", "@executable_path/../Frameworks/", "-x"]).arg(program);
    command.arg("-d").arg(fresh.app.join("Contents/Frameworks"));
    run("dylibbundler", &mut command);
}

fn delocate(source: &Source) {
    let fresh = source.fresh();
    let mut command = Command::new("delocate-path");
    command.args(["-L", "Contents/Frameworks", "--executable-path"]).arg(fresh.app.join("Contents/MacOS"));
    run("delocate-path", command.arg(&fresh.app));
}

/// Copies every file whose load commands the plan changes, and has the tool change them.
fn editor(name: &str, source: &Source, plan: &FixPlan) {
    let Some(tool) = found(name) else { return println!("  {name}: not installed") };
    let mut arguments: BTreeMap<&BundlePath, Vec<OsString>> = BTreeMap::new();
    for planned in &plan.edits {
        let words = words(&planned.edit);
        if !words.is_empty() {
            arguments.entry(planned.edit.path()).or_default().extend(words.into_iter().map(OsString::from));
        }
    }
    let (fresh, folder) = (source.fresh(), tempfile::tempdir().expect("a temporary folder"));
    let begun = Instant::now();
    let mut failed = 0;
    for (number, (path, words)) in arguments.iter().enumerate() {
        if begun.elapsed() > patience() {
            return println!("  {name}: stopped after {number} of {} files", arguments.len());
        }
        let copy = folder.path().join(number.to_string());
        let inside = path.to_local(&fresh.app);
        let from = if inside.exists() { &inside } else { &plan.expected.images[*path].local };
        fs::copy(from, &copy).expect("copied");
        let mut command = Command::new(&tool);
        command.args(words).arg(&copy).stdout(Stdio::null()).stderr(Stdio::null());
        failed += usize::from(!command.status().is_ok_and(|status| status.success()));
    }
    let took = begun.elapsed();
    println!("  {name} on {} files: {took:.1?}, failed on {failed}; signs nothing", arguments.len());
}

/// What the tool calls an edit.
fn words(edit: &Edit) -> Vec<String> {
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match edit {
        Edit::SetId { to, .. } => text(&["-id", to.as_str()]),
        Edit::ChangeUse { from, to, .. } => text(&["-change", from.as_str(), to.as_str()]),
        Edit::AddRpath { rpath, .. } => text(&["-add_rpath", rpath.as_str()]),
        Edit::ReplaceRpath { from, to, .. } => text(&["-rpath", from.as_str(), to.as_str()]),
        Edit::DeleteRpath { rpath, .. } => text(&["-delete_rpath", rpath.as_str()]),
        _ => Vec::new(),
    }
}

fn run(name: &str, command: &mut Command) {
    if found(name).is_none() {
        return println!("  {name}: not installed");
    }
    command.env("PATH", path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let patience = patience();
    let begun = Instant::now();
    let mut child = command.spawn().expect("started");
    while begun.elapsed() < patience {
        if let Some(status) = child.try_wait().expect("a child") {
            return println!("  {name}: {:.1?}, {status}", begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("stopped");
    child.wait().expect("stopped");
    println!("  {name}: stopped after {patience:.0?}");
}

fn patience() -> Duration {
    let seconds = std::env::var("BUNDLEWRIGHT_BENCH_PATIENCE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(300))
}

fn found(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn path() -> OsString {
    let own = std::env::var_os("BUNDLEWRIGHT_BENCH_PEERS").unwrap_or_default();
    let usual = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::env::split_paths(&own).chain(std::env::split_paths(&usual))).expect("folders")
}
