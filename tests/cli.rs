//! The command line as a user's script meets it: exit codes, one-line refusals, JSON after the contract.
#![allow(clippy::disallowed_methods)] // tests write the files they need

mod common;

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/image_design.rs"]
mod image_design;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/repair.rs"]
mod repair;
#[path = "cli/signed_image.rs"]
mod signed_image;
#[path = "cli/usage.rs"]
mod usage;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::Fixture;

/// What a run left.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// The program with the surroundings of a build server: no display, no colours asked for.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_bundlewright"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "SOURCE_DATE_EPOCH", "CLICOLOR_FORCE"] {
        program.env_remove(name);
    }
    program.stdin(Stdio::null());
    program
}

fn finished(output: Output) -> Run {
    let run = Run {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert!(!run.out.contains('\u{1b}'), "colours in a pipe: {}", run.out);
    run
}

fn run<I: Into<OsString>>(arguments: impl IntoIterator<Item = I>) -> Run {
    finished(program().args(arguments.into_iter().map(Into::into)).output().expect("the program starts"))
}

/// `words` is split at spaces; `path` follows the first word, the fixture's roots come last.
fn on(fixture: &Fixture, words: &str, path: &Path) -> Run {
    let mut arguments: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
    arguments.insert(1, path.into());
    arguments.extend(roots(fixture));
    run(arguments)
}

fn roots(fixture: &Fixture) -> Vec<OsString> {
    let roots = fixture.roots().into_iter();
    roots.flat_map(|(from, to)| ["--root".into(), format!("{from}={}", to.display()).into()]).collect()
}

/// Refused with `code` and one line of the form "bundlewright: FILE: what; next step."
fn assert_refused(run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    assert!(run.err.starts_with("bundlewright: ") && run.err.ends_with(".\n"), "{}", run.err);
    words.iter().for_each(|word| assert!(run.err.contains(word), "no {word:?} in {}", run.err));
}
