//! Frameworks: their versions and links, and which state they are in. [`super::whole_form`] makes them whole again.
//!
//! The layout is that of Apple's Framework Programming Guide, "Anatomy of Framework Bundles".

use std::collections::BTreeMap;

use super::Node;
use crate::paths::BundlePath;

/// One `X.framework` folder of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    pub path: BundlePath,
    /// `X`.
    pub name: String,
    /// The folders of `Versions`, `Current` excluded.
    pub versions: Vec<String>,
    /// The version that `Versions/Current` points to, or the only one there is.
    pub current: Option<String>,
    pub shape: FrameworkShape,
}

/// What state a framework's folder is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameworkShape {
    /// `Versions/V`, `Versions/Current → V` and a top-level link for everything in `Versions/V`.
    Whole,
    /// The versions are there but links are missing or were turned into copies: what wheels and zips do.
    LinksLost,
    /// No `Versions` folder: right on iOS, wrong on macOS.
    Unversioned,
    /// No binary of the framework's name in any version.
    NoBinary,
}

/// Every framework folder among `nodes`, by path.
pub(super) fn find(nodes: &BTreeMap<BundlePath, Node>) -> Vec<Framework> {
    nodes
        .iter()
        .filter(|(_, node)| **node == Node::Folder)
        .filter_map(|(path, _)| {
            let name = path.file_name().strip_suffix(".framework").filter(|name| !name.is_empty())?;
            let listing = listing_of(nodes, path);
            let versions = versions(&listing);
            let current = current_version(&listing, &versions);
            let shape = shape(&listing, name, &versions, current.as_deref());
            Some(Framework { path: path.clone(), name: name.to_owned(), versions, current, shape })
        })
        .collect()
}

/// What lies below `folder`, by path relative to it.
pub fn listing_of(nodes: &BTreeMap<BundlePath, Node>, folder: &BundlePath) -> BTreeMap<BundlePath, Node> {
    nodes
        .range(folder.join("")..)
        .filter(|(path, _)| *path != folder)
        // Names such as `X.framework-old` sort between the folder and what is in it.
        .take_while(|(path, _)| path.as_str().starts_with(folder.as_str()))
        .filter_map(|(path, node)| Some((BundlePath::new(path.strip_prefix(folder)?)?, node.clone())))
        .collect()
}

/// The names of the real folders in `Versions`, `Current` excluded.
pub(super) fn versions(listing: &BTreeMap<BundlePath, Node>) -> Vec<String> {
    children(listing, "Versions")
        .filter(|(name, node)| *name != "Current" && **node == Node::Folder)
        .map(|(name, _)| name.to_owned())
        .collect()
}

pub(super) fn current_version(listing: &BTreeMap<BundlePath, Node>, versions: &[String]) -> Option<String> {
    linked_version(listing, versions).or_else(|| match versions {
        [only] => Some(only.clone()),
        _ => None,
    })
}

/// The version that a link `Versions/Current` leads to.
fn linked_version(listing: &BTreeMap<BundlePath, Node>, versions: &[String]) -> Option<String> {
    let Some(Node::Link { target }) = listing.get(&BundlePath::root().join("Versions/Current")) else {
        return None;
    };
    let version = target.trim_end_matches('/').trim_start_matches("./");
    versions.iter().find(|known| *known == version).cloned()
}

/// What stands directly in `folder`, by name.
pub(super) fn children<'a>(
    listing: &'a BTreeMap<BundlePath, Node>,
    folder: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Node)> {
    listing
        .iter()
        .filter(move |(path, _)| path.parent().is_some_and(|parent| parent.as_str() == folder))
        .map(|(path, node)| (path.file_name(), node))
}

fn shape(
    listing: &BTreeMap<BundlePath, Node>,
    name: &str,
    versions: &[String],
    current: Option<&str>,
) -> FrameworkShape {
    let is_file = |path: String| {
        BundlePath::new(&path)
            .and_then(|path| listing.get(&path))
            .is_some_and(|node| matches!(node, Node::File { .. }))
    };
    let root_binary = is_file(name.to_owned());
    let current_folder = is_file(format!("Versions/Current/{name}"));
    if !root_binary
        && !current_folder
        && !versions.iter().any(|version| is_file(format!("Versions/{version}/{name}")))
    {
        return FrameworkShape::NoBinary;
    }
    if versions.is_empty() && !current_folder {
        return FrameworkShape::Unversioned;
    }
    let link = |path: &str| match BundlePath::new(path).and_then(|path| listing.get(&path)) {
        Some(Node::Link { target }) => Some(target.as_str()),
        _ => None,
    };
    let leads_in = |item: &str| {
        link(item).is_some_and(|target| target.trim_start_matches("./").starts_with("Versions/"))
    };
    let has_resources = current.is_some_and(|version| {
        BundlePath::new(&format!("Versions/{version}/Resources"))
            .is_some_and(|path| listing.contains_key(&path))
    });
    let only_links =
        children(listing, "").all(|(item, node)| item == "Versions" || matches!(node, Node::Link { .. }));
    let whole = current.is_some()
        && linked_version(listing, versions).is_some()
        && only_links
        && leads_in(name)
        && (!has_resources || leads_in("Resources"));
    if whole { FrameworkShape::Whole } else { FrameworkShape::LinksLost }
}
