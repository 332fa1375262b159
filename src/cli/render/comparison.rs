//! A comparison as text and JSON.

use std::collections::{BTreeMap, BTreeSet};

use clap::builder::styling::Style;
use serde::Serialize;

use super::{BAD, CAREFUL, FAINT, GOOD, Page, SCHEMA, STRONG, count};
use crate::compare::tree::{Branch, tree};
use crate::compare::{Change, Class, Comparison, Difference, verdict};
use crate::macho::Arch;

/// Differences of one slice and class that are printed without `--all`.
const SHOWN: usize = 8;
/// Files of one side that are named without `--all`.
const ONE_SIDED: usize = 20;

#[derive(Serialize)]
pub struct ComparisonJson<'a> {
    schema: u32,
    equal: bool,
    same_code: bool,
    verdict: String,
    files: FilesJson,
    notes: &'a [String],
    differences: Vec<DifferenceJson<'a>>,
}

#[derive(Serialize)]
struct FilesJson {
    equal: usize,
    changed: usize,
    added: usize,
    removed: usize,
    moved: usize,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    path: &'a str,
    arch: Option<Arch>,
    field: &'a str,
    change: Change,
    class: Class,
    left: &'a str,
    right: &'a str,
    explanation: &'a str,
    /// Whether other code runs for it.
    code: bool,
}

impl<'a> ComparisonJson<'a> {
    pub fn new(comparison: &'a Comparison) -> Self {
        let tally = comparison.tally;
        let difference = |it: &'a Difference| DifferenceJson {
            path: &it.path,
            arch: it.arch,
            field: &it.field,
            change: it.change,
            class: it.class,
            left: &it.left,
            right: &it.right,
            explanation: &it.explanation,
            code: it.code,
        };
        ComparisonJson {
            schema: SCHEMA,
            equal: comparison.is_equal(),
            same_code: comparison.same_code(),
            verdict: verdict(comparison),
            files: FilesJson {
                equal: tally.equal,
                changed: tally.changed,
                added: tally.added,
                removed: tally.removed,
                moved: tally.moved,
            },
            notes: &comparison.notes,
            differences: comparison.differences.iter().map(difference).collect(),
        }
    }
}

/// What matters first, the rest as numbers; everything with `all`.
pub fn text(comparison: &Comparison, all: bool) -> String {
    let mut page = Page::default();
    let wanted = |difference: &Difference| all || difference.matters();
    let branches = tree(comparison, wanted);
    let most = if all { usize::MAX } else { SHOWN };
    let (alone, both): (Vec<&Branch>, Vec<&Branch>) =
        branches.iter().partition(|branch| branch.only_there(comparison).is_some());
    let mut said = BTreeSet::new();
    for branch in &both {
        page.paint(STRONG, &branch.label).end();
        lines(&mut page, comparison, &branch.children, 2, most, &mut said);
    }
    for (change, title) in [(Change::Removed, "Only left"), (Change::Added, "Only right")] {
        let there = |branch: &&Branch| {
            let difference = comparison.differences.get(branch.only_there(comparison)?)?;
            (difference.change == change).then_some(difference)
        };
        let files: Vec<&Difference> = alone.iter().filter_map(there).collect();
        if !files.is_empty() {
            one_sided(&mut page, title, &files, if all { usize::MAX } else { ONE_SIDED });
        }
    }
    if !branches.is_empty() {
        page.end();
    }
    folded(&mut page, comparison, all);
    let left = (&comparison.left.path, &comparison.left.kind);
    let right = (&comparison.right.path, &comparison.right.kind);
    page.line(format!("{} ({}) and {} ({})", left.0, left.1, right.0, right.1));
    let tally = comparison.tally;
    let files = [
        (tally.equal, "equal"),
        (tally.changed, "changed"),
        (tally.moved, "moved"),
        (tally.removed, "only left"),
        (tally.added, "only right"),
    ];
    let files: Vec<String> = files
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", count(*number, "file")))
        .collect();
    page.put(files.join(", ")).put(if files.is_empty() { "" } else { ": " });
    let style = match (comparison.is_equal(), comparison.same_code()) {
        (true, _) => GOOD,
        (_, true) => CAREFUL,
        _ => BAD,
    };
    page.paint(style, verdict(comparison)).end();
    comparison.notes.iter().for_each(|note| page.paint(FAINT, note).end());
    page.into_text()
}

fn one_sided(page: &mut Page, title: &str, files: &[&Difference], most: usize) {
    page.paint(STRONG, title).paint(FAINT, format!("  {}", count(files.len(), "file"))).end();
    for difference in files.iter().take(most) {
        let value = if difference.change == Change::Removed { &difference.left } else { &difference.right };
        page.put("  ").paint(style(difference.class), "•").put(" ").put(&difference.path);
        page.paint(FAINT, format!("  {value}  [{}]", difference.class.word())).end();
    }
    if files.len() > most {
        page.put("  ").paint(FAINT, format!("and {} more", files.len() - most)).end();
    }
}

/// The differences below a heading; each reason is given once.
fn lines<'a>(
    page: &mut Page,
    comparison: &'a Comparison,
    branches: &[Branch],
    indent: usize,
    most: usize,
    said: &mut BTreeSet<&'a str>,
) {
    let mut shown: BTreeMap<Class, usize> = BTreeMap::new();
    for branch in branches {
        let Some(difference) = branch.difference.and_then(|index| comparison.differences.get(index)) else {
            page.put(format!("{:indent$}", "")).paint(STRONG, &branch.label);
            page.paint(FAINT, format!("  {}", branch.summary)).end();
            lines(page, comparison, &branch.children, indent + 2, most, said);
            continue;
        };
        let class = difference.class;
        let count = shown.entry(class).or_default();
        *count += 1;
        if *count > most {
            if *count == most + 1 {
                let all = branches.iter().filter(|branch| branch.class() == Some(class)).count();
                page.put(format!("{:indent$}", ""));
                page.paint(FAINT, format!("and {} more  [{}]", all - most, class.word())).end();
            }
            continue;
        }
        page.put(format!("{:indent$}", "")).paint(style(class), "•").put(" ").put(&branch.label);
        page.paint(FAINT, format!("  [{}]", class.word())).end();
        page.line(format!("{:indent$}  {}", "", branch.summary));
        if said.insert(&difference.explanation) {
            page.put(format!("{:indent$}  ", "")).paint(FAINT, &difference.explanation).end();
        }
    }
}

fn style(class: Class) -> Style {
    match class {
        Class::Content => BAD,
        Class::Linkage | Class::Signature => CAREFUL,
        _ => FAINT,
    }
}

/// What is not printed: by class, with the fields and how often each differs.
fn folded(page: &mut Page, comparison: &Comparison, all: bool) {
    if all {
        return;
    }
    let mut hidden: BTreeMap<Class, BTreeMap<&str, usize>> = BTreeMap::new();
    for difference in comparison.differences.iter().filter(|difference| !difference.matters()) {
        let command = difference.field.split(' ').next().unwrap_or(&difference.field);
        *hidden.entry(difference.class).or_default().entry(command).or_default() += 1;
    }
    if hidden.is_empty() {
        return;
    }
    page.paint(STRONG, "Besides").paint(FAINT, "  (`--all` shows each, with what to set)").end();
    for (class, fields) in &hidden {
        let mut fields: Vec<(&str, usize)> = fields.iter().map(|(field, count)| (*field, *count)).collect();
        fields.sort_by_key(|(field, count)| (std::cmp::Reverse(*count), *field));
        let total: usize = fields.iter().map(|(_, count)| count).sum();
        let named: Vec<String> =
            fields.iter().take(5).map(|(field, count)| format!("{field} {count}")).collect();
        let more = if fields.len() > 5 { ", …" } else { "" };
        page.put(format!("  {total:>5} {:<17} ", class.title()))
            .paint(FAINT, format!("{}{more}", named.join(", ")))
            .end();
    }
    page.end();
}
