//! Designs of other tools: appdmg's JSON, dmgbuild's JSON and command lines of create-dmg. What cannot be taken over is said
//! by its name. Paths are looked for beside the file.

mod appdmg;
mod create_dmg;
mod dmgbuild;

use std::path::{Path, PathBuf};

use super::layout::Background;
use super::licence::Licence;
use super::spec::{DmgSpec, Format, Item, ItemSource};
use super::{Arrow, Drawing};
use crate::failure::Failure;

/// Which tool a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Appdmg,
    Dmgbuild,
    CreateDmg,
}

/// What a file of another tool asks for. What it leaves out has that tool's usual value already.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub tool: Tool,
    volume_name: Option<String>,
    volume_icon: Option<Vec<u8>>,
    /// From the bottom left of the screen.
    window_at: Option<(i32, i32)>,
    window_size: Option<(u32, u32)>,
    icon_size: u32,
    text_size: Option<u32>,
    background: Background,
    items: Vec<Placed>,
    format: Option<Format>,
    level: Option<u8>,
    licences: Vec<Licence>,
    /// What could not be taken over, in a sentence each.
    pub notes: Vec<String>,
}

/// Something with a place in the window.
#[derive(Debug, Clone, PartialEq)]
struct Placed {
    name: String,
    /// `None` for what is only placed.
    source: Option<ItemSource>,
    at: Option<(i32, i32)>,
    hide_extension: bool,
}

/// Reads a file of another tool; which one, is told by what is in it.
///
/// # Errors
/// A [`Failure`] naming `path`, or a file that it names, with what is wrong with it.
pub fn import(path: &Path) -> Result<Import, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io(path, "read", &error))?;
    if !text.trim_start().starts_with('{') {
        return create_dmg::read(&text, path);
    }
    let list = serde_json::from_str(&text)
        .map_err(|error| Failure::new(path, format!("is no JSON: {error}"), "correct that line"))?;
    if dmgbuild::is_one(&list) { dmgbuild::read(&list, path) } else { appdmg::read(&list, path) }
}

impl Import {
    fn new(tool: Tool, icon_size: u32) -> Import {
        Import {
            tool,
            volume_name: None,
            volume_icon: None,
            window_at: None,
            window_size: None,
            icon_size,
            text_size: None,
            background: Background::None,
            items: Vec::new(),
            format: None,
            level: None,
            licences: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Changes `spec` into what the tool would make of its app: further files and links come in, the layout is the tool's.
    pub fn apply(&self, spec: &mut DmgSpec) {
        let app = spec.items.iter().map(|item| item.name.clone()).find(|name| name.ends_with(".app"));
        let apps = self.items.iter().filter(|item| item.name.ends_with(".app")).count();
        // The app that is being packed stands where theirs does, also under another name.
        let name_of = |item: &Placed| match &app {
            Some(app) if apps == 1 && item.name.ends_with(".app") => app.clone(),
            _ => item.name.clone(),
        };
        let leads_there = |item: &Placed| item.name == Item::applications().name;
        if !self.items.iter().any(leads_there) {
            spec.items.retain(|item| *item != Item::applications());
        }
        spec.layout.positions.clear();
        for placed in &self.items {
            let name = name_of(placed);
            if spec.items.iter().all(|item| item.name != name) {
                spec.items.extend(placed.source.clone().map(|source| Item::new(&name, source)));
            }
            if let Some(item) = spec.items.iter_mut().find(|item| item.name == name) {
                item.hide_extension |= placed.hide_extension;
                spec.layout.positions.extend(placed.at.map(|at| (name, at)));
            }
        }
        self.lay_out(spec, app.as_deref());
        if let Some(name) = &self.volume_name {
            spec.volume_name.clone_from(name);
        }
        if self.volume_icon.is_some() {
            spec.volume_icon.clone_from(&self.volume_icon);
        }
        if let Some(format) = self.format {
            (spec.format, spec.level) = (format, self.level);
        }
        if !self.licences.is_empty() {
            spec.licences.clone_from(&self.licences);
        }
    }

    fn lay_out(&self, spec: &mut DmgSpec, app: Option<&str>) {
        let layout = &mut spec.layout;
        layout.icon_size = self.icon_size;
        layout.text_size = self.text_size.unwrap_or(layout.text_size);
        (layout.window.x, layout.window.y) = self.window_at.unwrap_or((layout.window.x, layout.window.y));
        let size = self.window_size.unwrap_or((layout.window.width, layout.window.height));
        (layout.window.width, layout.window.height) = size;
        layout.background = match (&self.background, app) {
            (Background::Drawn(drawing), Some(app)) => {
                let arrow = drawing.arrow.clone().map(|arrow| Arrow { from: app.to_owned(), ..arrow });
                Drawing { arrow, ..(**drawing).clone() }.into()
            }
            (background, _) => background.clone(),
        };
    }

    fn cannot(&mut self, what: &str) {
        self.notes.push(format!("{what} is not taken over."));
    }

    fn icon(&mut self, icon: &Path) -> Result<(), Failure> {
        let bytes = std::fs::read(icon).map_err(|error| Failure::io(icon, "read", &error))?;
        if bytes.starts_with(b"icns") {
            self.volume_icon = Some(bytes);
        } else {
            self.notes.push(format!("{} is not an .icns file, and is not taken over.", icon.display()));
        }
        Ok(())
    }

    /// A format by hdiutil's name; the nearest where it is not made here.
    fn format(&mut self, name: &str) {
        let known = Format::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(name));
        let nearest = match name.to_ascii_uppercase().as_str() {
            "UDRW" => Some(Format::Udro),
            "UDCO" => Some(Format::Udzo),
            _ => None,
        };
        match (known, nearest) {
            (Some(_), _) => self.format = known,
            (None, Some(nearest)) => {
                self.notes.push(format!("The format {name} is not made here; {} is taken.", nearest.name()));
                self.format = Some(nearest);
            }
            (None, None) => self.cannot(&format!("The format {name}")),
        }
    }

    /// A picture, and its twin of twice the size beside it.
    fn picture(&mut self, picture: PathBuf) {
        let twin = picture.file_stem().zip(picture.extension()).map(|(stem, extension)| {
            picture.with_file_name(format!("{}@2x.{}", stem.to_string_lossy(), extension.to_string_lossy()))
        });
        self.background = Background::Picture { picture, retina: twin.filter(|twin| twin.is_file()) };
    }

    /// `en_US` is `en` where the region is not a language of its own.
    fn licence(&mut self, code: &str, file: &Path) -> Result<(), Failure> {
        let bytes = std::fs::read(file).map_err(|error| Failure::io(file, "read", &error))?;
        let short = code.split(['_', '-']).next().unwrap_or(code);
        let licence =
            Licence::new(code, bytes.clone(), file).or_else(|_| Licence::new(short, bytes, file))?;
        self.licences.push(licence);
        Ok(())
    }
}

/// Where the file at `path` means `named` to be.
fn beside(path: &Path, named: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    pub fn imported(
        name: &str,
        text: &str,
        others: &[(&str, &str)],
    ) -> (tempfile::TempDir, Result<Import, Failure>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in others.iter().chain([&(name, text)]) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = import(&folder.path().join(name));
        (folder, found)
    }

    #[test]
    fn tools_are_told_by_what_is_in_their_files() {
        let tool = |text: &str| imported("x", text, &[]).1.map(|import| import.tool);
        assert_eq!(tool(r#"{"title": "T", "contents": []}"#), Ok(Tool::Appdmg));
        assert_eq!(tool(r#"{"title": "T", "contents": [], "compression-level": 9}"#), Ok(Tool::Dmgbuild));
        assert_eq!(tool("#!/bin/sh\ncreate-dmg --volname T out.dmg src"), Ok(Tool::CreateDmg));
        assert!(tool("{").unwrap_err().to_string().contains("x: is no JSON"));
        assert!(tool("Hello").unwrap_err().to_string().contains("x: is none of"), "{:?}", tool("Hello"));
    }
}
