//! `inspect` as text: the bundle, then each image with its load commands, then what was found.

use super::loaded::Loaded;
use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, count, findings, launch, words};
use crate::bundle::{Image, ImageId};
use crate::dyld::Resolution;
use crate::dyld::graph::Dependency;
use crate::macho::{Arch, DylibUse, LoadKind, Slice};
use crate::workflow::{Inspection, launches};

pub fn inspection(page: &mut Page, inspection: &Inspection, only: Option<Arch>) {
    head(page, inspection);
    let images = inspection.bundle.images.values().chain(inspection.build.externals.values());
    let loaded = Loaded::new(&inspection.build);
    for image in images {
        one_image(page, &loaded, image, only);
    }
    page.end();
    page.paint(STRONG, "On another Mac").end();
    for (launched, verdict) in launches(inspection, &inspection.clean, &inspection.symbols) {
        page.put(format!("  {} ({}, {}): ", launched.entry, launched.arch, launch::kind(launched.kind)));
        match verdict.ok {
            true => page.paint(GOOD, "starts").end(),
            false => page.paint(BAD, "does not start").end(),
        }
    }
    page.end();
    findings::findings(page, &inspection.findings);
    findings::total(page, &inspection.bundle.name, &inspection.findings);
}

fn head(page: &mut Page, inspection: &Inspection) {
    let bundle = &inspection.bundle;
    page.paint(STRONG, &bundle.name);
    let info = |key| bundle.info.as_ref().and_then(|info| info.string(key));
    let parts = [
        info("CFBundleIdentifier").map(str::to_owned),
        info("CFBundleShortVersionString").map(|version| format!("version {version}")),
        info("LSMinimumSystemVersion").map(|version| format!("macOS {version} or newer")),
        Some(count(bundle.images.len(), "Mach-O file")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    page.put("  ").put(parts.join(", ")).end();
}

fn one_image(page: &mut Page, loaded: &Loaded<'_>, image: &Image, only: Option<Arch>) {
    for slice in image.file.slices.iter().filter(|slice| only.is_none_or(|arch| slice.arch == arch)) {
        page.end();
        let outside = matches!(image.id, ImageId::External(_));
        page.paint(if outside { CAREFUL } else { STRONG }, &image.id);
        page.paint(FAINT, format!(" ({}, {})", slice.arch, slice.file_type));
        if outside {
            page.paint(CAREFUL, " outside the bundle");
        }
        page.end();
        facts(page, slice);
        let dependencies = loaded.of(&image.id, slice.arch);
        for (position, used) in slice.uses.iter().enumerate() {
            reference(page, used, dependencies.and_then(|all| all.get(position)));
        }
    }
}

fn facts(page: &mut Page, slice: &Slice) {
    let mut fact = |word: &str, text: &str| page.put("  ").paint(FAINT, word).put(" ").put(text).end();
    if let Some(name) = &slice.install_name {
        fact("id", name.as_str());
    }
    slice.rpaths.iter().for_each(|rpath| fact("rpath", rpath.as_str()));
    let mut parts = Vec::new();
    if let Some(build) = &slice.build {
        parts.push(format!("{} {}, SDK {}", build.platform, build.min_os, build.sdk));
    }
    parts.push(match words::signature_state(&slice.signature) {
        "none" => "not signed".to_owned(),
        "cms" => "signed with an identity".to_owned(),
        "linker" => "signed ad hoc by the linker".to_owned(),
        "adhoc" => "signed ad hoc".to_owned(),
        _ => "signature unreadable".to_owned(),
    });
    parts.push(format!("{} bytes of header room", slice.header_room));
    fact("built for", &parts.join(", "));
}

fn reference(page: &mut Page, used: &DylibUse, dependency: Option<&Dependency>) {
    page.put("  ").paint(FAINT, "uses").put(" ").put(&used.name);
    if used.kind != LoadKind::Required {
        page.put(" ").put(words::kind(used.kind));
    }
    match dependency.map(|dependency| &dependency.resolution) {
        None => page.paint(FAINT, "  not loaded by anything"),
        Some(Resolution::System(_)) => page.paint(FAINT, "  macOS"),
        Some(Resolution::Bundled(path)) => page.paint(GOOD, " → ").put(path),
        Some(Resolution::External(path)) => page.paint(CAREFUL, format!(" → {path} outside the bundle")),
        Some(Resolution::Missing) if matches!(used.kind, LoadKind::Weak | LoadKind::Lazy) => {
            page.paint(CAREFUL, "  missing")
        }
        Some(Resolution::Missing) => page.paint(BAD, "  missing"),
    };
    page.end();
}
