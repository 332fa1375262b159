//! `dmg`: build the disk image.

mod dry_run;
mod lints;

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
use crate::dmg::lint::{self, Lint};
use crate::dmg::{Built, DmgLayout, DmgSpec, Item, ItemSource, Licence};
use crate::failure::Failure;
use crate::workflow::{self, InspectOptions, export, package};

/// Build the disk image that users drag the app out of, and check it; of an app, or anew of another image.
#[derive(Args)]
pub struct Dmg {
    /// The app bundle; or a disk image, whose content, design and format are kept but for what the flags change.
    bundle: PathBuf,
    /// The image to write.
    #[arg(short, long, value_name = "OUT.dmg", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// How it is compressed: ulfo (LZFSE, from macOS 10.11 on; unless another is given), udzo (zlib), ulmo (LZMA, from 10.15 on), udbz (bzip2) or
    /// udro (not at all).
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Compression level, low (fast) to high (small): udzo 1 to 12, ulmo 0 to 9, udbz 1 to 9.
    #[arg(long, value_name = "N")]
    level: Option<u8>,
    /// What stands around the volume: gpt (a GUID partition table, as hdiutil makes it; unless told otherwise) or bare (nothing).
    #[arg(long, value_enum, value_name = "MAP")]
    partition_map: Option<PartitionMap>,
    #[command(flatten)]
    backdrop: BackdropArgs,
    /// A layout saved as JSON; the other flags change it.
    #[arg(long, value_name = "FILE.json")]
    layout: Option<PathBuf>,
    /// A design of another tool: appdmg's JSON, dmgbuild's settings in JSON, or a file with a command line of create-dmg. The
    /// bundle stands where its app does; the other flags change the rest.
    #[arg(long, value_name = "FILE", conflicts_with = "layout")]
    import: Option<PathBuf>,
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
    /// A symbolic link in the volume; repeatable.
    #[arg(long, value_name = "NAME=TARGET", value_parser = link)]
    link: Vec<(String, String)>,
    /// An item whose extension the Finder leaves out; repeatable. Apps never show theirs.
    #[arg(long, value_name = "NAME")]
    hide_extension: Vec<String>,
    /// A licence (text in UTF-8, or RTF) to agree to before it opens; repeatable, once for each language: de=Lizenz.txt. The
    /// first is for everybody else; without a language it is English.
    #[arg(long, value_name = "[LANGUAGE=]FILE")]
    license: Vec<String>,
    /// Only say what will look wrong and how large the image will be in each format, and write nothing.
    #[arg(long)]
    dry_run: bool,
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
    /// What will look wrong.
    lints: Vec<lints::LintJson<'a>>,
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
        let signer = self.identity.request(session)?.read()?;
        let (mut spec, minimum_system) =
            if self.bundle.is_file() { self.of_image(session)? } else { self.of_app(session)? };
        if let Some(file) = &self.import {
            let import = crate::dmg::import::import(file)?;
            import.notes.iter().for_each(|note| session.note(note));
            import.apply(&mut spec);
        }
        self.adjust(&mut spec)?;
        let progress = session.progress();
        let context = lint::Context::read(&spec, minimum_system, &progress)?;
        let found = lint::lints(&spec, &context);
        let Some(output) = self.output.as_ref().filter(|_| !self.dry_run) else {
            // What cannot be built has no size, and a lint says why.
            let refused = found.iter().any(|lint| lint.severity == lint::Severity::Error);
            let sizes = if refused { Vec::new() } else { crate::dmg::estimate(&spec, &progress)? };
            return Ok(dry_run::answer(&spec, &found, &sizes, self.json));
        };
        let (built, signed) = match self.identity.identity {
            None => (package::package(&spec, output, &progress)?, None),
            Some(_) => {
                let (built, plan) = package::package_signed(&spec, output, &signer, &progress)?;
                (built, Some(plan))
            }
        };
        let signed = signed.as_ref();
        Ok(Answer::done(if self.json {
            json(&spec, &built, &found, signed)
        } else {
            text(&spec, &built, &found, signed)
        }))
    }

    /// The usual image of the app.
    fn of_app(&self, session: &Session) -> Result<(DmgSpec, Option<(u32, u32)>), Trouble> {
        let inspection = workflow::inspect(&self.bundle, &InspectOptions::default(), &session.progress())?;
        let errors = inspection.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        if errors > 0 {
            if !self.despite_errors && !self.dry_run {
                package::refuse_errors(&inspection)?;
            }
            session.note(&format!(
                "{} has {}; `bundlewright check {}` says what, `bundlewright fix` mends it",
                inspection.bundle.name,
                count(errors, "error"),
                self.bundle.display()
            ));
        }
        let mut spec = package::disk_image(&inspection, session.source_date()?)?;
        self.begin_with(&mut spec, &package::app_title(&inspection.bundle));
        Ok((spec, package::minimum_system(&inspection.bundle)))
    }

    /// The image as it is, to be built anew.
    fn of_image(&self, session: &Session) -> Result<(DmgSpec, Option<(u32, u32)>), Trouble> {
        let (design, minimum_system) = package::open_image(&self.bundle)?;
        design.notes.iter().for_each(|note| session.note(note));
        let mut spec = design.spec;
        spec.epoch = session.source_date()?.unwrap_or(spec.epoch);
        let app = spec.items.iter().find_map(|item| item.name.strip_suffix(".app"));
        let title = app.unwrap_or(&spec.volume_name).to_owned();
        self.begin_with(&mut spec, &title);
        Ok((spec, minimum_system))
    }

    /// Lays the volume out after the template that was asked for.
    fn begin_with(&self, spec: &mut DmgSpec, title: &str) {
        let app = spec.items.iter().find(|item| item.name.ends_with(".app")).or(spec.items.first());
        if let Some(layout) = app.and_then(|app| self.backdrop.template(&app.name, title)) {
            spec.layout = layout;
        }
    }

    /// The format that was asked for, or the one that there is; its level has to be one of its own.
    fn format(&self, usual: crate::dmg::Format) -> Result<crate::dmg::Format, Trouble> {
        let format = match self.format {
            Some(Format::Ulfo) => crate::dmg::Format::Ulfo,
            Some(Format::Udzo) => crate::dmg::Format::Udzo,
            Some(Format::Ulmo) => crate::dmg::Format::Ulmo,
            Some(Format::Udbz) => crate::dmg::Format::Udbz,
            Some(Format::Udro) => crate::dmg::Format::Udro,
            None => usual,
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
        spec.format = self.format(spec.format)?;
        spec.level = self.level.or(spec.level).filter(|_| self.format.is_none() || self.level.is_some());
        match self.partition_map {
            Some(PartitionMap::Gpt) => spec.partition_map = crate::dmg::PartitionMap::Gpt,
            Some(PartitionMap::Bare) => spec.partition_map = crate::dmg::PartitionMap::Bare,
            None => {}
        }
        if !self.license.is_empty() {
            spec.licences = self.license.iter().map(|named| licence(named)).collect::<Result<_, _>>()?;
        }
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
            item(spec, "--place", name)?;
            spec.layout.positions.insert(name.clone(), *point);
        }
        for name in &self.hide_extension {
            item(spec, "--hide-extension", name)?.hide_extension = true;
        }
        Ok(())
    }

    /// Further files stand in a row of their own, for which the window grows unless its size was given.
    fn add_items(&self, spec: &mut DmgSpec) -> Result<(), Trouble> {
        let first = spec.items.len();
        for file in &self.add {
            spec.items.push(Item::local(file)?);
        }
        let links = self.link.iter().map(|(name, target)| Item::new(name, ItemSource::Link(target.clone())));
        spec.items.extend(links);
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

/// The item of this name, for a flag about it.
fn item<'a>(spec: &'a mut DmgSpec, flag: &str, name: &str) -> Result<&'a mut Item, Trouble> {
    let names: Vec<&str> = spec.items.iter().map(|item| item.name.as_str()).collect();
    let missing = format!("{flag} {name}: there is no such icon; the volume has {}.", names.join(", "));
    spec.items.iter_mut().find(|item| item.name == name).ok_or(Trouble::Usage(missing))
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

fn text(spec: &DmgSpec, built: &Built, found: &[Lint], signed: Option<&SignPlan>) -> String {
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
    lints::warnings(&mut page, found);
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

fn json(spec: &DmgSpec, built: &Built, found: &[Lint], signed: Option<&SignPlan>) -> String {
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
        lints: lints::json(found),
        signature,
    })
}

fn window(text: &str) -> Result<(u32, u32), String> {
    let sizes =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    sizes.ok_or_else(|| "write it as 640x400".to_owned())
}

fn link(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, target)| !name.is_empty() && !target.is_empty());
    let parts = parts.map(|(name, target)| (name.to_owned(), target.to_owned()));
    parts.ok_or_else(|| "write it as Documents=/Library/Documentation".to_owned())
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
