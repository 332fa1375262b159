//! appdmg's specification (node-appdmg, `schema.json` and README): positions are of centres, the usual icon has 80 points.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Import, Placed, Tool, beside};
use crate::dmg::background;
use crate::dmg::frame::TITLE_BAR;
use crate::dmg::layout::{Background, DmgLayout};
use crate::dmg::spec::ItemSource;
use crate::dmg::{Color, Drawing};
use crate::failure::Failure;

/// Keys that every file may have.
const KNOWN: [&str; 8] =
    ["title", "icon", "background", "background-color", "icon-size", "window", "format", "contents"];

pub fn read(list: &Value, path: &Path) -> Result<Import, Failure> {
    let mut import = Import::new(Tool::Appdmg, 80);
    let list = common(&mut import, list, path)?;
    for key in list.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        import.cannot(&format!("\"{key}\""));
    }
    // Its window is as large as its picture.
    if import.window_size.is_none() {
        let layout = DmgLayout { background: import.background.clone(), ..DmgLayout::default() };
        let pictures = background::pictures(&layout)?;
        import.window_size =
            pictures.map(|pictures| (pictures.one.width(), pictures.one.height() + TITLE_BAR));
    }
    Ok(import)
}

/// What dmgbuild's files have as well; answers the list.
pub fn common<'a>(
    import: &mut Import,
    list: &'a Value,
    path: &Path,
) -> Result<&'a Map<String, Value>, Failure> {
    let wrong = |what: &str| Failure::new(path, format!("is no specification: {what}"), "correct it");
    let list = list.as_object().ok_or_else(|| wrong("it is no dictionary"))?;
    let text = |key: &str| list.get(key).and_then(Value::as_str);
    import.volume_name = Some(text("title").ok_or_else(|| wrong("\"title\" is missing"))?.to_owned());
    if let Some(icon) = text("icon") {
        import.icon(&beside(path, icon))?;
    }
    if let Some(size) = list.get("icon-size").and_then(Value::as_f64) {
        import.icon_size = size as u32;
    }
    match (text("background"), text("background-color")) {
        (Some(picture), _) => ground(import, picture, path),
        (None, Some(color)) => ground(import, color, path),
        (None, None) => {}
    }
    if let Some(format) = text("format") {
        import.format(format);
    }
    let number = |list: Option<&Value>, key: &str| list?.get(key)?.as_f64();
    let window = list.get("window");
    let (at, size) =
        (window.and_then(|window| window.get("position")), window.and_then(|window| window.get("size")));
    import.window_at = number(at, "x").zip(number(at, "y")).map(|(x, y)| (x as i32, y as i32));
    import.window_size = number(size, "width").zip(number(size, "height")).map(|(x, y)| (x as u32, y as u32));
    let contents = list.get("contents").and_then(Value::as_array);
    for entry in contents.ok_or_else(|| wrong("\"contents\" is missing"))? {
        let placed = placed(import, entry, path)
            .ok_or_else(|| wrong("an entry of \"contents\" has no path, x or y"))?;
        import.items.push(placed);
    }
    Ok(list)
}

/// A colour, dmgbuild's own arrow, or a picture.
fn ground(import: &mut Import, named: &str, path: &Path) {
    if let Ok(color) = named.parse::<Color>() {
        import.background = Background::Color { color };
    } else if named == "builtin-arrow" {
        import.background = Drawing::with_arrow("", "Applications").into();
    } else if named.starts_with("builtin-") || !beside(path, named).is_file() {
        import.cannot(&format!("The background {named}, which is no colour and no file known here,"));
    } else {
        import.picture(beside(path, named));
    }
}

fn placed(import: &mut Import, entry: &Value, path: &Path) -> Option<Placed> {
    let target = entry.get("path")?.as_str()?;
    let name = entry.get("name").and_then(Value::as_str);
    let name = name.or_else(|| target.trim_end_matches('/').rsplit('/').next())?.to_owned();
    let at = (entry.get("x")?.as_f64()? as i32, entry.get("y")?.as_f64()? as i32);
    let is_set = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
    if is_set("hidden") {
        import.cannot(&format!("\"hidden\" of {name}"));
    }
    let source = match entry.get("type").and_then(Value::as_str).unwrap_or("file") {
        "link" => Some(ItemSource::Link(target.to_owned())),
        "position" => None,
        _ => Some(ItemSource::Local(beside(path, target))),
    };
    Some(Placed { name, source, at: Some(at), hide_extension: is_set("hide_extension") })
}

#[cfg(test)]
mod tests {
    use super::super::tests::imported;
    use crate::dmg::{Background, DmgSpec, Format, Item, ItemSource};
    use std::path::Path;

    /// The README's example, with every key of the schema.
    const EXAMPLE: &str = r##"{
        "title": "Test Title", "icon": "TestIcon.icns", "background-color": "#ffffff", "icon-size": 96,
        "window": {"position": {"x": 10, "y": 20}, "size": {"width": 600, "height": 450}}, "format": "UDCO",
        "code-sign": {"signing-identity": "me"},
        "contents": [
            {"x": 448, "y": 344, "type": "link", "path": "/Applications"},
            {"x": 192, "y": 344, "type": "file", "path": "TestApp.app"},
            {"x": 512, "y": 128, "type": "file", "path": "docs/TestDoc.txt", "name": "Doc.txt"},
            {"x": 512, "y": 900, "type": "position", "path": ".VolumeIcon.icns"}
        ]}"##;

    #[test]
    fn everything_of_the_schema_is_taken_over_or_named() {
        let (folder, import) = imported("a.json", EXAMPLE, &[("TestIcon.icns", "icns....")]);
        let import = import.unwrap();
        let mut spec = DmgSpec::for_app(Path::new("/build/Foo.app"), "Foo", 0).unwrap();
        import.apply(&mut spec);
        assert_eq!((spec.volume_name.as_str(), spec.format), ("Test Title", Format::Udzo));
        let doc = Item::new("Doc.txt", ItemSource::Local(folder.path().join("docs/TestDoc.txt")));
        assert_eq!(
            spec.items,
            [Item::local(Path::new("/build/Foo.app")).unwrap(), Item::applications(), doc]
        );
        let layout = spec.layout;
        assert_eq!(
            (layout.window.x, layout.window.y, layout.window.width, layout.window.height),
            (10, 20, 600, 450)
        );
        assert_eq!(layout.icon_size, 96);
        let places: Vec<(&str, (i32, i32))> =
            layout.positions.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        assert_eq!(places, [("Applications", (448, 344)), ("Doc.txt", (512, 128)), ("Foo.app", (192, 344))]);
        assert_eq!(layout.background, Background::Color { color: "white".parse().unwrap() });
        assert_eq!(spec.volume_icon.as_deref(), Some(&b"icns...."[..]));
        assert_eq!(
            import.notes,
            ["The format UDCO is not made here; UDZO is taken.", "\"code-sign\" is not taken over."]
        );
    }

    #[test]
    fn a_window_without_a_size_is_that_of_the_picture_with_its_twin() {
        let text = r#"{"title": "T", "background": "bg.png", "contents": []}"#;
        let (folder, _) = imported("a.json", text, &[("bg.png", "")]);
        for (name, side) in [("bg.png", 1), ("bg@2x.png", 2)] {
            image::RgbImage::new(500 * side, 300 * side).save(folder.path().join(name)).unwrap();
        }
        let import = super::super::import(&folder.path().join("a.json")).unwrap();
        let mut spec = DmgSpec::for_app(Path::new("Foo.app"), "Foo", 0).unwrap();
        import.apply(&mut spec);
        let (picture, retina) = (folder.path().join("bg.png"), Some(folder.path().join("bg@2x.png")));
        assert_eq!(spec.layout.background, Background::Picture { picture, retina });
        assert_eq!(
            (spec.layout.window.width, spec.layout.window.height, spec.layout.icon_size),
            (500, 328, 80)
        );
        assert_eq!(spec.items.len(), 1, "no link was asked for");
    }

    #[test]
    fn what_is_missing_is_said() {
        let says = |text: &str| imported("a.json", text, &[]).1.unwrap_err().to_string();
        assert!(says(r#"{"contents": []}"#).contains("\"title\" is missing"));
        assert!(says(r#"{"title": "T"}"#).contains("\"contents\" is missing"));
        assert!(says(r#"{"title": "T", "contents": [{"path": "x"}]}"#).contains("has no path, x or y"));
        assert!(
            says(r#"{"title": "T", "icon": "no.icns", "contents": []}"#).contains("no.icns: could not read")
        );
    }
}
