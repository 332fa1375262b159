//! dmgbuild's settings in JSON (`core.py`, `load_json`, and `licensing.py`): appdmg's form with keys of its own.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Import, Tool, appdmg, beside};
use crate::dmg::spec::Format;
use crate::failure::Failure;

/// Keys that only dmgbuild knows, and what they may hold.
const OWN: [&str; 4] = ["badge-icon", "filesystem", "compression-level", "license"];
const KNOWN: [&str; 8] =
    ["title", "icon", "background", "background-color", "icon-size", "window", "format", "contents"];

pub fn is_one(list: &Value) -> bool {
    let entries = list.get("contents").and_then(Value::as_array).into_iter().flatten();
    let of_entries =
        entries.flat_map(|entry| ["hide_extension", "hidden"].map(|key| entry.get(key).is_some()));
    OWN.iter().any(|key| list.get(key).is_some()) || of_entries.into_iter().any(|is_there| is_there)
}

pub fn read(list: &Value, path: &Path) -> Result<Import, Failure> {
    let mut import = Import::new(Tool::Dmgbuild, 80);
    let list = appdmg::common(&mut import, list, path)?;
    import.window_at = import.window_at.or(Some((100, 100)));
    import.window_size = import.window_size.or(Some((640, 480)));
    import.text_size = Some(16);
    import.format = import.format.or(Some(Format::Udzo));
    level(&mut import, list);
    licences(&mut import, list, path)?;
    if list.get("badge-icon").is_some_and(|icon| !icon.is_null()) {
        import.cannot("\"badge-icon\"");
    }
    let file_system = list.get("filesystem").and_then(Value::as_str);
    if let Some(other) = file_system.filter(|name| !name.eq_ignore_ascii_case("HFS+")) {
        import.notes.push(format!("The file system {other} is not made here; HFS+ is taken."));
    }
    for key in list.keys().filter(|key| !KNOWN.contains(&key.as_str()) && !OWN.contains(&key.as_str())) {
        import.cannot(&format!("\"{key}\""));
    }
    Ok(import)
}

fn level(import: &mut Import, list: &Map<String, Value>) {
    let Some(level) = list.get("compression-level").and_then(Value::as_u64) else { return };
    let levels = import.format.and_then(Format::levels);
    let fits = u8::try_from(level)
        .ok()
        .filter(|level| levels.as_ref().is_some_and(|(range, _)| range.contains(level)));
    match fits {
        Some(level) => import.level = Some(level),
        None => import.cannot(&format!("The compression level {level}")),
    }
}

/// `{"default-language": "en_US", "licenses": {"en_US": "file"}, "buttons": …}`.
fn licences(import: &mut Import, list: &Map<String, Value>, path: &Path) -> Result<(), Failure> {
    let Some(licence) = list.get("license").filter(|licence| !licence.is_null()) else { return Ok(()) };
    let usual = licence.get("default-language").and_then(Value::as_str);
    let files = licence.get("licenses").and_then(Value::as_object).into_iter().flatten();
    let mut files: Vec<(&String, &Value)> = files.collect();
    files.sort_by_key(|(code, _)| Some(code.as_str()) != usual);
    for (code, file) in files {
        match file.as_str() {
            Some(file) => import.licence(code, &beside(path, file))?,
            None => import.cannot(&format!("The licence in {code}")),
        }
    }
    if licence.get("buttons").is_some() {
        import.cannot("\"buttons\" of \"license\"");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::imported;
    use crate::dmg::Drawing;
    use crate::dmg::{Background, DmgSpec, Format};
    use std::path::Path;

    #[test]
    fn its_own_keys_are_taken_over_or_named_and_the_others_have_its_values() {
        let text = r##"{"title": "T", "background": "builtin-arrow", "format": "UDBZ", "compression-level": 4,
            "filesystem": "APFS", "badge-icon": "b.icns", "colour": 1,
            "license": {"default-language": "de_DE", "licenses": {"en_US": "en.txt", "de_DE": "de.txt"}, "buttons": {}},
            "contents": [{"path": "dist/Bar.app", "x": 140, "y": 120},
                {"path": "Read me.txt", "x": 300, "y": 300, "hide_extension": true, "hidden": true},
                {"type": "link", "path": "/Applications", "x": 500, "y": 120}]}"##;
        let (_folder, import) = imported("s.json", text, &[("en.txt", "Be kind."), ("de.txt", "Für alle")]);
        let import = import.unwrap();
        let mut spec = DmgSpec::for_app(Path::new("Foo.app"), "Foo", 0).unwrap();
        import.apply(&mut spec);
        assert_eq!((spec.format, spec.level), (Format::Udbz, Some(4)));
        let codes: Vec<&str> = spec.licences.iter().map(|licence| licence.language().code).collect();
        assert_eq!(codes, ["de", "en"], "the usual one first");
        let arrow: Background = Drawing::with_arrow("Foo.app", "Applications").into();
        assert_eq!(spec.layout.background, arrow);
        let window = spec.layout.window;
        assert_eq!((window.x, window.y, window.width, window.height), (100, 100, 640, 480));
        assert_eq!((spec.layout.icon_size, spec.layout.text_size), (80, 16));
        assert_eq!(spec.layout.positions["Foo.app"], (140, 120));
        assert!(spec.items.iter().any(|item| item.name == "Read me.txt" && item.hide_extension));
        assert_eq!(
            import.notes,
            [
                "\"hidden\" of Read me.txt is not taken over.",
                "\"buttons\" of \"license\" is not taken over.",
                "\"badge-icon\" is not taken over.",
                "The file system APFS is not made here; HFS+ is taken.",
                "\"colour\" is not taken over."
            ]
        );
    }

    #[test]
    fn a_level_that_the_format_has_not_is_named() {
        let text = r#"{"title": "T", "format": "ULFO", "compression-level": 9, "contents": []}"#;
        assert_eq!(
            imported("s.json", text, &[]).1.unwrap().notes,
            ["The compression level 9 is not taken over."]
        );
    }
}
