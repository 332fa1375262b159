//! The load command as it stands, and what can be said before any disk is looked at.

use super::super::search::{Resolution, SearchRule};
use super::{Mark, Scene, Step, fact, leaf};
use crate::bundle::source::is_system_path;
use crate::macho::LoadKind;

pub fn asked(scene: &Scene<'_>) -> Step {
    let name = scene.name();
    let (why, law) = meaning(name);
    let mut facts =
        vec![fact(scene.dependency.kind.command(), name), fact("of the image", scene.load.image.to_string())];
    if name.starts_with("@executable_path") {
        facts.push(fact("@executable_path is", scene.executable_folder()));
    } else if name.starts_with("@loader_path") {
        facts.push(fact("@loader_path is", scene.load.path.parent().to_string()));
    } else if name.starts_with("@rpath/") {
        let chain: Vec<String> = scene.chain().into_iter().map(leaf).collect();
        facts.push(fact("load chain", chain.join(", then ")));
    }
    Step {
        title: format!("{} asks for {}", leaf(&scene.load.image), scene.dependency.name.leaf()),
        why: why.to_owned(),
        facts,
        mark: Mark::Asked,
        answer: kind(scene).to_owned(),
        law: Some(law_of_kind(scene.dependency.kind).unwrap_or(law)),
    }
}

/// What the beginning of a name tells dyld, and the law about it.
fn meaning(name: &str) -> (&'static str, &'static str) {
    if name.starts_with("@rpath/") {
        (
            "@rpath stands for a list of folders. Every image may name some with LC_RPATH; dyld takes those of the load \
             chain, from the image that asks back to the main executable, and tries one after the other.",
            "nearest-rpath-first",
        )
    } else if name.starts_with("@loader_path") {
        (
            "@loader_path is the folder of the image that asks, with every link on the way to it resolved.",
            "loader-path-follows-links",
        )
    } else if name.starts_with("@executable_path") {
        (
            "@executable_path is the folder of the program that runs, whoever asks. In a helper or a service it is \
             another folder.",
            "executable-path-is-the-process",
        )
    } else if is_system_path(name) {
        (
            "The name stands in a folder of macOS. Since macOS 11 these libraries are no files: they are in the shared \
             cache, and dyld knows them by name.",
            "system-libraries-by-name",
        )
    } else if name.starts_with('/') {
        (
            "An absolute path means one place and no other. It leads out of the bundle, to whatever stands there on the \
             Mac on which the app runs.",
            "absolute-outside-through-links",
        )
    } else {
        (
            "A name that begins neither with / nor with @ is looked for from the current folder, which for an app is /.",
            "relative-names",
        )
    }
}

fn law_of_kind(kind: LoadKind) -> Option<&'static str> {
    match kind {
        LoadKind::Weak => Some("weak-may-be-missing"),
        LoadKind::Lazy => Some("lazy-is-ignored"),
        _ => None,
    }
}

/// What becomes of a launch that does not find it.
fn kind(scene: &Scene<'_>) -> &'static str {
    match (scene.dependency.kind, scene.is_plug_in()) {
        (LoadKind::Weak, _) => "Weak: dyld goes on without it, and its symbols are null.",
        (LoadKind::Lazy, _) => "Lazy: dyld ignores this command since macOS 12.",
        (_, false) => "Required: dyld stops the launch when it finds nothing.",
        (_, true) => "Required: dlopen of the plug-in fails when dyld finds nothing.",
    }
}

/// Whether the name alone says that it is macOS's. Names with `@` are never asked about whole.
pub fn shared_cache(scene: &Scene<'_>) -> Option<Step> {
    let name = scene.name();
    let found = scene.has(SearchRule::SharedCache);
    if name.starts_with('@') || scene.has(SearchRule::AlreadyLoaded) {
        return None;
    }
    let (mark, answer) = match (&scene.dependency.resolution, found) {
        (Resolution::System(_), true) => (Mark::Found, "Yes. macOS brings it, on every Mac.".to_owned()),
        _ if is_system_path(name) => {
            (Mark::No, "No: this macOS has no library of that name any more.".to_owned())
        }
        _ => (Mark::No, "No: it is in none of macOS's own folders, /usr/lib and /System.".to_owned()),
    };
    Some(Step {
        title: "Is it a library of macOS?".to_owned(),
        why: String::new(),
        facts: Vec::new(),
        mark,
        answer,
        law: Some("system-libraries-by-name"),
    })
}
