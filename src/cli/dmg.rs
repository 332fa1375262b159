//! `dmg`: build the disk image.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::backdrop::BackdropArgs;
use super::identity::{IdentityArgs, IdentityJson};
use super::render::{self, CAREFUL, FAINT, GOOD, Page, SCHEMA, count};
use super::session::Session;
use crate::codesign::SignPlan;
use crate::diagnose::Severity;
use crate::dmg::{Built, DmgLayout, DmgSpec, Item, Licence};
use crate::failure::Failure;
use crate::workflow::{self, InspectOptions, export, package};

/// Build the disk image that users drag the app out of, and check it.
#[derive(Args)]
pub struct Dmg {
    /// The app bundle.
    bundle: PathBuf,
    /// The image to write.
    #[arg(short, long, value_name = "OUT.dmg")]
    output: PathBuf,
    /// How it is compressed: ulfo (LZFSE, from macOS 10.11 on), udzo (zlib), ulmo (LZMA, from 10.15 on), udbz (bzip2) or
    /// udro (not at all).
    #[arg(long, value_enum, default_value = "ulfo")]
    format: Format,
    /// Compression level, low (fast) to high (small): udzo 1 to 12, ulmo 0 to 9, udbz 1 to 9.
    #[arg(long, value_name = "N")]
    level: Option<u8>,
    /// What stands around the volume: gpt (a GUID partition table, as hdiutil makes it) or bare (nothing).
    #[arg(long, value_enum, default_value = "gpt", value_name = "MAP")]
    partition_map: PartitionMap,
    #[command(flatten)]
    backdrop: BackdropArgs,
    /// A layout saved as JSON; the other flags change it.
    #[arg(long, value_name = "FILE.json")]
    layout: Option<PathBuf>,
    /// The volume's name; the app's name and version unless given.
    #[arg(long, value_name = "NAME")]
    volume_name: Option<String>,
    /// The volume's icon; the app's own unless given.
    #[arg(long, value_name = "FILE.icns")]
    volume_icon: Option<PathBuf>,
    /// The window's size in points.
    #[arg(long, value_name = "WxH", value_parser = window)]
    window: Option<(u32, u32)>,
    /// The icons' size in points.
    #[arg(long, value_name = "N")]
    icon_size: Option<u32>,
    /// Where the middle of an icon stands, in points from the window's top left; repeatable.
    #[arg(long, value_name = "NAME=X,Y", value_parser = place)]
    place: Vec<(String, (i32, i32))>,
    /// Another file or folder for the volume; repeatable.
    #[arg(long, value_name = "FILE")]
    add: Vec<PathBuf>,
    /// A licence (text in UTF-8, or RTF) to agree to before it opens; repeatable, once for each language: de=Lizenz.txt. The
    /// first is for everybody else; without a language it is English.
    #[arg(long, value_name = "[LANGUAGE=]FILE")]
    license: Vec<String>,
    /// Build it although the bundle has errors.
    #[arg(long)]
    despite_errors: bool,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Ulfo,
    Udzo,
    Ulmo,
    Udbz,
    Udro,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartitionMap {
    Gpt,
    Bare,
}

#[derive(Serialize)]
struct BuiltJson<'a> {
    schema: u32,
    path: String,
    bytes: u64,
    volume_name: String,
    volume_bytes: u64,
    files: usize,
    folders: usize,
    links: usize,
    /// What is in it otherwise than on this disk.
    notes: &'a [String],
    /// That of the image itself; null without --identity.
    signature: Option<SignatureJson<'a>>,
}

#[derive(Serialize)]
struct SignatureJson<'a> {
    identifier: &'a str,
    identity: Option<IdentityJson<'a>>,
    warnings: &'a [String],
}

impl Dmg {
    pub fn run(&self, session: &Session) -> Result<Answer, Trouble> {
        let format = self.format()?;
        let epoch = session.source_date()?;
        let signer = self.identity.request(session)?.read()?;
        let inspection = workflow::inspect(&self.bundle, &InspectOptions::default(), &session.progress())?;
        let errors = inspection.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        if errors > 0 {
            if !self.despite_errors {
                package::refuse_errors(&inspection)?;
            }
            session.note(&format!(
                "{} has {}; `bundlewright check {}` says what, `bundlewright fix` mends it",
                inspection.bundle.name,
                count(errors, "error"),
                self.bundle.display()
            ));
        }
        let mut spec = package::disk_image(&inspection, epoch)?;
        spec.format = format;
        spec.partition_map = match self.partition_map {
            PartitionMap::Gpt => crate::dmg::PartitionMap::Gpt,
            PartitionMap::Bare => crate::dmg::PartitionMap::Bare,
        };
        if let Some(app) = spec.items.first()
            && let Some(layout) = self.backdrop.template(&app.name, &package::app_title(&inspection.bundle))
        {
            spec.layout = layout;
        }
        self.adjust(&mut spec)?;
        let progress = session.progress();
        let (built, signed) = match self.identity.identity {
            None => (package::package(&spec, &self.output, &progress)?, None),
            Some(_) => {
                let (built, plan) = package::package_signed(&spec, &self.output, &signer, &progress)?;
                (built, Some(plan))
            }
        };
        let signed = signed.as_ref();
        Ok(Answer::done(if self.json { json(&spec, &built, signed) } else { text(&spec, &built, signed) }))
    }

    fn format(&self) -> Result<crate::dmg::Format, Trouble> {
        let format = match self.format {
            Format::Ulfo => crate::dmg::Format::Ulfo,
            Format::Udzo => crate::dmg::Format::Udzo,
            Format::Ulmo => crate::dmg::Format::Ulmo,
            Format::Udbz => crate::dmg::Format::Udbz,
            Format::Udro => crate::dmg::Format::Udro,
        };
        let name = format.name().to_lowercase();
        match (self.level, format.levels()) {
            (Some(_), None) => Err(Trouble::Usage(format!("--level: {name} has no levels; leave it out."))),
            (Some(level), Some((range, _))) if !range.contains(&level) => Err(Trouble::Usage(format!(
                "--level {level}: {name} has {} to {}.",
                range.start(),
                range.end()
            ))),
            _ => Ok(format),
        }
    }

    /// What the user wants otherwise than usual.
    fn adjust(&self, spec: &mut DmgSpec) -> Result<(), Trouble> {
        if let Some(file) = &self.layout {
            let json = std::fs::read_to_string(file).map_err(|error| Failure::io(file, "read", &error))?;
            spec.layout = DmgLayout::from_json(&json, file)?;
        }
        if let Some(file) = &self.volume_icon {
            spec.volume_icon = Some(icon(file)?);
        }
        if let Some(name) = &self.volume_name {
            spec.volume_name.clone_from(name);
        }
        spec.level = self.level;
        spec.licences = self.license.iter().map(|named| licence(named)).collect::<Result<_, _>>()?;
        let layout = &mut spec.layout;
        layout.icon_size = self.icon_size.unwrap_or(layout.icon_size);
        if let Some((width, height)) = self.window {
            (layout.window.width, layout.window.height) = (width, height);
        }
        if let Some(app) = spec.items.first() {
            self.backdrop.adjust(layout, &app.name);
        }
        self.add_items(spec)?;
        for (name, point) in &self.place {
            if !spec.items.iter().any(|item| item.name == *name) {
                let names: Vec<&str> = spec.items.iter().map(|item| item.name.as_str()).collect();
                return Err(Trouble::Usage(format!(
                    "--place {name}: there is no such icon; the volume has {}.",
                    names.join(", ")
                )));
            }
            spec.layout.positions.insert(name.clone(), *point);
        }
        Ok(())
    }

    /// Further files stand in a row of their own, for which the window grows unless its size was given.
    fn add_items(&self, spec: &mut DmgSpec) -> Result<(), Trouble> {
        let first = spec.items.len();
        for file in &self.add {
            spec.items.push(Item::local(file)?);
        }
        let layout = &mut spec.layout;
        let unplaced: Vec<&str> = spec.items[first..]
            .iter()
            .map(|item| item.name.as_str())
            .filter(|name| !layout.positions.contains_key(*name))
            .collect();
        if unplaced.is_empty() {
            return Ok(());
        }
        let row = layout.icon_size as i32 + 64;
        let lowest = layout.positions.values().map(|(_, y)| *y).max().unwrap_or(0);
        let step = layout.window.width as i32 / (unplaced.len() as i32 + 1);
        for (position, name) in (1..).zip(unplaced) {
            layout.positions.insert(name.to_owned(), (step * position, lowest + row));
        }
        if self.window.is_none() && self.layout.is_none() {
            layout.window.height += row as u32;
        }
        Ok(())
    }
}

fn icon(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::io(file, "read", &error))?;
    if !package::is_icon(&bytes) {
        return Err(Failure::new(file, "is not an .icns file", "convert it, or leave --volume-icon out"));
    }
    Ok(bytes)
}

/// `L.txt`, or `de=L.txt`.
fn licence(named: &str) -> Result<Licence, Failure> {
    let is_language = |code: &str| (2..=5).contains(&code.len()) && code.is_ascii();
    let (code, file) = named.split_once('=').filter(|(code, _)| is_language(code)).unwrap_or(("en", named));
    let path = Path::new(file);
    let bytes = std::fs::read(path).map_err(|error| Failure::io(path, "read", &error))?;
    Licence::new(code, bytes, path)
}

fn text(spec: &DmgSpec, built: &Built, signed: Option<&SignPlan>) -> String {
    let mut page = Page::default();
    page.put(built.path.display()).put(": ").paint(GOOD, "built and checked").put(", ");
    page.put(export::size(built.bytes)).end();
    page.line(format!(
        "Volume \"{}\": {}, {}, {}, {}",
        spec.volume_name,
        export::size(built.volume_bytes),
        count(built.files, "file"),
        count(built.folders, "folder"),
        count(built.links, "link"),
    ));
    built.notes.iter().for_each(|note| page.paint(FAINT, note).end());
    if let Some(plan) = signed {
        let steps = plan.steps.iter().zip(&plan.signer);
        steps.for_each(|(step, signer)| {
            page.put("Signed by ").put(signer.identity().name());
            page.paint(FAINT, format!(" as {}", step.identifier)).end();
        });
        plan.warnings.iter().for_each(|text| page.paint(CAREFUL, format!("mind: {text}")).end());
    }
    page.into_text()
}

fn json(spec: &DmgSpec, built: &Built, signed: Option<&SignPlan>) -> String {
    let signature = signed.and_then(|plan| {
        Some(SignatureJson {
            identifier: &plan.steps.first()?.identifier,
            identity: plan.signer.as_ref().map(IdentityJson::new),
            warnings: &plan.warnings,
        })
    });
    render::json(&BuiltJson {
        schema: SCHEMA,
        path: built.path.to_string_lossy().into_owned(),
        bytes: built.bytes,
        volume_name: spec.volume_name.clone(),
        volume_bytes: built.volume_bytes,
        files: built.files,
        folders: built.folders,
        links: built.links,
        notes: &built.notes,
        signature,
    })
}

fn window(text: &str) -> Result<(u32, u32), String> {
    let sizes =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sizes.ok_or_else(|| "write it as 640x400".to_owned())
}

fn place(text: &str) -> Result<(String, (i32, i32)), String> {
    let parts = text.rsplit_once('=').and_then(|(name, point)| {
        let (x, y) = point.split_once(',')?;
        Some((name.to_owned(), (x.trim().parse().ok()?, y.trim().parse().ok()?)))
    });
    parts.filter(|(name, _)| !name.is_empty()).ok_or_else(|| "write it as Foo.app=160,180".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_places_are_read_as_written() {
        assert_eq!(window("640x400"), Ok((640, 400)));
        assert!(window("640").is_err() && window("ax2").is_err());
        assert_eq!(place("A=B.app=-1,20"), Ok(("A=B.app".to_owned(), (-1, 20))));
        assert!(place("=1,2").is_err() && place("Foo.app=1").is_err());
    }
}
