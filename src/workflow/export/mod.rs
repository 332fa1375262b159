//! A plan as a document: text, Markdown, JSON, or the shell script that does the same with Apple's tools.

mod json;
mod markdown;
mod script;
mod text;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crate::failure::Failure;
use crate::fix::{Edit, FixPlan, PlannedEdit};
use crate::os;
use crate::paths::BundlePath;

pub use json::{FindingJson, PlanJson};
pub(super) use markdown::{code, plain};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Markdown,
    Json,
    /// `install_name_tool`, `codesign` and friends, for a Mac.
    Script,
}

impl Format {
    pub const ALL: [Format; 4] = [Format::Text, Format::Markdown, Format::Json, Format::Script];

    /// By the file's extension; text unless it is known.
    pub fn for_file(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        Format::ALL.into_iter().find(|format| format.extension() == extension).unwrap_or(Format::Text)
    }

    pub fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Markdown => "md",
            Format::Json => "json",
            Format::Script => "sh",
        }
    }
}

/// The document. `name` is the bundle's: `Foo.app`.
pub fn render(name: &str, plan: &FixPlan, format: Format) -> String {
    match format {
        Format::Text => text::text(name, plan),
        Format::Markdown => markdown::markdown(name, plan),
        Format::Json => json::json(plan),
        Format::Script => script::script(name, plan),
    }
}

/// Writes the document to `out`, whole or not at all.
///
/// # Errors
/// [`Failure`] when it cannot be written; a file that was there is then untouched.
pub fn write(name: &str, plan: &FixPlan, format: Format, out: &Path) -> Result<(), Failure> {
    let mode = if format == Format::Script { 0o755 } else { 0o644 };
    save(&render(name, plan, format), mode, out)
}

/// Writes any text to `out`, whole or not at all.
///
/// # Errors
/// As [`write`].
pub fn write_text(text: &str, out: &Path) -> Result<(), Failure> {
    save(text, 0o644, out)
}

fn save(text: &str, mode: u32, out: &Path) -> Result<(), Failure> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let save = || {
        let mut file = tempfile::Builder::new().prefix(".bundlewright-").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        // Temporary files are private; what the user asked for is not.
        os::permissions(mode).map_or(Ok(()), |permissions| file.as_file().set_permissions(permissions))?;
        file.as_file().sync_all()?;
        file.persist(out).map_err(|error| error.error)
    };
    save().map(drop).map_err(|error| Failure::io(out, "write", &error))
}

/// The edits of each file, files in the order in which the plan first touches them.
pub fn by_file(plan: &FixPlan) -> Vec<(&BundlePath, Vec<&PlannedEdit>)> {
    let mut files: Vec<(&BundlePath, Vec<&PlannedEdit>)> = Vec::new();
    let mut places: BTreeMap<&BundlePath, usize> = BTreeMap::new();
    for edit in plan.edits.iter() {
        let path = edit.edit.path();
        let place = *places.entry(path).or_insert(files.len());
        if place == files.len() {
            files.push((path, Vec::new()));
        }
        files[place].1.push(edit);
    }
    files
}

/// What an edit does, as words: the verb, what was, what will be.
pub fn phrase(edit: &Edit) -> (&'static str, Option<String>, Option<String>) {
    let verb = match edit {
        Edit::CopyFile { .. } => return ("copy from", edit.before(), None),
        Edit::CopyFramework { .. } => return ("copy the framework from", edit.before(), None),
        Edit::Move { .. } => return ("move from", edit.before(), None),
        Edit::Remove { .. } => return ("remove", None, None),
        Edit::WriteFile { contents, .. } => return ("write with the text", None, Some(one_line(contents))),
        Edit::Symlink { .. } => "link to",
        Edit::SetMode { .. } => "set the permissions to",
        Edit::Thin { .. } => return ("take out the code for", edit.before(), None),
        Edit::SetInfo { .. } => "set",
        Edit::SetId { .. } => "change its own name",
        Edit::ChangeUse { .. } => "change the reference",
        Edit::AddRpath { .. } => "add the rpath",
        Edit::ReplaceRpath { .. } => "change the rpath",
        Edit::DeleteRpath { keep_first: true, .. } => "delete all but the first rpath",
        Edit::DeleteRpath { .. } => "delete the rpath",
    };
    (verb, edit.before(), edit.after())
}

/// The lines of a small file, for a place that has one.
pub fn one_line(contents: &str) -> String {
    contents.lines().collect::<Vec<_>>().join("; ")
}

/// "12 edits in 5 files, 7 signatures, 3.4 MB more".
pub fn summary(plan: &FixPlan) -> String {
    let files = by_file(plan);
    let edits: usize = files.iter().map(|(_, edits)| edits.len()).sum();
    let mut parts = Vec::new();
    if edits > 0 {
        parts.push(format!("{} in {}", count(edits, "edit"), count(files.len(), "file")));
    }
    if !plan.sign.steps.is_empty() {
        parts.push(count(plan.sign.steps.len(), "signature"));
    }
    if parts.is_empty() {
        return "nothing to do".to_owned();
    }
    if plan.growth != 0 {
        let direction = if plan.growth > 0 { "more" } else { "less" };
        parts.push(format!("{} {direction}", size(plan.growth.unsigned_abs())));
    }
    parts.join(", ")
}

/// How a file of the plan is called: the bundle itself has no path of its own.
fn called<'a>(path: &'a BundlePath, name: &'a str) -> &'a str {
    if path.is_root() { name } else { path.as_str() }
}

fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Decimal units, as the Finder shows them.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}
