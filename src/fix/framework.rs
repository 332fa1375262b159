//! Gives a framework in the bundle its folders and links back.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::edit::{Edit, Safety};
use super::rewrite::Reason;
use super::simulate::framework_name;
use crate::bundle::{Bundle, Node, WholeFramework, whole_form};
use crate::paths::BundlePath;

/// Plans the moves, removals and links that turn what is there into the whole form.
pub(super) fn restore(draft: &mut Draft<'_>, bundle: &Bundle, path: &BundlePath, reason: Reason) {
    let listing: BTreeMap<BundlePath, Node> = bundle
        .nodes
        .iter()
        .filter_map(|(node, kind)| Some((BundlePath::new(node.strip_prefix(path)?)?, kind.clone())))
        .filter(|(inside, _)| !inside.is_root())
        .collect();
    let Some(known) = bundle.frameworks.iter().find(|framework| framework.path == *path) else { return };
    let whole = whole_form(&listing, framework_name(path), known.current.as_deref());
    let mut edits = Vec::new();
    for (to, from) in whole.files.iter().filter(|(to, from)| to != from) {
        edits.push((Edit::Move { from: path.join(from.as_str()), to: path.join(to.as_str()) }, Safety::Safe));
    }
    for gone in spare(&listing, &whole) {
        edits.push((Edit::Remove { path: path.join(gone.as_str()) }, Safety::Review));
    }
    for (link, target) in &whole.links {
        if listing.get(link) != Some(&Node::Link { target: target.clone() }) {
            let edit = Edit::Symlink { path: path.join(link.as_str()), target: target.clone() };
            edits.push((edit, Safety::Safe));
        }
    }
    draft.change_tree_as_one(edits, reason);
}

/// What is in the listing and not in the whole form, topmost first: copies that give way to links, emptied folders.
fn spare(listing: &BTreeMap<BundlePath, Node>, whole: &WholeFramework) -> Vec<BundlePath> {
    let kept = |inside: &BundlePath, node: &Node| match node {
        Node::Folder => whole.folders.contains(inside),
        Node::Link { target } => whole.links.get(inside) == Some(target) || whole.files.contains_key(inside),
        _ => whole.files.contains_key(inside),
    };
    let mut gone: Vec<BundlePath> = Vec::new();
    let moved = |inside: &BundlePath| whole.files.iter().any(|(to, from)| from == inside && to != from);
    for (inside, node) in listing {
        let covered = gone.iter().any(|folder| inside.is_under(folder));
        if !covered && !kept(inside, node) && !moved(inside) {
            gone.push(inside.clone());
        }
    }
    gone
}
