//! Wrong usage, what is not there yet, and how the program meets its surroundings.

use super::{assert_refused, on, program, run};
use crate::common::unpack_sample;

#[test]
fn help_and_version_are_no_errors() {
    let help = run(["--help"]);
    assert_eq!(help.code, 0);
    for command in [
        "demo", "inspect", "tree", "why", "launch", "map", "check", "rules", "fix", "undo", "sign", "verify",
        "dmg", "crash", "compare",
    ] {
        assert!(help.out.contains(&format!("  {command} ")), "{command} is not in\n{}", help.out);
        assert_eq!(run([command, "--help"]).code, 0, "{command}");
    }
    assert_eq!(run(["--version"]).out, concat!("bundlewright ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_usage_is_exit_2_and_says_so() {
    for arguments in [vec!["inspect"], vec!["check", "A.app", "--os", "11"], vec!["rules", "a", "b"]] {
        let run = run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.starts_with("error: "), "{}", run.err);
    }
    assert_refused(&run(["rules", "nonsense"]), 2, &["nonsense", "`bundlewright rules`"]);
    assert_refused(&run(["fix", "A.app", "--only", "nonsense"]), 2, &["nonsense"]);
}

#[test]
fn the_launch_is_that_of_the_system_and_the_variables_asked_for() {
    let sample = unpack_sample();
    let app = sample.app("Postcard");
    let twelve = on(&sample, "launch --os 12 --entry write-postcard --arch arm64", &app);
    assert!(twelve.out.contains("Library not loaded: '/opt/homebrew/opt/inkwell"), "{}", twelve.out);
    let newest = on(&sample, "launch --entry write-postcard --arch arm64", &app);
    assert!(newest.out.contains("Library not loaded: /opt/homebrew/opt/inkwell"), "{}", newest.out);
    let inserted = "launch --entry write-postcard --arch arm64 --env DYLD_INSERT_LIBRARIES=/gone.dylib";
    let inserted = on(&sample, inserted, &app);
    assert!(inserted.out.contains("terminating because inserted dylib '/gone.dylib'"), "{}", inserted.out);
    let hardened = "launch --entry write-postcard --hardened on --env DYLD_INSERT_LIBRARIES=/gone.dylib";
    let hardened = on(&sample, hardened, &app);
    assert!(
        hardened.out.contains("DYLD_INSERT_LIBRARIES ignored: the process is hardened"),
        "{}",
        hardened.out
    );
    for (line, why) in [
        ("launch --os 11", "known are 12, 13, 14, 15, 15.4, 26"),
        ("launch --env PATH=/x", "DYLD_NAME=VALUE"),
    ] {
        let refused = on(&sample, line, &app);
        assert!(refused.code == 2 && refused.err.contains(why), "{}", refused.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_there_is_one_human_line() {
    assert_refused(&run::<&str>([]), 2, &["no display", "bundlewright inspect"]);
    let sample = unpack_sample();
    assert_refused(&run([sample.app("Postcard")]), 2, &["no display", "Postcard.app"]);
}

#[test]
fn a_mistyped_command_is_not_taken_for_a_bundle() {
    assert_refused(&run(["chekc"]), 3, &["chekc", "no such file or command"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_fault() {
    let sample = unpack_sample();
    let mut child = program()
        .args(["inspect", "--json"])
        .arg(sample.app("Postcard"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]));
}

#[cfg(unix)]
#[test]
fn closed_streams_are_no_fault() {
    let line = format!("'{}' rules <&- >&- 2>&-", env!("CARGO_BIN_EXE_bundlewright"));
    let status = std::process::Command::new("sh").args(["-c", &line]).status().expect("a shell");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn an_image_or_reference_that_is_not_there_is_named() {
    let sample = unpack_sample();
    let app = sample.app("Postcard");
    assert_refused(&on(&sample, "why nothere x", &app), 3, &["has no image nothere"]);
    assert_refused(
        &on(&sample, "why write-postcard libnone.dylib", &app),
        3,
        &["has no reference libnone.dylib"],
    );
    assert_refused(&on(&sample, "tree --arch arm64e", &app), 3, &["arm64e", "arm64, x86_64"]);
    let found = on(&sample, "why write-postcard libstamp.1.dylib --arch arm64", &app);
    assert_eq!(found.code, 0, "{}", found.err);
    assert!(found.out.contains("LC_RPATH: /Users/builder/CraftRoot/lib"));
}

#[test]
fn a_root_must_be_a_folder() {
    let sample = unpack_sample();
    let mut arguments = vec!["check".into(), sample.app("Postcard").into_os_string()];
    arguments.extend(["--root".into(), "/opt/homebrew=/no/such/folder".into()]);
    assert_refused(&run(arguments), 3, &["/no/such/folder", "is not a folder"]);
}
