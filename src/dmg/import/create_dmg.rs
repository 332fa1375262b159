//! A command line of create-dmg (its `--help`), also in a script: its flags, and the folder whose content goes in.

use std::path::Path;

use super::{Import, Placed, Tool, beside};
use crate::dmg::spec::{Format, ItemSource};
use crate::failure::Failure;

/// Its window is placed from the top of the screen, of which nothing is known but the usual height.
const SCREEN: i32 = 900;
/// Flags without values that change nothing here: how it talks to hdiutil and the Finder.
const NOTHING: [&str; 12] = [
    "--no-internet-enable",
    "--internet-enable",
    "--hdiutil-verbose",
    "--hdiutil-quiet",
    "--sandbox-safe",
    "--skip-jenkins",
    "--bless",
    "--encrypt",
    "--encrypt-aes128",
    "--version",
    "--help",
    "-h",
];
/// Flags with one value that are not taken over.
const ONE_VALUE: [&str; 7] = [
    "--rez",
    "--disk-image-size",
    "--codesign",
    "--notarize",
    "--filesystem",
    "--applescript-sleep-duration",
    "--hdiutil-retries",
];

/// The flags as they are read, one after the other.
struct Words<'a> {
    words: std::slice::Iter<'a, String>,
    path: &'a Path,
}

impl Words<'_> {
    fn text(&mut self, flag: &str) -> Result<String, Failure> {
        let missing = || Failure::new(self.path, format!("gives {flag} too few values"), "correct it");
        self.words.next().cloned().ok_or_else(missing)
    }

    fn number(&mut self, flag: &str) -> Result<i32, Failure> {
        let text = self.text(flag)?;
        let number: Option<f64> = text.parse().ok();
        number.map(|number| number as i32).ok_or_else(|| {
            Failure::new(self.path, format!("gives {flag} \"{text}\", which is no number"), "correct it")
        })
    }

    fn pair(&mut self, flag: &str) -> Result<(i32, i32), Failure> {
        Ok((self.number(flag)?, self.number(flag)?))
    }
}

pub fn read(text: &str, path: &Path) -> Result<Import, Failure> {
    let words = command(text).ok_or_else(|| {
        let what = "is none of appdmg's or dmgbuild's JSON, and no command line of create-dmg";
        Failure::new(path, what, "name one of them")
    })?;
    let mut import = Import::new(Tool::CreateDmg, 128);
    (import.text_size, import.format) = (Some(16), Some(Format::Udzo));
    let (mut at, mut size) = ((10, 60), (500, 350));
    let mut rest = Vec::new();
    let mut given = Words { words: words.iter(), path };
    while let Some(word) = given.words.next() {
        let flag = word.as_str();
        match flag {
            "--volname" => import.volume_name = Some(given.text(flag)?),
            "--volicon" => import.icon(&beside(path, &given.text(flag)?))?,
            "--background" => import.picture(beside(path, &given.text(flag)?)),
            "--window-pos" => at = given.pair(flag)?,
            "--window-size" => size = given.pair(flag)?,
            "--icon-size" => import.icon_size = given.number(flag)?.max(0) as u32,
            "--text-size" => import.text_size = Some(given.number(flag)?.max(0) as u32),
            "--format" => import.format(&given.text(flag)?),
            "--eula" => import.licence("en", &beside(path, &given.text(flag)?))?,
            "--hide-extension" => entry(&mut import, &given.text(flag)?).hide_extension = true,
            "--icon" => {
                let name = given.text(flag)?;
                entry(&mut import, &name).at = Some(given.pair(flag)?);
            }
            "--custom-icon" => {
                let (name, _icon) = (given.text(flag)?, given.text(flag)?);
                entry(&mut import, &name).at = Some(given.pair(flag)?);
                import.cannot(&format!("The icon of {name}"));
            }
            "--app-drop-link" => link(&mut import, "Applications", "/Applications", given.pair(flag)?),
            "--ql-drop-link" => link(&mut import, "QuickLook", "/Library/QuickLook", given.pair(flag)?),
            "--add-file" | "--add-folder" => {
                let (name, file) = (given.text(flag)?, given.text(flag)?);
                let placed = entry(&mut import, &name);
                placed.source = Some(ItemSource::Local(beside(path, &file)));
                placed.at = Some(given.pair(flag)?);
            }
            flag if NOTHING.contains(&flag) => import.cannot(flag),
            flag if ONE_VALUE.contains(&flag) => {
                given.text(flag)?;
                import.cannot(flag);
            }
            flag if flag.starts_with("--") => import.cannot(flag),
            _ => rest.push(word.clone()),
        }
    }
    import.window_size = Some((size.0.max(0) as u32, size.1.max(0) as u32));
    import.window_at = Some((at.0, (SCREEN - at.1 - size.1).max(0)));
    for word in words.iter().filter(|word| word.contains('$')) {
        import.notes.push(format!("{word} stands for something that only the shell knows."));
    }
    sources(&mut import, &rest, path);
    Ok(import)
}

/// The entry of this name, which may be mentioned by several flags.
fn entry<'a>(import: &'a mut Import, name: &str) -> &'a mut Placed {
    let at = import.items.iter().position(|item| item.name == name).unwrap_or(import.items.len());
    if at == import.items.len() {
        import.items.push(Placed { name: name.to_owned(), source: None, at: None, hide_extension: false });
    }
    &mut import.items[at]
}

fn link(import: &mut Import, name: &str, target: &str, at: (i32, i32)) {
    let placed = entry(import, name);
    (placed.source, placed.at) = (Some(ItemSource::Link(target.to_owned())), Some(at));
}

/// `OUT.dmg` and the folder whose content goes in; the volume is called like the image unless it has a name.
fn sources(import: &mut Import, rest: &[String], path: &Path) {
    if let Some(out) = rest.first().filter(|_| import.volume_name.is_none()) {
        let name = out.rsplit('/').next().unwrap_or(out);
        import.volume_name = Some(name.strip_suffix(".dmg").unwrap_or(name).to_owned());
    }
    let Some(folder) = rest.get(1).filter(|folder| !folder.trim_end_matches('/').ends_with(".app")) else {
        return;
    };
    let Ok(found) = std::fs::read_dir(beside(path, folder)) else {
        import.notes.push(format!("The folder {folder} is not there, so that nothing of it is taken over."));
        return;
    };
    let mut names: Vec<String> =
        found.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter(|name| *name != ".DS_Store") {
        let source = ItemSource::Local(beside(path, folder).join(name));
        entry(import, name).source.get_or_insert(source);
    }
}

/// The words behind `create-dmg`, or the whole text when it begins with a flag; `None` when there is neither.
fn command(text: &str) -> Option<Vec<String>> {
    let lines = lines(text);
    let named = |word: &String| matches!(word.rsplit('/').next(), Some("create-dmg" | "create-dmg.sh"));
    let found = lines.iter().find_map(|words| Some(words[words.iter().position(named)? + 1..].to_vec()));
    found.or_else(|| {
        lines.first().filter(|words| words.first().is_some_and(|word| word.starts_with("--"))).cloned()
    })
}

/// Commands in words, as a POSIX shell takes them apart: quotes, backslashes and comments; variables stay.
fn lines(text: &str) -> Vec<Vec<String>> {
    let mut lines = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut letters = text.chars().peekable();
    let end = |word: &mut Option<String>, lines: &mut Vec<Vec<String>>| {
        if let (Some(word), Some(line)) = (word.take(), lines.last_mut()) {
            line.push(word);
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('\n') | None => {}
                Some(letter) => word.get_or_insert_default().push(letter),
            },
            '\'' => {
                word.get_or_insert_default().extend(letters.by_ref().take_while(|letter| *letter != '\''))
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    match (letter, letters.peek()) {
                        ('\\', Some('"' | '\\' | '$' | '`')) => word.extend(letters.next()),
                        ('\\', Some('\n')) => drop(letters.next()),
                        _ => word.push(letter),
                    }
                }
            }
            '#' if word.is_none() => {
                while letters.peek().is_some_and(|letter| *letter != '\n') {
                    letters.next();
                }
            }
            '\n' | ';' | '&' | '|' => {
                end(&mut word, &mut lines);
                lines.push(Vec::new());
            }
            letter if letter.is_whitespace() => end(&mut word, &mut lines),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    end(&mut word, &mut lines);
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tests::imported;
    use super::*;
    use crate::dmg::{Background, DmgSpec};

    /// The example of its README, with further flags of its help.
    const EXAMPLE: &str = r#"#!/bin/sh
# Makes the image; create-dmg is in brew.
test -f Application-Installer.dmg && rm Application-Installer.dmg
create-dmg \
  --volname "Application Installer" \
  --volicon "application_icon.icns" \
  --background 'installer background.png' \
  --window-pos 200 120 \
  --window-size 800 400 \
  --text-size 12 --icon-size 100 \
  --icon "Application.app" 200 190 \
  --hide-extension "Application.app" \
  --app-drop-link 600 185 --ql-drop-link 600 300 \
  --add-file "Read me.txt" docs/README 400 300 \
  --eula LICENSE --codesign "$IDENTITY" --format UDBZ --hdiutil-quiet \
  "Application-Installer.dmg" \
  source_folder/ && echo done"#;

    #[test]
    fn its_own_example_is_taken_over() {
        let others = [
            ("application_icon.icns", "icns...."),
            ("LICENSE", "Be kind."),
            ("source_folder/Application.app/Contents/x", ""),
            ("source_folder/Notes.txt", ""),
            ("source_folder/.DS_Store", ""),
        ];
        let (folder, import) = imported("make.sh", EXAMPLE, &others);
        let import = import.unwrap();
        let mut spec = DmgSpec::for_app(Path::new("Foo.app"), "Foo", 0).unwrap();
        import.apply(&mut spec);
        assert_eq!((spec.volume_name.as_str(), spec.format), ("Application Installer", Format::Udbz));
        let names: Vec<&str> = spec.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["Foo.app", "Applications", "QuickLook", "Read me.txt", "Notes.txt"]);
        assert!(spec.items[0].hide_extension);
        assert_eq!(spec.items[2].source, ItemSource::Link("/Library/QuickLook".into()));
        assert_eq!(spec.items[3].source, ItemSource::Local(folder.path().join("docs/README")));
        let layout = spec.layout;
        let window = layout.window;
        assert_eq!((window.x, window.y, window.width, window.height), (200, 380, 800, 400));
        assert_eq!((layout.icon_size, layout.text_size), (100, 12));
        let places: Vec<(&str, (i32, i32))> =
            layout.positions.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        assert_eq!(
            places,
            [
                ("Applications", (600, 185)),
                ("Foo.app", (200, 190)),
                ("QuickLook", (600, 300)),
                ("Read me.txt", (400, 300))
            ]
        );
        let picture = folder.path().join("installer background.png");
        assert_eq!(layout.background, Background::Picture { picture, retina: None });
        assert_eq!(spec.licences.len(), 1);
        assert_eq!(
            import.notes,
            [
                "--codesign is not taken over.",
                "--hdiutil-quiet is not taken over.",
                "$IDENTITY stands for something that only the shell knows."
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_by_its_flag() {
        let says = |text: &str| imported("c.txt", text, &[]).1.unwrap_err().to_string();
        assert!(says("--icon Foo.app 1").contains("c.txt: gives --icon too few values"));
        assert!(
            says("create-dmg --window-size a b x.dmg y").contains("--window-size \"a\", which is no number")
        );
        let import = imported("c.txt", "create-dmg --shiny out/My\\ App.dmg gone", &[]).1.unwrap();
        assert_eq!(import.volume_name.as_deref(), Some("My App"));
        assert_eq!(
            import.notes,
            [
                "--shiny is not taken over.",
                "The folder gone is not there, so that nothing of it is taken over."
            ]
        );
    }
}
