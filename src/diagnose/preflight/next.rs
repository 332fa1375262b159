//! The commands that come next, with the names of this submission. Nothing is uploaded from here.

use super::Kind;
use super::submission::{Submission, inside};

/// One step of the way to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub place: Place,
    /// To be pasted into a shell. Words in capitals are the user's to fill in.
    pub line: String,
    /// What it does, as a clause without its full stop.
    pub why: &'static str,
}

/// Where a command can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With Apple's tools: your Mac, or one of your CI.
    Mac,
    /// On any system, with a tool of somebody else.
    Anywhere,
}

/// `file` is the path of the submission as the user gave it.
pub fn next_commands(submission: &Submission, file: &str) -> Vec<Command> {
    let kind = submission.kind;
    let path = file.trim_end_matches('/');
    let (quoted, zip) = (quoted(path), quoted(&format!("{}.zip", stem(path, kind))));
    let upload = if kind == Kind::DiskImage { &quoted } else { &zip };
    let team = submission.team().unwrap_or("TEAM");
    let mut lines = vec![(
        Place::Mac,
        format!("xcrun notarytool store-credentials PROFILE --apple-id YOU@EXAMPLE.COM --team-id {team}"),
        "once: keep the account's app-specific password in the keychain",
    )];
    if kind != Kind::DiskImage {
        let line = format!("ditto -c -k --keepParent {quoted} {zip}");
        lines.push((Place::Mac, line, "pack it for the upload; links and attributes stay"));
    }
    lines.push((
        Place::Mac,
        format!("xcrun notarytool submit {upload} --keychain-profile PROFILE --wait"),
        "upload it and wait for the answer",
    ));
    lines.push((
        Place::Mac,
        "xcrun notarytool log ID --keychain-profile PROFILE".to_owned(),
        "if it is rejected: why, file by file",
    ));
    lines.extend(after_the_ticket(submission, path));
    // rcodesign packs an app by itself; what is neither app nor image goes to it as the zip, and gets no ticket.
    let (wait, given) =
        if matches!(kind, Kind::App | Kind::DiskImage) { ("--staple", &quoted) } else { ("--wait", &zip) };
    lines.push((
        Place::Anywhere,
        format!("rcodesign notary-submit --api-key-path KEY.json {wait} {given}"),
        "the same without a Mac: the tool rcodesign with a key of App Store Connect",
    ));
    lines.into_iter().map(|(place, line, why)| Command { place, line, why }).collect()
}

/// Staple, and ask a Mac.
fn after_the_ticket(submission: &Submission, path: &str) -> Vec<(Place, String, &'static str)> {
    let staple = |path: &str| {
        let why = "put the ticket into it, so that it opens without a network";
        (Place::Mac, format!("xcrun stapler staple {}", quoted(path)), why)
    };
    let ask = |how: &str, path: &str| (Place::Mac, format!("{how} {}", quoted(path)), "ask Gatekeeper");
    let app = |path: &str| [staple(path), ask("spctl -a -vv", path)];
    // Nothing can be stapled to a bare program: Macs ask Apple for its ticket.
    let program = |path: &str| ask("codesign --verify -vv --check-notarization -R='notarized'", path);
    let inside = |place: &String| inside(path, place);
    match submission.kind {
        Kind::App => app(path).to_vec(),
        Kind::DiskImage => {
            vec![staple(path), ask("spctl -a -vv -t open --context context:primary-signature", path)]
        }
        Kind::Code => vec![program(path)],
        Kind::Folder => {
            let apps = submission.bundles.iter().filter(|place| place.ends_with(".app")).map(inside);
            let lines: Vec<_> = apps.flat_map(|path| app(&path)).collect();
            let first = submission.programs().next().map(|(code, _)| program(&inside(&code.path)));
            if lines.is_empty() { first.into_iter().collect() } else { lines }
        }
    }
}

/// The path without the ending of an app.
fn stem(path: &str, kind: Kind) -> &str {
    if kind == Kind::App { path.strip_suffix(".app").unwrap_or(path) } else { path }
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(kind: Kind, file: &str) -> Vec<String> {
        let submission = Submission { kind, ..Submission::default() };
        next_commands(&submission, file).into_iter().map(|one| one.line).collect()
    }

    #[test]
    fn an_app_is_packed_and_the_ticket_goes_into_the_app() {
        assert_eq!(
            lines(Kind::App, "build/My App.app/")[1..],
            [
                "ditto -c -k --keepParent 'build/My App.app' 'build/My App.zip'",
                "xcrun notarytool submit 'build/My App.zip' --keychain-profile PROFILE --wait",
                "xcrun notarytool log ID --keychain-profile PROFILE",
                "xcrun stapler staple 'build/My App.app'",
                "spctl -a -vv 'build/My App.app'",
                "rcodesign notary-submit --api-key-path KEY.json --staple 'build/My App.app'",
            ]
        );
    }

    #[test]
    fn an_image_goes_as_it_is_and_a_program_gets_no_ticket() {
        let image = lines(Kind::DiskImage, "Foo.dmg");
        assert!(image.iter().all(|line| !line.contains("ditto")));
        assert!(
            image.contains(&"xcrun notarytool submit Foo.dmg --keychain-profile PROFILE --wait".to_owned())
        );
        assert!(
            image.contains(&"spctl -a -vv -t open --context context:primary-signature Foo.dmg".to_owned())
        );
        let program = lines(Kind::Code, "bin/node");
        assert!(program.contains(&"ditto -c -k --keepParent bin/node bin/node.zip".to_owned()));
        assert!(program.iter().all(|line| !line.contains("staple")));
    }

    #[test]
    fn in_a_folder_every_app_gets_its_ticket() {
        let bundles = vec!["My.app".to_owned(), "Lib.bundle".to_owned()];
        let submission = Submission { kind: Kind::Folder, bundles, ..Submission::default() };
        let lines: Vec<String> = next_commands(&submission, "out").into_iter().map(|one| one.line).collect();
        assert!(lines.contains(&"xcrun stapler staple out/My.app".to_owned()), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.contains("stapler")).count(), 1);
    }

    #[test]
    fn names_reach_the_shell_as_one_word() {
        assert_eq!(quoted("It's.app"), r"'It'\''s.app'");
        assert_eq!(quoted("$(rm).app"), "'$(rm).app'");
        assert_eq!(quoted("-x.dmg"), "./-x.dmg");
        assert_eq!(quoted("Grüße/Foo-1.2.app"), "Grüße/Foo-1.2.app");
    }
}
