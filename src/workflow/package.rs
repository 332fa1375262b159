//! From a bundle to its disk image: what stands in it and how it looks unless the user says otherwise.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::{Inspection, export};
use crate::bundle::{Bundle, InfoPlist, Node};
use crate::codesign::{self, SignOptions, SignPlan};
use crate::diagnose::Severity;
use crate::dmg::{self, Built};
use crate::failure::Failure;
use crate::os;
use crate::paths::BundlePath;
use crate::progress::Progress;

pub use crate::dmg::{Design, DmgLayout, DmgSpec, Estimate, lint};

/// The usual image: "Foo 1.2.3" with the app's own icon, the app and the link to drag it to.
///
/// Everything in it is dated `epoch`, in seconds since 1970; without one, the date of the newest file of the bundle,
/// so that the same bundle gives the same image.
///
/// # Errors
/// [`Failure`] when the bundle's name cannot stand on a volume.
pub fn disk_image(inspection: &Inspection, epoch: Option<u64>) -> Result<DmgSpec, Failure> {
    let bundle = &inspection.bundle;
    let epoch = epoch.unwrap_or_else(|| newest(bundle));
    let mut spec = DmgSpec::for_app(&bundle.root, &title(bundle), epoch)?;
    spec.volume_icon = icon(bundle);
    Ok(spec)
}

/// What the image is called unless the user says otherwise: `Foo 1.2.3.dmg`.
pub fn image_name(inspection: &Inspection) -> String {
    format!("{}.dmg", title(&inspection.bundle))
}

/// What the lints of an image of this bundle need beside the specification.
///
/// # Errors
/// [`Failure::Cancelled`].
pub fn lint_context(
    inspection: &Inspection,
    spec: &DmgSpec,
    progress: &Progress,
) -> Result<lint::Context, Failure> {
    lint::Context::read(spec, minimum_system(&inspection.bundle), progress)
}

/// Major and minor number of the oldest macOS that the app runs on: `LSMinimumSystemVersion`.
pub fn minimum_system(bundle: &Bundle) -> Option<(u32, u32)> {
    required_system(bundle.info.as_ref()?)
}

/// An existing image to be designed and built anew, and what its app runs on.
///
/// # Errors
/// A [`Failure`] naming `path` when it is no disk image, damaged, or holds another file system than HFS+.
pub fn open_image(path: &Path) -> Result<(Design, Option<(u32, u32)>), Failure> {
    let design = dmg::open_design(path)?;
    let app = design.spec.items.iter().find(|item| item.name.ends_with(".app"));
    let info = app.map(|app| path.join(&app.name).join("Contents/Info.plist"));
    let info = info.and_then(|info| InfoPlist::read(&dmg::picture::read(&info).ok()?).ok());
    Ok((design, info.as_ref().and_then(required_system)))
}

fn required_system(info: &InfoPlist) -> Option<(u32, u32)> {
    let said = info.string("LSMinimumSystemVersion")?;
    let mut numbers = said.trim().split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().unwrap_or(Some(0))?))
}

/// SHA-256 of a file, in hexadecimal digits: what a download page shows beside the image.
///
/// # Errors
/// [`Failure`] when it cannot be read, or the user stops it.
pub fn checksum(path: &Path, progress: &Progress) -> Result<String, Failure> {
    const PART: usize = 1 << 20;
    let io = |error: std::io::Error| Failure::io(path, "read", &error);
    let mut file = File::open(path).map_err(io)?;
    let (total, mut seen) = (file.metadata().map_err(io)?.len(), 0);
    let (mut hash, mut part) = (Sha256::new(), vec![0; PART]);
    loop {
        let read = file.read(&mut part).map_err(io)?;
        if read == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(part.get(..read).unwrap_or_default());
        seen += read as u64;
        progress.step("hashing", path.display().to_string(), seen, total)?;
    }
}

/// Writes a layout as JSON, whole or not at all.
///
/// # Errors
/// [`Failure`] naming `out`; whatever stood there is then still there.
pub fn save_layout(layout: &DmgLayout, out: &Path) -> Result<(), Failure> {
    export::write_text(&format!("{}\n", layout.to_json()), out)
}

/// Takes a layout of ours into `spec`, or what appdmg, dmgbuild or create-dmg was given. Answers what could not be taken over.
///
/// # Errors
/// [`Failure`] naming `path` when it is neither.
pub fn read_layout(path: &Path, spec: &mut DmgSpec) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io(path, "read", &error))?;
    match (DmgLayout::from_json(&text, path), dmg::import::import(path)) {
        (Ok(layout), _) => spec.layout = layout,
        (Err(_), Ok(import)) => {
            import.apply(spec);
            return Ok(import.notes);
        }
        (Err(failure), Err(_)) => return Err(failure),
    }
    Ok(Vec::new())
}

/// Shows a file in the system's file manager.
///
/// # Errors
/// [`Failure`] when there is none.
pub fn reveal(path: &Path) -> Result<(), Failure> {
    os::reveal(path).map_err(|error| Failure::io(path, "show", &error))
}

/// Builds the image and reads it back.
///
/// # Errors
/// [`Failure`]; whatever stood at `out` is then still there.
pub fn package(spec: &DmgSpec, out: &Path, progress: &Progress) -> Result<Built, Failure> {
    refuse_place(spec, out)?;
    dmg::build(spec, out, progress)
}

/// As [`package`], and signs the image itself before it takes its place.
///
/// # Errors
/// As [`package`]; also when it cannot be signed as `options` ask for.
pub fn package_signed(
    spec: &DmgSpec,
    out: &Path,
    options: &SignOptions,
    progress: &Progress,
) -> Result<(Built, SignPlan), Failure> {
    refuse_place(spec, out)?;
    let name = out.file_name().unwrap_or(out.as_os_str()).to_string_lossy();
    let mut signed = SignPlan::default();
    let mut end = |image: &Path| {
        signed = codesign::plan_disk_image(image, &name, options)?;
        codesign::disk_image_end(image, &signed, progress)
    };
    let built = dmg::build_ending(spec, out, &mut end, progress)?;
    Ok((built, signed))
}

/// A bundle with errors is not shipped, unless somebody insists.
///
/// # Errors
/// [`Failure`] that names the errors.
pub fn refuse_errors(inspection: &Inspection) -> Result<(), Failure> {
    const NAMED: usize = 3;
    let errors = || inspection.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let count = errors().count();
    if count == 0 {
        return Ok(());
    }
    let named: Vec<&str> = errors().take(NAMED).map(|finding| finding.title.as_str()).collect();
    let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
    let (s, path) = (if count == 1 { "" } else { "s" }, &inspection.bundle.root);
    Err(Failure::new(
        path,
        format!("has {count} error{s} ({}{more}), so that no image is made of it", named.join("; ")),
        "mend them with `bundlewright fix`, or insist with --despite-errors",
    ))
}

/// An image cannot be among what goes into it.
fn refuse_place(spec: &DmgSpec, out: &Path) -> Result<(), Failure> {
    for item in &spec.items {
        if let dmg::ItemSource::Local(source) = &item.source
            && is_inside(out, source)
        {
            return Err(Failure::new(
                out,
                "is inside what goes into it",
                "choose another place for the image",
            ));
        }
    }
    Ok(())
}

/// What its users call the app: the name in its property list, or that of its folder.
pub fn app_title(bundle: &Bundle) -> String {
    let named = |key| bundle.info.as_ref()?.string(key).map(str::trim).filter(|name| !name.is_empty());
    let name = named("CFBundleDisplayName").or_else(|| named("CFBundleName"));
    name.unwrap_or_else(|| bundle.name.strip_suffix(".app").unwrap_or(&bundle.name)).to_owned()
}

/// "Foo 1.2.3": the name users know it by.
fn title(bundle: &Bundle) -> String {
    let name = bundle.name.strip_suffix(".app").unwrap_or(&bundle.name);
    let version = bundle.info.as_ref().and_then(|info| info.string("CFBundleShortVersionString"));
    let title = match version {
        Some(version) if !version.trim().is_empty() => format!("{name} {}", version.trim()),
        _ => name.to_owned(),
    };
    title.replace(['/', ':'], "-").replace(char::is_control, "")
}

/// The app's icon, when there is one that is what it says.
pub(super) fn icon(bundle: &Bundle) -> Option<Vec<u8>> {
    let name = bundle.info.as_ref()?.string("CFBundleIconFile")?;
    let name = if name.contains('.') { name.to_owned() } else { format!("{name}.icns") };
    let path = bundle.real_path(&BundlePath::new("Contents/Resources")?.resolve(&name)?)?;
    let bytes = std::fs::read(path.to_local(&bundle.root)).ok()?;
    is_icon(&bytes).then_some(bytes)
}

/// Whether `bytes` begin an Apple icon image.
pub fn is_icon(bytes: &[u8]) -> bool {
    bytes.starts_with(b"icns")
}

/// When the newest file was last changed, in seconds since 1970.
fn newest(bundle: &Bundle) -> u64 {
    let files = bundle.nodes.iter().filter(|(_, node)| matches!(node, Node::File { .. }));
    let dates = files.filter_map(|(path, _)| {
        let changed = path.to_local(&bundle.root).symlink_metadata().ok()?.modified().ok()?;
        changed.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
    });
    dates.max().unwrap_or(0)
}

fn is_inside(out: &Path, source: &Path) -> bool {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), source.canonicalize()) {
        (Ok(folder), Ok(source)) => folder.starts_with(source),
        _ => false,
    }
}
