//! The whole form of a framework, worked out from whatever a wheel, a zip or a copy left of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use super::framework::{children, current_version, versions};
use crate::paths::BundlePath;

/// What a framework's folder should hold. Every path is relative to the framework.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WholeFramework {
    /// `V` of `Versions/V`.
    pub version: String,
    pub folders: BTreeSet<BundlePath>,
    /// Where each file belongs → where it is now.
    pub files: BTreeMap<BundlePath, BundlePath>,
    pub links: BTreeMap<BundlePath, String>,
    /// Pairs of files that claim the same place: the one that is kept, and the one that goes. When their contents
    /// differ, somebody should look; the version's own file wins.
    pub superseded: Vec<(BundlePath, BundlePath)>,
}

/// Items of a version that have no link at the top.
const WITHOUT_LINK: [&str; 2] = ["_CodeSignature", "CodeResources"];

/// Arranges `listing` (what lies in `name.framework`, by relative path) as `Versions/V` with its links. `version` is the
/// version that a load command names; without one it is `Versions/Current`'s, the last one there is, or `A`.
///
/// Copies of links (`Versions/Current`, top-level items) fall together with what they copy; items that exist only at
/// the top move into the version; Info.plist of an unversioned framework moves into `Resources`.
pub fn whole_form(listing: &BTreeMap<BundlePath, Node>, name: &str, version: Option<&str>) -> WholeFramework {
    let known = versions(listing);
    let version = version
        .map(str::to_owned)
        .filter(|version| BundlePath::new(version).is_some_and(|path| path.components().count() == 1))
        .or_else(|| current_version(listing, &known))
        .or_else(|| known.last().cloned())
        .unwrap_or_else(|| "A".to_owned());
    let mut whole = WholeFramework { version, ..WholeFramework::default() };
    // The order decides who wins: the version itself, then the copy of `Current`, then the top.
    for rank in [Rank::Version, Rank::CopyOfCurrent, Rank::Top] {
        for (path, node) in listing {
            if let Some((place_rank, place)) = place(path, name, &whole.version, !known.is_empty())
                && place_rank == rank
            {
                whole.put(place, path, node);
            }
        }
    }
    whole.link_up();
    whole
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Version,
    CopyOfCurrent,
    Top,
}

/// Where `path` belongs, and how strong its claim is. `None` for what is made anew.
fn place(path: &BundlePath, name: &str, version: &str, versioned: bool) -> Option<(Rank, BundlePath)> {
    let parts: Vec<&str> = path.components().collect();
    let own = BundlePath::root().join("Versions").resolve(version)?;
    match parts[..] {
        ["Versions"] | ["Versions", "Current"] => None,
        ["Versions", "Current", ..] => Some((Rank::CopyOfCurrent, own.join(&parts[2..].join("/")))),
        ["Versions", ..] => Some((Rank::Version, path.clone())),
        ["Info.plist"] if !versioned && name != "Info.plist" => {
            Some((Rank::Top, own.join("Resources/Info.plist")))
        }
        _ => Some((Rank::Top, own.join(path.as_str()))),
    }
}

impl WholeFramework {
    /// Lays `node`, which is at `source`, at `place`, unless that is taken.
    fn put(&mut self, place: BundlePath, source: &BundlePath, node: &Node) {
        let blocked =
            place.ancestors().any(|above| self.files.contains_key(&above) || self.links.contains_key(&above));
        if blocked || self.links.contains_key(&place) {
            return;
        }
        match node {
            Node::Folder if !self.files.contains_key(&place) => drop(self.folders.insert(place.clone())),
            Node::File { .. } if self.folders.contains(&place) => return,
            Node::File { .. } => match self.files.get(&place) {
                Some(kept) => self.superseded.push((kept.clone(), source.clone())),
                None => drop(self.files.insert(place.clone(), source.clone())),
            },
            // Links at the top are made anew below; those deeper down stay as they are.
            Node::Link { target } if source.components().count() > 1 => {
                if !self.files.contains_key(&place) && !self.folders.contains(&place) {
                    self.links.insert(place.clone(), target.clone());
                }
            }
            Node::Folder | Node::Link { .. } | Node::Other => return,
        }
        self.folders.extend(place.ancestors().filter(|folder| !folder.is_root()));
    }

    /// `Versions/Current`, and a link at the top for everything in the version.
    fn link_up(&mut self) {
        let own = format!("Versions/{}", self.version);
        let places = self.folders.iter().chain(self.files.keys()).chain(self.links.keys());
        let items: BTreeSet<String> = places
            .filter(|path| path.parent().is_some_and(|folder| folder.as_str() == own))
            .map(|path| path.file_name().to_owned())
            .filter(|item| !item.starts_with('.') && !WITHOUT_LINK.contains(&item.as_str()))
            .collect();
        let root = BundlePath::root();
        for item in items {
            self.links.insert(root.join(&item), format!("Versions/Current/{item}"));
        }
        self.links.insert(root.join("Versions/Current"), self.version.clone());
    }
}

impl WholeFramework {
    /// Whether `listing` already has this form.
    pub fn is_form_of(&self, listing: &BTreeMap<BundlePath, Node>) -> bool {
        self.files.iter().all(|(place, source)| place == source)
            && self.superseded.is_empty()
            && self.links.iter().all(|(path, target)| {
                matches!(listing.get(path), Some(Node::Link { target: there }) if there.trim_end_matches('/') == target)
            })
            && children(listing, "").all(|(item, node)| item == "Versions" || matches!(node, Node::Link { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::framework::{Framework, FrameworkShape, find};

    /// One path for each item: `x/` is a folder, `x -> y` a link, all else a file.
    fn listing(items: &[&str]) -> BTreeMap<BundlePath, Node> {
        let path = |text: &str| BundlePath::new(text).unwrap();
        let mut nodes = BTreeMap::new();
        for item in items {
            let (at, node) = match (item.split_once(" -> "), item.strip_suffix('/')) {
                (Some((at, target)), _) => (path(at), Node::Link { target: target.to_owned() }),
                (_, Some(folder)) => (path(folder), Node::Folder),
                _ => (path(item), Node::File { length: 1, mode: 0o644 }),
            };
            nodes.extend(at.ancestors().filter(|above| !above.is_root()).map(|above| (above, Node::Folder)));
            nodes.insert(at, node);
        }
        nodes
    }

    fn shown(whole: &WholeFramework) -> Vec<String> {
        let files = whole.files.iter().map(|(place, source)| {
            if place == source { place.to_string() } else { format!("{place} <- {source}") }
        });
        files.chain(whole.links.iter().map(|(path, target)| format!("{path} -> {target}"))).collect()
    }

    const WHOLE: [&str; 5] = [
        "Versions/A/Resources/Info.plist",
        "Versions/A/X",
        "Resources -> Versions/Current/Resources",
        "Versions/Current -> A",
        "X -> Versions/Current/X",
    ];

    fn shape(items: &[&str]) -> FrameworkShape {
        let inside = listing(items)
            .into_iter()
            .map(|(path, node)| (BundlePath::root().join("X.framework").join(path.as_str()), node));
        let mut nodes: BTreeMap<BundlePath, Node> = inside.collect();
        nodes.insert(BundlePath::root().join("X.framework"), Node::Folder);
        let [Framework { shape, .. }] = find(&nodes)[..] else { panic!("one framework") };
        shape
    }

    #[test]
    fn a_whole_framework_stays_as_it_is() {
        let whole = whole_form(&listing(&WHOLE), "X", None);
        assert_eq!(shown(&whole), WHOLE);
        assert!(whole.is_form_of(&listing(&WHOLE)));
        assert_eq!(shape(&WHOLE), FrameworkShape::Whole);
    }

    #[test]
    fn root_resources_without_root_binary_as_pyside_ships_it() {
        let items = [
            "Versions/A/X",
            "Versions/A/Resources/Info.plist",
            "Resources/Info.plist",
            "Resources/only-here",
        ];
        let whole = whole_form(&listing(&items), "X", None);
        assert_eq!(
            shown(&whole),
            [
                "Versions/A/Resources/Info.plist",
                "Versions/A/Resources/only-here <- Resources/only-here",
                "Versions/A/X",
                "Resources -> Versions/Current/Resources",
                "Versions/Current -> A",
                "X -> Versions/Current/X",
            ]
        );
        let pair = |kept: &str, gone: &str| (BundlePath::new(kept).unwrap(), BundlePath::new(gone).unwrap());
        assert_eq!(whole.superseded, [pair("Versions/A/Resources/Info.plist", "Resources/Info.plist")]);
        assert_eq!(shape(&items), FrameworkShape::LinksLost);
    }

    #[test]
    fn a_copy_of_the_binary_at_the_root_is_superseded() {
        let items = ["X", "Versions/5/X", "Resources/Info.plist"];
        let whole = whole_form(&listing(&items), "X", None);
        assert_eq!(whole.version, "5");
        assert_eq!(whole.superseded.len(), 1);
        assert_eq!(whole.files[&BundlePath::new("Versions/5/X").unwrap()].as_str(), "Versions/5/X");
        assert_eq!(shape(&items), FrameworkShape::LinksLost);
    }

    #[test]
    fn a_framework_stored_three_times_falls_together() {
        let items =
            ["X", "Versions/A/X", "Versions/Current/X", "Versions/Current/Helpers/tool", "Helpers/tool"];
        let whole = whole_form(&listing(&items), "X", None);
        assert_eq!(
            shown(&whole),
            [
                "Versions/A/Helpers/tool <- Versions/Current/Helpers/tool",
                "Versions/A/X",
                "Helpers -> Versions/Current/Helpers",
                "Versions/Current -> A",
                "X -> Versions/Current/X",
            ]
        );
        assert_eq!(whole.superseded.len(), 3);
    }

    #[test]
    fn only_the_version_is_there() {
        let items =
            ["Versions/A/X", "Versions/A/Resources/Info.plist", "Versions/A/_CodeSignature/CodeResources"];
        let whole = whole_form(&listing(&items), "X", None);
        assert_eq!(whole.links.len(), 3, "none for _CodeSignature: {:?}", whole.links);
        assert_eq!(shape(&items), FrameworkShape::LinksLost);
    }

    #[test]
    fn an_unversioned_framework_becomes_version_a() {
        let items = ["X", "Info.plist", "Libraries/libegl.dylib", "Headers -> ../include"];
        let whole = whole_form(&listing(&items), "X", None);
        assert_eq!(
            shown(&whole),
            [
                "Versions/A/Libraries/libegl.dylib <- Libraries/libegl.dylib",
                "Versions/A/Resources/Info.plist <- Info.plist",
                "Versions/A/X <- X",
                "Libraries -> Versions/Current/Libraries",
                "Resources -> Versions/Current/Resources",
                "Versions/Current -> A",
                "X -> Versions/Current/X",
            ]
        );
        assert_eq!(shape(&items), FrameworkShape::Unversioned);
        assert_eq!(whole_form(&listing(&items), "X", Some("5")).version, "5");
    }

    #[test]
    fn headers_alone_are_no_framework_that_loads() {
        assert_eq!(shape(&["Headers/X.h"]), FrameworkShape::NoBinary);
        assert_eq!(shape(&["Versions/A/Headers/X.h"]), FrameworkShape::NoBinary);
    }

    #[test]
    fn links_inside_a_version_and_other_versions_stay() {
        let items = [
            "Versions/A/lib/libx.1.dylib",
            "Versions/A/lib/libx.dylib -> libx.1.dylib",
            "Versions/B/X",
            "Versions/A/X",
        ];
        let whole = whole_form(&listing(&items), "X", Some("A"));
        assert_eq!(whole.links[&BundlePath::new("Versions/A/lib/libx.dylib").unwrap()], "libx.1.dylib");
        assert!(whole.files.contains_key(&BundlePath::new("Versions/B/X").unwrap()));
    }
}
