//! What the page shows of a plan, worked out once when the plan arrives: a frame does no work that grows with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::Node;
use crate::diagnose::{Finding, Severity};
use crate::fix::{Edit, FixPlan, PlannedEdit};
use crate::paths::BundlePath;
use crate::ui::facts::{bytes, counted, number};

/// Gap below each card.
const GAP: f32 = 8.0;

/// The edits of one file, switched off ones included.
pub struct Group {
    pub path: BundlePath,
    pub edits: Vec<PlannedEdit>,
    /// What its head says at the right: header room, or what is added.
    pub note: String,
    /// Whether the file comes into the bundle with these edits.
    pub is_new: bool,
}

/// What would be mended and what would stay.
#[derive(Default)]
pub struct After {
    pub mended: usize,
    /// The first of their titles, in one line.
    pub titles: String,
    /// The first that stay, notes left out.
    pub staying: Vec<Finding>,
    /// Findings that stay beyond those.
    pub more: usize,
}

#[derive(Default)]
pub struct Outline {
    pub groups: Vec<Group>,
    pub after: After,
    pub numbers: Vec<(&'static str, String)>,
    /// Keeps, drops and notes of the signatures, the same text once.
    pub signing: [Vec<String>; 3],
    /// Mac each card begins below the first; one more for the end of the last.
    tops: Vec<f32>,
}

impl Outline {
    pub fn of(plan: &FixPlan, before: &[Finding], closed: &BTreeSet<BundlePath>) -> Outline {
        let steps = &plan.sign.steps;
        let mut outline = Outline {
            groups: groups(plan),
            after: after(before, plan),
            numbers: numbers(plan),
            signing: [
                tally(steps.iter().flat_map(|step| &step.keeps)),
                tally(steps.iter().flat_map(|step| &step.drops)),
                tally(steps.iter().flat_map(|step| &step.warnings)),
            ],
            tops: Vec::new(),
        };
        outline.measure(closed);
        outline
    }

    /// Works out the places of the cards again, after one was opened or closed.
    pub fn measure(&mut self, closed: &BTreeSet<BundlePath>) {
        let mut top = 0.0;
        self.tops = Vec::with_capacity(self.groups.len() + 1);
        for group in &self.groups {
            self.tops.push(top);
            top += super::card::height(group, !closed.contains(&group.path)) + GAP;
        }
        self.tops.push(top);
    }

    pub fn top(&self, index: usize) -> f32 {
        self.tops.get(index).copied().unwrap_or_default()
    }

    pub fn height(&self) -> f32 {
        self.tops.last().copied().unwrap_or_default()
    }

    /// The cards that have a part between `from` and `to`.
    pub fn within(&self, from: f32, to: f32) -> std::ops::Range<usize> {
        let first = self.tops.partition_point(|top| *top <= from).saturating_sub(1);
        let last = self.tops.partition_point(|top| *top < to).min(self.groups.len());
        first.min(last)..last
    }
}

/// By file, in the order of the plan.
fn groups(plan: &FixPlan) -> Vec<Group> {
    let mut order: BTreeMap<&BundlePath, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for edit in plan.edits.iter().chain(&plan.switched_off) {
        let path = edit.edit.path();
        let at = *order.entry(path).or_insert_with(|| {
            let note = String::new();
            groups.push(Group { path: path.clone(), edits: Vec::new(), note, is_new: false });
            groups.len() - 1
        });
        groups[at].is_new |= matches!(edit.edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. });
        groups[at].edits.push(edit.clone());
    }
    for group in &mut groups {
        group.note = note(plan, group);
    }
    groups
}

fn note(plan: &FixPlan, group: &Group) -> String {
    for edit in &group.edits {
        if let Edit::CopyFile { to, .. } = &edit.edit
            && let Some(Node::File { length, .. }) = plan.expected.nodes.get(to)
        {
            return format!("adds {}", bytes(*length));
        }
        if let Edit::CopyFramework { to, .. } = &edit.edit {
            let (mut files, mut links, mut length) = (0, 0, 0);
            for (_, node) in plan.expected.nodes.iter().filter(|(path, _)| path.is_under(to)) {
                match node {
                    Node::File { length: size, .. } => {
                        files += 1;
                        length += size;
                    }
                    Node::Link { .. } => links += 1,
                    _ => {}
                }
            }
            return format!(
                "whole: {}, {}, {}",
                counted(files, "file"),
                counted(links, "link"),
                bytes(length)
            );
        }
    }
    match plan.header_room.get(&group.path) {
        Some((before, after)) => {
            format!("{} B free in the header, {} B after", number(*before), number(*after))
        }
        None => String::new(),
    }
}

fn after(before: &[Finding], plan: &FixPlan) -> After {
    const TITLES: usize = 4;
    const STAYING: usize = 6;
    fn key(finding: &Finding) -> impl Ord + '_ {
        (finding.rule, &finding.subject, &finding.reference, finding.arch)
    }
    let left: BTreeSet<_> = plan.remaining.iter().map(key).collect();
    let mended: Vec<&Finding> = before.iter().filter(|finding| !left.contains(&key(finding))).collect();
    let titles: Vec<&str> = mended.iter().take(TITLES).map(|finding| finding.title.as_str()).collect();
    let rest = mended.len().saturating_sub(TITLES);
    let more = if rest > 0 { format!(" and {} more", number(rest as u64)) } else { String::new() };
    let grave = plan.remaining.iter().filter(|finding| finding.severity != Severity::Info);
    let staying: Vec<Finding> = grave.take(STAYING).cloned().collect();
    let more_stay = if staying.is_empty() { 0 } else { plan.remaining.len() - staying.len() };
    After { mended: mended.len(), titles: format!("{}{more}", titles.join(", ")), staying, more: more_stay }
}

fn numbers(plan: &FixPlan) -> Vec<(&'static str, String)> {
    let count =
        |wanted: fn(&Edit) -> bool| plan.edits.iter().filter(|edit| wanted(&edit.edit)).count() as u64;
    let added = count(|edit| matches!(edit, Edit::CopyFile { .. } | Edit::CopyFramework { .. }));
    let removed = count(|edit| matches!(edit, Edit::Remove { .. }));
    let total = plan.edits.len() + plan.switched_off.len();
    let growth = match plan.growth {
        0 => "0 B".to_owned(),
        more @ 1.. => format!("+{}", bytes(more.unsigned_abs())),
        less => format!("−{}", bytes(less.unsigned_abs())),
    };
    vec![
        ("Files changed", number(plan.header_room.len() as u64)),
        ("Files and frameworks added", number(added)),
        ("Files removed", number(removed)),
        ("Edits on", format!("{} of {}", number(plan.edits.len() as u64), number(total as u64))),
        ("Signatures renewed", number(plan.sign.steps.len() as u64)),
        ("Size", growth),
    ]
}

/// The same text of many steps once, with its count.
fn tally<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, text) in texts.enumerate() {
        counts.entry(text).or_insert((at, 0)).1 += 1;
    }
    let mut counts: Vec<(usize, &str, usize)> =
        counts.into_iter().map(|(text, (at, count))| (at, text, count)).collect();
    counts.sort_unstable();
    let said = |(_, text, count): (usize, &str, usize)| {
        if count == 1 { text.to_owned() } else { format!("{text} · in {}", counted(count, "place")) }
    };
    counts.into_iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cards_in_view_are_drawn() {
        let group = |name: &str| Group {
            path: BundlePath::new(name).unwrap(),
            edits: Vec::new(),
            note: String::new(),
            is_new: false,
        };
        let groups = ["a", "b", "c"].map(group).into();
        let outline = Outline { groups, tops: vec![0.0, 100.0, 150.0, 300.0], ..Outline::default() };
        assert_eq!(outline.within(0.0, 50.0), 0..1);
        assert_eq!(outline.within(120.0, 200.0), 1..3);
        assert_eq!(outline.within(0.0, 900.0), 0..3);
        assert_eq!(outline.within(400.0, 900.0), 3..3);
        assert_eq!(outline.height(), 300.0);
    }

    #[test]
    fn the_same_words_are_said_once_in_their_order() {
        let texts = ["entitlements", "identifier", "entitlements"].map(str::to_owned);
        assert_eq!(tally(texts.iter()), ["entitlements · in 2 places", "identifier"]);
    }
}
