//! Stubs of version 1 to 4: YAML, a document for each library.

use super::tbd::{Library, Targets};
use super::yaml::{self, Document, Value};

/// # Errors
/// A clause, when a document is not of this form.
pub(super) fn read(text: &str) -> Result<Vec<Library>, String> {
    let documents = yaml::read(text)?;
    if documents.is_empty() {
        return Err("holds no library".to_owned());
    }
    documents.iter().map(library).collect()
}

fn library(document: &Document<'_>) -> Result<Library, String> {
    let value = &document.value;
    let version = version(document)?;
    let install_name = value.get("install-name").and_then(Value::text).ok_or("names no library")?;
    let targets = targets(value, version, platform_is_mac(value, version));
    let mut library = Library::new(install_name.to_owned(), targets);
    for section in sections(value, &["exports", "reexports"]) {
        let targets = section_targets(section, version, library.targets);
        add_symbols(&mut library, section, version, targets);
        let libraries = section.texts("re-exports").map(|name| (name.to_owned(), targets));
        library.reexports.extend(libraries);
    }
    for section in sections(value, &["reexported-libraries"]) {
        let targets = section_targets(section, version, library.targets);
        let libraries = section.texts("libraries").map(|name| (name.to_owned(), targets));
        library.reexports.extend(libraries);
    }
    library.reexports.retain(|(_, targets)| !targets.is_empty());
    Ok(library)
}

fn version(document: &Document<'_>) -> Result<u32, String> {
    match document.tag {
        "!tapi-tbd-v3" => Ok(3),
        "!tapi-tbd-v2" => Ok(2),
        "" | "!tapi-tbd-v1" if document.value.get("archs").is_some() => Ok(1),
        "!tapi-tbd" => match document.value.get("tbd-version").and_then(Value::text) {
            Some("4") => Ok(4),
            Some(other) => Err(format!("is a .tbd file of version {other}, which is not known")),
            None => Err("is a .tbd file without a version".to_owned()),
        },
        _ => Err("is not a .tbd file".to_owned()),
    }
}

fn sections<'v, 'a>(value: &'v Value<'a>, keys: &'v [&str]) -> impl Iterator<Item = &'v Value<'a>> {
    keys.iter().filter_map(|key| value.get(key)).flat_map(Value::items)
}

/// Up to version 3 a stub is for one platform, and `zippered` means macOS and Mac Catalyst.
fn platform_is_mac(value: &Value<'_>, version: u32) -> bool {
    version >= 4 || matches!(value.get("platform").and_then(Value::text), Some("macosx" | "zippered"))
}

fn targets(value: &Value<'_>, version: u32, mac: bool) -> Targets {
    match version {
        4 => Targets::of_targets(value.texts("targets")),
        _ if mac => Targets::of_archs(value.texts("archs")),
        _ => Targets::default(),
    }
}

fn section_targets(section: &Value<'_>, version: u32, all: Targets) -> Targets {
    targets(section, version, true).and(all)
}

fn add_symbols(library: &mut Library, section: &Value<'_>, version: u32, targets: Targets) {
    for key in ["symbols", "weak-symbols", "weak-def-symbols", "thread-local-symbols"] {
        section.texts(key).for_each(|symbol| library.add(symbol.to_owned(), targets));
    }
    // Before version 3 the names of classes were symbols of their own, with `_`.
    let bare = |name| if version < 3 { str::strip_prefix(name, "_").unwrap_or(name) } else { name };
    section.texts("objc-classes").for_each(|name| library.add_class(bare(name), targets));
    section.texts("objc-eh-types").for_each(|name| library.add_exception_type(bare(name), targets));
    section.texts("objc-ivars").for_each(|name| library.add_instance_variable(bare(name), targets));
}
