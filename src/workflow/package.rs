//! From a bundle to its disk image: what stands in it and how it looks unless the user says otherwise.

use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Inspection;
use crate::bundle::{Bundle, Node};
use crate::codesign::{self, SignOptions, SignPlan};
use crate::diagnose::Severity;
use crate::dmg::{self, Built};
use crate::failure::Failure;
use crate::paths::BundlePath;
use crate::progress::Progress;

pub use crate::dmg::{DmgLayout, DmgSpec};

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
