//! Seals as text and JSON.

use serde::Serialize;

use super::{BAD, CAREFUL, FAINT, GOOD, Page, SCHEMA, STRONG, count};
use crate::paths::BundlePath;
use crate::workflow::seals::{SealLink, SealState, SealTree, SealedBy};

/// Each link in a line, what is wrong with it below.
pub fn chain(page: &mut Page, links: &[SealLink]) {
    for link in links {
        let (style, mark) = match &link.seal {
            _ if !link.faults.is_empty() => (BAD, "✗"),
            SealedBy::Nothing { .. } => (CAREFUL, "○"),
            _ => (GOOD, "✓"),
        };
        page.paint(style, mark).put(" ").paint(STRONG, named(&link.path)).put(": ");
        page.put(link.seal.words()).end();
        for fault in &link.faults {
            page.put("    ").paint(BAD, fault).end();
        }
    }
    let end = match links.iter().position(|link| !link.faults.is_empty()) {
        Some(at) => format!("broken at link {} of {}", at + 1, links.len()),
        None => match links.last().map(|link| &link.seal) {
            Some(SealedBy::Nothing { .. }) => "not sealed".to_owned(),
            _ => format!("{} hold", count(links.len(), "link")),
        },
    };
    page.line(end);
}

fn named(path: &BundlePath) -> &str {
    if path.is_root() { "the app" } else { path.as_str() }
}

#[derive(Serialize)]
pub struct ChainJson<'a> {
    schema: u32,
    ok: bool,
    chain: Vec<LinkJson<'a>>,
}

#[derive(Serialize)]
struct LinkJson<'a> {
    path: &'a str,
    kind: &'static str,
    /// The file that holds the seal.
    seal: Option<&'a str>,
    entry: Option<&'a str>,
    slot: Option<i64>,
    requirement: Option<&'a str>,
    says: String,
    faults: &'a [String],
}

impl<'a> ChainJson<'a> {
    pub fn new(links: &'a [SealLink]) -> Self {
        let link = |link: &'a SealLink| {
            let (kind, entry) = match &link.seal {
                SealedBy::OwnCodeDirectory => ("pages", None),
                SealedBy::Hash { entry, .. } => ("hash", Some(entry)),
                SealedBy::Target { entry, .. } => ("link", Some(entry)),
                SealedBy::Requirement { entry, .. } => ("requirement", Some(entry)),
                SealedBy::Slot { .. } => ("slot", None),
                SealedBy::Signature { .. } => ("signature", None),
                SealedBy::Nothing { .. } => ("none", None),
            };
            LinkJson {
                path: link.path.as_str(),
                kind,
                seal: link.seal.place().map(BundlePath::as_str),
                entry: entry.map(String::as_str),
                slot: match &link.seal {
                    SealedBy::Slot { slot, .. } => Some(-i64::from(*slot)),
                    _ => None,
                },
                requirement: match &link.seal {
                    SealedBy::Requirement { requirement, .. } => Some(requirement),
                    _ => None,
                },
                says: link.seal.words(),
                faults: &link.faults,
            }
        };
        let ok = links.iter().all(|link| link.faults.is_empty());
        ChainJson { schema: SCHEMA, ok, chain: links.iter().map(link).collect() }
    }
}

/// What is drawn to the left of a thing: its own branch, and the rails that go on to what follows.
struct Branch<'a> {
    tree: &'a SealTree,
    rails: String,
    branch: &'static str,
}

pub fn tree(page: &mut Page, root: &SealTree) {
    // The stack is ours: bundles may be nested deeper than the thread's.
    let mut left = vec![Branch { tree: root, rails: String::new(), branch: "" }];
    while let Some(Branch { tree, rails, branch }) = left.pop() {
        page.put(&rails).put(branch);
        line(page, tree);
        let rails = match branch {
            "" => rails,
            "├─ " => rails + "│  ",
            _ => rails + "   ",
        };
        let last = tree.nested.len().saturating_sub(1);
        for (at, tree) in tree.nested.iter().enumerate().rev() {
            let branch = if at == last { "└─ " } else { "├─ " };
            left.push(Branch { tree, rails: rails.clone(), branch });
        }
    }
}

fn line(page: &mut Page, tree: &SealTree) {
    let (style, state) = match tree.state {
        SealState::Sound => (GOOD, "sound".to_owned()),
        SealState::Broken => (BAD, count(tree.problems, "problem")),
        SealState::Unsigned => (CAREFUL, "not signed".to_owned()),
    };
    page.paint(STRONG, named(&tree.path)).put(" ").paint(style, state);
    if tree.sealed > 0 {
        page.put(format!(", seals {}", count(tree.sealed, "file")));
    }
    if let Some(identifier) = &tree.identifier {
        page.paint(FAINT, format!("  {identifier}"));
    }
    page.end();
}

#[derive(Serialize)]
pub struct TreeJson<'a> {
    schema: u32,
    codes: Vec<CodeJson<'a>>,
}

/// One code; `within` names what seals it, so that the tree needs no depth.
#[derive(Serialize)]
struct CodeJson<'a> {
    path: &'a str,
    within: Option<&'a str>,
    identifier: Option<&'a str>,
    state: &'static str,
    sealed: usize,
    problems: usize,
}

impl<'a> TreeJson<'a> {
    pub fn new(root: &'a SealTree) -> Self {
        let mut codes = Vec::new();
        let mut left: Vec<(Option<&'a str>, &'a SealTree)> = vec![(None, root)];
        while let Some((within, tree)) = left.pop() {
            codes.push(CodeJson {
                path: tree.path.as_str(),
                within,
                identifier: tree.identifier.as_deref(),
                state: match tree.state {
                    SealState::Sound => "sound",
                    SealState::Broken => "broken",
                    SealState::Unsigned => "unsigned",
                },
                sealed: tree.sealed,
                problems: tree.problems,
            });
            left.extend(tree.nested.iter().rev().map(|nested| (Some(tree.path.as_str()), nested)));
        }
        TreeJson { schema: SCHEMA, codes }
    }
}
