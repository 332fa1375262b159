//! The verdict of a launch, in dyld's own words, and every problem on the way to it.

use std::sync::Arc;

use super::Graph;
use super::format::{Role, refusal};
use super::graph::Launch;
use super::loads::Load;
use super::message::{not_inserted, not_loaded};
use super::search::Resolution;
use super::symbols::MissingSymbol;
use crate::bundle::{Bundle, EntryKind, ImageId};
use crate::macho::{InstallName, LoadKind, Slice};
use crate::paths::RuntimePath;

/// Whether dyld would start it, and if not, exactly what it prints after `dyld[PID]: `.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    pub ok: bool,
    /// What ends the process, as the crash report carries it. For a plug-in it is what `dlerror` says after `dlopen(…): `.
    pub message: Option<String>,
    /// What dyld prints before that, each after `dyld[PID]: `.
    pub before: Vec<String>,
    /// Everything that would end it, in the order in which dyld would meet it if it went on; the first is the one that
    /// dyld stops at.
    pub problems: Vec<Problem>,
}

/// One thing that ends a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The image that dyld speaks of.
    pub image: ImageId,
    /// The reference, when it is one that failed.
    pub reference: Option<InstallName>,
    /// What dyld prints.
    pub message: String,
}

/// What dyld says of `launch`, whose images are those of `bundle` and of `graph`. `missing` are the symbols that it lacks,
/// where they were looked for: dyld comes to them when every library is there.
pub fn verdict(
    bundle: &Bundle,
    graph: &Graph,
    launch: &Launch,
    missing: &[(usize, Arc<MissingSymbol>)],
) -> Verdict {
    let mut before = Vec::new();
    let mut problems = Vec::new();
    if let Some(message) = malformed_program(bundle, launch) {
        before.push(format!("{message} in {}", launch.config.executable));
        let image = ImageId::Bundled(launch.entry.clone());
        problems.push(Problem { image, reference: None, message });
    }
    if let Some(failure) = &launch.insert_failure {
        let (first, message) = not_inserted(&launch.config, failure);
        before.push(first);
        let image = ImageId::External(RuntimePath::new(failure.path.as_str()));
        problems.push(Problem { image, reference: None, message });
    }
    for load in launch.loads.turns() {
        let slice = slice(bundle, graph, load);
        let missing = load.dependencies.iter().filter(|dependency| dependency.is_fatal());
        problems.extend(missing.filter_map(|dependency| {
            let message = not_loaded(&launch.config, load, slice, dependency)?;
            Some(Problem { image: load.image.clone(), reference: Some(dependency.name.clone()), message })
        }));
    }
    let fatal = missing.iter().map(|(_, symbol)| symbol).filter(|symbol| symbol.is_fatal());
    problems.extend(fatal.map(|symbol| Problem {
        image: symbol.image.clone(),
        reference: None,
        message: symbol.message.clone(),
    }));
    if launch.kind != EntryKind::PlugIn {
        problems.extend(no_lib_system(bundle, graph, launch));
    }
    let message = problems.first().map(|problem| problem.message.clone());
    Verdict { ok: problems.is_empty(), message, before, problems }
}

fn slice<'b>(bundle: &'b Bundle, graph: &'b Graph, load: &Load) -> Option<&'b Slice> {
    graph.image(bundle, &load.image)?.file.slices.get(load.slice)
}

/// What dyld objects to in the program itself, before it loads anything.
fn malformed_program(bundle: &Bundle, launch: &Launch) -> Option<String> {
    if launch.kind == EntryKind::PlugIn {
        return None;
    }
    let slice = bundle.image(&launch.entry)?.file.slice(launch.arch)?;
    refusal(slice, launch.config.os, Role::Main)
}

/// Every process needs libSystem: dyld looks for its own other half in it. Of the libraries of macOS only the parts of
/// libSystem do without it.
fn no_lib_system(bundle: &Bundle, graph: &Graph, launch: &Launch) -> Option<Problem> {
    let mut parts = false;
    for load in &*launch.loads {
        let uses = &slice(bundle, graph, load)?.uses;
        if uses.iter().all(|used| used.kind == LoadKind::Lazy) {
            return None; // dyld then links libSystem by itself
        }
        for dependency in &load.dependencies {
            match &dependency.resolution {
                Resolution::System(path) if path.as_str().starts_with("/usr/lib/system/") => parts = true,
                Resolution::System(_) => return None,
                _ => {}
            }
        }
    }
    let message = match parts {
        true => "program does not link with libSystem.B.dylib",
        false => "libdyld.dylib not found",
    };
    let image = ImageId::Bundled(launch.entry.clone());
    Some(Problem { image, reference: None, message: message.to_owned() })
}
