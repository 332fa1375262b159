//! Stubs of version 5: JSON.

use serde::Deserialize;

use super::tbd::{Library, Targets};

#[derive(Deserialize)]
struct File {
    tapi_tbd_version: u32,
    main_library: Option<Stub>,
    #[serde(default)]
    libraries: Vec<Stub>,
}

#[derive(Deserialize)]
struct Stub {
    #[serde(default)]
    target_info: Vec<Target>,
    #[serde(default)]
    install_names: Vec<Name>,
    #[serde(default)]
    reexported_libraries: Vec<Names>,
    #[serde(default)]
    exported_symbols: Vec<Section>,
    #[serde(default)]
    reexported_symbols: Vec<Section>,
}

#[derive(Deserialize)]
struct Target {
    target: String,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// Without `targets` every target of the stub is meant.
#[derive(Deserialize)]
struct Names {
    targets: Option<Vec<String>>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Section {
    targets: Option<Vec<String>>,
    #[serde(default)]
    data: Symbols,
    #[serde(default)]
    text: Symbols,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Symbols {
    global: Vec<String>,
    weak: Vec<String>,
    thread_local: Vec<String>,
    objc_class: Vec<String>,
    objc_eh_type: Vec<String>,
    objc_ivar: Vec<String>,
}

/// # Errors
/// A clause, when it is not of this form.
pub(super) fn read(text: &str) -> Result<Vec<Library>, String> {
    let file: File =
        serde_json::from_str(text).map_err(|error| format!("is not valid JSON of a stub: {error}"))?;
    if file.tapi_tbd_version != 5 {
        return Err(format!("is a .tbd file of version {}, which is not known", file.tapi_tbd_version));
    }
    let main = file.main_library.ok_or("holds no library")?;
    std::iter::once(main).chain(file.libraries).map(library).collect()
}

fn library(stub: Stub) -> Result<Library, String> {
    let install_name = stub.install_names.into_iter().next().ok_or("names no library")?.name;
    let targets = Targets::of_targets(stub.target_info.iter().map(|one| one.target.as_str()));
    let mut library = Library::new(install_name, targets);
    for names in stub.reexported_libraries {
        let targets = limited(names.targets.as_deref(), targets);
        if !targets.is_empty() {
            library.reexports.extend(names.names.into_iter().map(|name| (name, targets)));
        }
    }
    for section in stub.exported_symbols.into_iter().chain(stub.reexported_symbols) {
        let targets = limited(section.targets.as_deref(), targets);
        add_symbols(&mut library, section.data, targets);
        add_symbols(&mut library, section.text, targets);
    }
    Ok(library)
}

fn limited(targets: Option<&[String]>, all: Targets) -> Targets {
    targets.map_or(all, |names| Targets::of_targets(names.iter().map(String::as_str)).and(all))
}

fn add_symbols(library: &mut Library, symbols: Symbols, targets: Targets) {
    let plain = symbols.global.into_iter().chain(symbols.weak).chain(symbols.thread_local);
    plain.for_each(|symbol| library.add(symbol, targets));
    symbols.objc_class.iter().for_each(|name| library.add_class(name, targets));
    symbols.objc_eh_type.iter().for_each(|name| library.add_exception_type(name, targets));
    symbols.objc_ivar.iter().for_each(|name| library.add_instance_variable(name, targets));
}
