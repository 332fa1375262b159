//! The headless commands: one file each. Names, flags, exit codes and JSON fields are a contract with other people's
//! scripts.

mod answer;
mod backdrop;
mod check;
mod compare;
mod crash;
mod demo;
mod dmg;
mod environment;
mod fix;
mod identity;
mod inspect;
mod launch;
mod laws;
mod look;
mod map;
mod pick;
mod preflight;
mod progress_bar;
mod render;
mod rules;
mod session;
mod sign;
mod tree;
mod undo;
mod verify;
mod why;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use answer::{Answer, Trouble};
use environment::Environment;
use session::Session;

/// Shows how dyld resolves every library of a macOS app bundle, fixes what breaks, signs it and builds the disk image.
#[derive(Parser)]
#[command(name = "bundlewright", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done and no errors found; 1 done, errors found; 2 wrong usage; 3 could not do it."
)]
struct Arguments {
    /// Open the window with this .app, .dmg or crash report.
    file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Inspect(inspect::Inspect),
    Tree(tree::Tree),
    Why(why::Why),
    Launch(launch::Launch),
    Map(map::Map),
    Check(check::Check),
    Rules(rules::Rules),
    Laws(laws::Laws),
    Fix(fix::Fix),
    Undo(undo::Undo),
    Sign(sign::Sign),
    Verify(verify::Verify),
    Preflight(preflight::Preflight),
    Dmg(Box<dmg::Dmg>),
    Crash(crash::Crash),
    Compare(compare::Compare),
}

impl Command {
    fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        match self {
            Command::Demo(demo) => demo.run(session),
            Command::Inspect(inspect) => inspect.run(session),
            Command::Tree(tree) => tree.run(session),
            Command::Why(why) => why.run(session),
            Command::Launch(launch) => launch.run(session),
            Command::Map(map) => map.run(session),
            Command::Check(check) => check.run(session),
            Command::Rules(rules) => rules.run(),
            Command::Laws(laws) => laws.run(),
            Command::Fix(fix) => fix.run(session),
            Command::Undo(undo) => undo.run(session),
            Command::Sign(sign) => sign.run(session),
            Command::Verify(verify) => verify.run(session),
            Command::Preflight(preflight) => preflight.run(session),
            Command::Dmg(dmg) => dmg.run(session),
            Command::Crash(crash) => crash.run(session),
            Command::Compare(compare) => compare.run(session),
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print(); // a closed pipe is no fault
            return ExitCode::from(error.exit_code().clamp(0, 3) as u8);
        }
    };
    let session = Session::new(Environment::read());
    let answer = catch_unwind(AssertUnwindSafe(|| match &arguments.command {
        Some(command) => command.run(&session),
        None => window::open(arguments.file.as_deref(), None, &session),
    }));
    session.end(answer.unwrap_or(Err(Trouble::Fault)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn code(arguments: &[&str]) -> i32 {
        match Arguments::try_parse_from([&["bundlewright"], arguments].concat()) {
            Ok(_) => 0,
            Err(error) => error.exit_code(),
        }
    }

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_contract_is_accepted() {
        for line in [
            "",
            "Foo.app",
            "demo",
            "demo --dir here",
            "inspect Foo.app --json --root /opt/homebrew=here --root /usr/local=there",
            "tree Foo.app --arch arm64",
            "why Foo.app Foo @rpath/libbar.dylib",
            "launch Foo.app --arch x86_64 --os 26 --json",
            "map Foo.app",
            "map Foo.app --why libz.dylib --unused --cycles --size --minimum-system --architectures --network --json",
            "map Foo.app --network --system --entry Foo --arch arm64",
            "check Foo.app --json",
            "rules",
            "rules missing-library",
            "laws",
            "laws nearest-rpath-first --json",
            "why Foo.app Foo @rpath/libbar.dylib --markdown",
            "fix Foo.app --dry-run --only missing-library --only no-rpath --ignore libz* --json",
            "fix Foo.app --reference Contents/MacOS/Foo @rpath/libbar.dylib",
            "undo Foo.app",
            "sign Foo.app",
            "sign Foo.app --identity me.p12 --password-file p --entitlements e.plist --hardened-runtime --timestamp-url none",
            "sign Foo.app --dry-run --json",
            "verify Foo.dmg --json",
            "preflight Foo.app",
            "preflight Foo.dmg --json",
            "dmg Foo.app -o Foo.dmg --format udzo --level 9 --background b.png --layout l.json \
             --volume-name Foo --volume-icon v.icns --window 640x400 --icon-size 96 --place Foo.app=100,200 --add README",
            "dmg Foo.app -o Foo.dmg --background-color #fff",
            "crash report.ips --bundle Foo.app",
            "crash - --json",
            "crash a.ips b.crash --bundle Foo.app --root /opt/homebrew=here --os 14 --markdown",
            "compare A.app B.app",
            "compare A.app A.dmg --json --all",
            "compare a.dylib b.dylib --markdown",
        ] {
            assert_eq!(code(&line.split_whitespace().collect::<Vec<_>>()), 0, "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_exit_2() {
        for line in [
            "inspect",
            "inspect A.app B.app",
            "inspect A.app --os 11",
            "inspect A.app --root nowhere",
            "inspect A.app --root relative=x",
            "tree A.app --arch arm65",
            "map A.app --why",
            "map A.app --system",
            "sign A.app --password-file p",
            "dmg A.app",
            "dmg A.app -o A.dmg --format zip",
            "dmg A.app -o A.dmg --background b.png --background-color red",
            "dmg A.app -o A.dmg --level high",
            "dmg A.app -o A.dmg --window 640",
            "dmg A.app -o A.dmg --place Foo.app",
            "fix A.app --reference Contents/MacOS/Foo",
            "fix A.app --only no-rpath --reference a b",
            "compare A.app",
            "compare A.app B.app --json --markdown",
            "A.app B.app",
            "crash",
            "crash a.ips --json --markdown",
        ] {
            assert_eq!(code(&line.split_whitespace().collect::<Vec<_>>()), 2, "{line}");
        }
    }
}
