//! Which folders are bundles to codesign, and where in them things stand (Security, `bundlediskrep.cpp`; CFBundle).

use std::collections::BTreeMap;

use super::rules::Rules;
use crate::bundle::{Bundle, InfoPlist, Node};
use crate::paths::BundlePath;

pub(super) type Nodes = BTreeMap<BundlePath, Node>;

/// One bundle that can carry a seal. Each version of a framework is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodeBundle {
    /// What a signing step names: the bundle's folder, or `X.framework/Versions/V`.
    pub path: BundlePath,
    /// What the enclosing bundle's seal names: `X.framework`.
    pub folder: BundlePath,
    /// The folder that paths in CodeResources start from: `Contents`, a framework's version, or the folder itself.
    pub base: BundlePath,
    pub info_plist: Option<BundlePath>,
}

impl CodeBundle {
    /// The bundle that a signing step names.
    pub fn at_step(nodes: &Nodes, step: &BundlePath) -> Option<CodeBundle> {
        let versions = step.parent().filter(|parent| parent.file_name() == "Versions");
        match versions.and_then(|versions| versions.parent()) {
            Some(framework) => bundles_at(nodes, &framework).into_iter().find(|bundle| bundle.path == *step),
            None => bundles_at(nodes, step).into_iter().next(),
        }
    }

    /// `_CodeSignature`.
    pub fn signature_folder(&self) -> BundlePath {
        self.base.join("_CodeSignature")
    }

    pub fn code_resources(&self) -> BundlePath {
        self.signature_folder().join("CodeResources")
    }

    /// Whether resources stand in a folder of their own, on which the default rules depend.
    pub fn has_resources_folder(&self, nodes: &Nodes) -> bool {
        self.base.file_name() == "Contents" || is_folder(nodes, &self.base.join("Resources"))
    }

    /// The file that CFBundleExecutable names, or that bears the bundle's own name.
    pub fn main_executable(&self, nodes: &Nodes, info: Option<&InfoPlist>) -> Option<BundlePath> {
        let named = info.and_then(|info| info.string("CFBundleExecutable"));
        self.executable_named(nodes, named.unwrap_or_else(|| stem(self.folder.file_name())))
    }

    fn executable_named(&self, nodes: &Nodes, name: &str) -> Option<BundlePath> {
        let inside = BundlePath::new(name).filter(|name| !name.is_root())?;
        let (plain, in_macos) =
            (self.base.join(inside.as_str()), self.base.join("MacOS").join(inside.as_str()));
        let deep = self.base.file_name() == "Contents";
        let places = if deep { [in_macos, plain] } else { [plain, in_macos] };
        places.into_iter().find(|place| is_file(nodes, place))
    }

    pub fn is_version(&self) -> bool {
        self.path != self.folder
    }
}

/// `Foo` of `Foo.framework`.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The bundles that `folder` is: one, or one for each version of a framework. None when codesign would say "bundle
/// format unrecognized, invalid, or unsuitable".
pub(super) fn bundles_at(nodes: &Nodes, folder: &BundlePath) -> Vec<CodeBundle> {
    let info = |places: &[BundlePath]| places.iter().find(|place| is_file(nodes, place)).cloned();
    let contents = folder.join("Contents");
    if is_folder(nodes, &contents) {
        let info_plist = info(&[contents.join("Info.plist")]);
        return vec![CodeBundle { path: folder.clone(), folder: folder.clone(), base: contents, info_plist }];
    }
    let flat = |path: &BundlePath| CodeBundle {
        path: path.clone(),
        folder: folder.clone(),
        base: path.clone(),
        info_plist: info(&[path.join("Resources/Info.plist"), path.join("Info.plist")]),
    };
    let versions = folder.join("Versions");
    if is_folder(nodes, &versions) {
        let versions = children(nodes, &versions);
        let real = versions.filter(|(path, node)| **node == Node::Folder && path.file_name() != "Current");
        return real.map(|(path, _)| flat(path)).collect();
    }
    let bundle = flat(folder);
    let recognized = bundle.info_plist.is_some()
        || folder.file_name().ends_with(".framework") && bundle.main_executable(nodes, None).is_some();
    if recognized { vec![bundle] } else { Vec::new() }
}

/// Of a framework's versions the one that counts: where `Versions/Current` leads, else the last.
pub(super) fn current_version(nodes: &Nodes, folder: &BundlePath) -> Option<CodeBundle> {
    let mut bundles = bundles_at(nodes, folder);
    let current = match nodes.get(&folder.join("Versions/Current")) {
        Some(Node::Link { target }) => target.trim_end_matches('/').rsplit('/').next(),
        _ => None,
    };
    let chosen = bundles.iter().position(|bundle| Some(bundle.path.file_name()) == current);
    match chosen {
        Some(at) => Some(bundles.swap_remove(at)),
        None => bundles.pop(),
    }
}

pub(super) fn is_folder(nodes: &Nodes, path: &BundlePath) -> bool {
    path.is_root() || nodes.get(path) == Some(&Node::Folder)
}

pub(super) fn is_file(nodes: &Nodes, path: &BundlePath) -> bool {
    matches!(nodes.get(path), Some(Node::File { .. }))
}

/// Everything below `folder`, in order.
pub(super) fn below<'a>(
    nodes: &'a Nodes,
    folder: &BundlePath,
) -> impl Iterator<Item = (&'a BundlePath, &'a Node)> + use<'a> {
    // "\0" is the least name there is, so nothing that sorts between "a" and "a/" is passed over.
    let first = folder.join("\0");
    let folder = folder.clone();
    nodes.range(first..).take_while(move |(path, _)| path.is_under(&folder))
}

/// What stands directly in `folder`, in order.
pub(super) fn children<'a>(
    nodes: &'a Nodes,
    folder: &BundlePath,
) -> impl Iterator<Item = (&'a BundlePath, &'a Node)> + use<'a> {
    let depth = folder.components().count() + 1;
    below(nodes, folder).filter(move |(path, _)| path.components().count() == depth)
}

/// A bundle of the model with what is known of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownBundle {
    pub bundle: CodeBundle,
    pub executable: Option<BundlePath>,
    /// Whether the executable is Mach-O.
    pub has_code: bool,
    /// Whether it stands where its encloser's seal takes it for code rather than for files.
    pub nested: bool,
}

/// Every bundle of the model that codesign would sign: the root, whatever stands in a place for nested code, and
/// elsewhere the bundles that have code. Enclosers before what they enclose.
pub(super) fn known_bundles(model: &Bundle) -> Vec<KnownBundle> {
    let rules = Rules::standard(true).1;
    let mut known: Vec<KnownBundle> = Vec::new();
    let folders = model.nodes.iter().filter(|(_, node)| **node == Node::Folder).map(|(path, _)| path);
    let dotted =
        folders.filter(|path| path.file_name().contains('.') && !path.file_name().ends_with(".dSYM"));
    for folder in std::iter::once(&BundlePath::root()).chain(dotted) {
        let nested = is_nested_place(&known, &rules, folder);
        for bundle in bundles_at(&model.nodes, folder) {
            let info = bundle.info_plist.as_ref().and_then(|path| model.info_plists.get(path));
            let executable = match folder.is_root() {
                true => model.main_executable.clone().filter(|path| is_file(&model.nodes, path)),
                false => None,
            };
            let executable = executable.or_else(|| bundle.main_executable(&model.nodes, info));
            // The root has no name in its own paths.
            let executable = executable.or_else(|| {
                folder.is_root().then(|| bundle.executable_named(&model.nodes, stem(&model.name))).flatten()
            });
            let has_code = executable.as_ref().is_some_and(|path| model.images.contains_key(path));
            // `Versions/3.12` looks like a bundle of its own; it is known as its framework's version.
            let twice = known.iter().any(|one| one.bundle.path == bundle.path);
            if !twice && (folder.is_root() || nested || has_code) {
                known.push(KnownBundle { bundle, executable, has_code, nested });
            }
        }
    }
    known
}

/// Whether the innermost of `known` around `path` would seal it as nested code.
pub(super) fn is_nested_place(known: &[KnownBundle], rules: &Rules, path: &BundlePath) -> bool {
    innermost(known, path)
        .and_then(|encloser| path.strip_prefix(&encloser.bundle.base))
        .and_then(|inside| rules.find(inside))
        .is_some_and(|rule| rule.nested)
}

/// The innermost bundle whose seal covers `path`, which is not that bundle itself.
pub(super) fn innermost<'a>(known: &'a [KnownBundle], path: &BundlePath) -> Option<&'a KnownBundle> {
    let around = known.iter().filter(|one| one.bundle.path != *path && path.is_under(&one.bundle.base));
    around.max_by_key(|one| one.bundle.base.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(text: &[&str]) -> Nodes {
        let path = |text: &str| BundlePath::new(text).unwrap();
        let mut nodes = Nodes::new();
        for line in text {
            match line.split_once(" -> ") {
                Some((link, target)) => nodes.insert(path(link), Node::Link { target: target.to_owned() }),
                None => nodes.insert(path(line), Node::File { length: 0, mode: 0o644 }),
            };
            for folder in path(line.split(" -> ").next().unwrap()).ancestors() {
                nodes.entry(folder).or_insert(Node::Folder);
            }
        }
        nodes
    }

    #[test]
    fn each_shape_of_bundle_is_recognized() {
        let nodes = nodes(&[
            "A.app/Contents/Info.plist",
            "A.app/Contents/MacOS/A",
            "B.framework/Versions/A/B",
            "B.framework/Versions/B/B",
            "B.framework/Versions/B/Resources/Info.plist",
            "B.framework/Versions/Current -> A",
            "C.framework/C",
            "D.bundle/Info.plist",
            "python3.11/os.py",
        ]);
        let at = |folder: &str| bundles_at(&nodes, &BundlePath::new(folder).unwrap());
        assert_eq!(at("A.app")[0].base.as_str(), "A.app/Contents");
        assert_eq!(at("A.app")[0].main_executable(&nodes, None).unwrap().as_str(), "A.app/Contents/MacOS/A");
        let paths: Vec<String> = at("B.framework").iter().map(|bundle| bundle.path.to_string()).collect();
        assert_eq!(paths, ["B.framework/Versions/A", "B.framework/Versions/B"]);
        assert_eq!(
            at("B.framework")[1].info_plist.as_ref().unwrap().as_str(),
            "B.framework/Versions/B/Resources/Info.plist"
        );
        let current = current_version(&nodes, &BundlePath::new("B.framework").unwrap()).unwrap();
        assert_eq!(current.path.as_str(), "B.framework/Versions/A");
        assert_eq!(CodeBundle::at_step(&nodes, &current.path), Some(current));
        assert_eq!(at("C.framework").len(), 1);
        assert_eq!(at("D.bundle")[0].main_executable(&nodes, None), None);
        assert!(at("python3.11").is_empty());
    }
}
