//! The maps as text: one section each, the heaviest lines first, the rest counted.

use std::collections::BTreeMap;

use super::{BAD, CAREFUL, FAINT, GOOD, Page, STRONG, count, launch, words};
use crate::cli::map::Maps;
use crate::dyld::Resolution;
use crate::macho::{Arch, LoadKind};
use crate::maps::architectures::{Architectures, Cell, Row};
use crate::maps::cycles::Cycle;
use crate::maps::minimum_system::MinimumSystem;
use crate::maps::network::{Content, Network};
use crate::maps::size::{Brought, Size};
use crate::maps::unused::{Standing, Unused};
use crate::maps::why::{Step, Why};
use crate::workflow::export::size as bytes;

/// Lines of each list in the summary, and in a map that was asked for.
pub const BRIEF: usize = 5;
pub const FULL: usize = 20;

pub fn maps(page: &mut Page, name: &str, maps: &Maps, most: usize) {
    let mut sections = Sections { page, is_first: true };
    if let Some((target, found)) = &maps.why {
        why(sections.next(), target, found);
    }
    if let Some((found, brought)) = &maps.size {
        size(sections.next(), name, found, brought.as_ref(), most);
    }
    if let Some(found) = &maps.minimum_system {
        minimum_system(sections.next(), found, most);
    }
    if let Some(found) = &maps.architectures {
        architectures(sections.next(), found, most);
    }
    if let Some(found) = &maps.cycles {
        cycles(sections.next(), found, most);
    }
    if let Some(found) = &maps.unused {
        unused(sections.next(), found, most);
    }
    if let Some(found) = &maps.network {
        network(sections.next(), found);
    }
}

/// An empty line between two sections.
struct Sections<'p> {
    page: &'p mut Page,
    is_first: bool,
}

impl Sections<'_> {
    fn next(&mut self) -> &mut Page {
        if !std::mem::take(&mut self.is_first) {
            self.page.end();
        }
        self.page
    }
}

/// "and 7 more": what a list leaves out.
fn and_more(page: &mut Page, indent: usize, all: usize, shown: usize) {
    if all > shown {
        page.put(format!("{:indent$}", "")).paint(FAINT, format!("and {} more", all - shown)).end();
    }
}

fn why(page: &mut Page, target: &Resolution, why: &Why) {
    let name = words::resolution(target).1.unwrap_or_default();
    page.paint(STRONG, name);
    match (why.users.len(), why.chains.is_empty()) {
        (0, true) => page.put(": nothing loads it").end(),
        (0, false) => page.put(": no image asks for it; it is started or opened itself").end(),
        (users, _) => page.put(format!(": {} to it", lead(users))).end(),
    }
    for user in why.users.iter().take(FULL) {
        page.put("  ").put(&user.image).paint(FAINT, format!(" ({})", archs(&user.archs)));
        page.put(" asks for ").put(&user.name);
        if user.kind != LoadKind::Required {
            page.paint(CAREFUL, format!(" {}", words::kind(user.kind)));
        }
        page.end();
    }
    and_more(page, 2, why.users.len(), FULL);
    if why.chains.iter().any(|chain| !chain.steps.is_empty()) {
        page.paint(STRONG, "The shortest ways to it").end();
        why.chains.iter().filter(|chain| !chain.steps.is_empty()).for_each(|chain| {
            page.put("  ");
            chain.steps.iter().for_each(|step| one_step(page, step));
            page.put(leaf(name));
            let kind = launch::kind(chain.kind);
            page.paint(FAINT, format!("  ({kind}, {})", archs(&chain.archs))).end();
        });
        match why.more {
            0 => {}
            u64::MAX => page.put("  ").paint(FAINT, "and more than can be counted").end(),
            more => page.put("  ").paint(FAINT, format!("and {more} more")).end(),
        }
    }
    if why.weak_only {
        page.paint(CAREFUL, "Only weak references lead to it: dyld starts everything without it.").end();
    }
}

fn lead(users: usize) -> String {
    if users == 1 { "1 reference leads".to_owned() } else { format!("{users} references lead") }
}

fn one_step(page: &mut Page, step: &Step) {
    page.put(leaf(&step.image.to_string()));
    if step.is_weak() {
        page.paint(CAREFUL, " ⇢ ")
    } else {
        page.paint(FAINT, " → ")
    };
}

fn leaf(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn archs(archs: &[Arch]) -> String {
    archs.iter().map(Arch::to_string).collect::<Vec<_>>().join(", ")
}

fn size(page: &mut Page, name: &str, size: &Size, brought: Option<&Brought>, most: usize) {
    page.paint(STRONG, "Size").put(format!(
        "  {name}: {} in {}, {} in other files",
        bytes(size.code),
        count(size.images.len(), "Mach-O file"),
        bytes(size.other)
    ));
    page.end();
    for image in size.images.iter().take(most) {
        page.put(format!("  {:>10}  {}", bytes(image.bytes), image.image));
        let is_start = brought.is_some_and(|brought| brought.entry == image.image);
        if image.exclusive > image.bytes && !is_start {
            page.paint(FAINT, format!("  {} with what nothing else needs", bytes(image.exclusive)));
        }
        page.end();
    }
    and_more(page, 14, size.images.len(), most);
    if let Some(brought) = brought.filter(|brought| !brought.direct.is_empty()) {
        self::brought(page, brought, most);
    }
}

fn brought(page: &mut Page, brought: &Brought, most: usize) {
    page.put(format!("  {} ({}) loads {}: ", brought.entry, brought.arch, bytes(brought.total)));
    page.put(format!("itself {}", bytes(brought.own)));
    if brought.shared > 0 {
        page.put(format!(", {} through several of these", bytes(brought.shared)));
    }
    page.put(", and what would go with each").end();
    for direct in brought.direct.iter().take(most) {
        page.put(format!("  {:>10}  {}", bytes(direct.exclusive), direct.image));
        if direct.images > 1 {
            page.paint(FAINT, format!("  {}", count(direct.images, "image")));
        }
        if direct.is_shared {
            page.paint(FAINT, "  also used by others");
        }
        page.end();
    }
    and_more(page, 14, brought.direct.len(), most);
}

fn minimum_system(page: &mut Page, systems: &[MinimumSystem], most: usize) {
    page.paint(STRONG, "Minimum macOS").end();
    let mut groups: Vec<Programs<'_>> = Vec::new();
    for one in systems {
        match groups.iter_mut().find(|group| group.is_like(one)) {
            Some(group) => group.add(one),
            None => groups.push(Programs { first: one, others: Vec::new(), archs: vec![one.arch] }),
        }
    }
    // What is wrong first.
    groups.sort_by_key(|group| !group.first.is_broken());
    groups.iter().take(most).for_each(|group| programs(page, group, most));
    and_more(page, 2, groups.len(), most);
}

/// Programs and architectures with the same answer.
struct Programs<'a> {
    first: &'a MinimumSystem,
    others: Vec<&'a MinimumSystem>,
    archs: Vec<Arch>,
}

impl<'a> Programs<'a> {
    fn is_like(&self, one: &MinimumSystem) -> bool {
        let versions = |one: &MinimumSystem| (one.promised, one.to_start, one.to_open_all);
        // Culprits are named for the first alone.
        versions(self.first) == versions(one)
            && (self.first.culprits == one.culprits || !names_culprits(one) && !names_culprits(self.first))
    }

    fn add(&mut self, one: &'a MinimumSystem) {
        if !self.archs.contains(&one.arch) {
            self.archs.push(one.arch);
        }
        if self.first.entry != one.entry && self.others.iter().all(|other| other.entry != one.entry) {
            self.others.push(one);
        }
    }
}

/// Whether the answer raises the question "who?".
fn names_culprits(one: &MinimumSystem) -> bool {
    one.is_broken() || one.to_start < one.to_open_all
}

fn programs(page: &mut Page, group: &Programs<'_>, most: usize) {
    let one = group.first;
    page.put("  ").put(&one.entry);
    if !group.others.is_empty() {
        page.put(format!(" and {}", count(group.others.len(), "more program")));
    }
    page.paint(FAINT, format!(" ({})", archs(&group.archs))).put(": ");
    let Some(needed) = one.to_open_all else {
        return page.put("no image says which macOS it was built for").end();
    };
    match one.promised {
        Some(promised) if one.is_broken() => {
            page.paint(BAD, format!("macOS {needed}")).put(format!(", but Info.plist promises {promised}"))
        }
        Some(promised) => {
            page.paint(GOOD, format!("macOS {needed}")).put(format!(", Info.plist promises {promised}"));
            page.put(if promised < needed { ", and nothing older runs this architecture" } else { "" })
        }
        None => page.put(format!("macOS {needed}, Info.plist promises nothing")),
    };
    if let Some(start) = one.to_start.filter(|start| *start < needed) {
        page.put(format!("; {start} is enough to start"));
    }
    page.end();
    if names_culprits(one) {
        one.culprits.iter().take(most).for_each(|culprit| {
            page.put("    ").paint(CAREFUL, culprit.minimum).put(" ").put(&culprit.image);
            if culprit.is_opened_later {
                page.paint(FAINT, "  opened later");
            }
            page.end();
        });
        and_more(page, 4, one.culprits.len(), most);
    }
}

fn architectures(page: &mut Page, matrix: &Architectures, most: usize) {
    page.paint(STRONG, "Architectures").end();
    let mut patterns: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &matrix.rows {
        patterns.entry(pattern(&matrix.archs, &row.cells)).or_default().push(row);
    }
    let mut patterns: Vec<(String, Vec<&Row>)> = patterns.into_iter().collect();
    patterns.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    for (position, (pattern, rows)) in patterns.iter().enumerate() {
        page.put("  ").put(pattern).put(format!(": {}", count(rows.len(), "image"))).end();
        // Most images are like most others; the exceptions are what one looks for.
        if position > 0 {
            rows.iter().take(most).for_each(|row| page.line(format!("    {}", row.image)));
            and_more(page, 4, rows.len(), most);
        }
    }
    for lack in matrix.lacks.iter().take(most) {
        page.put("  ").put(&lack.image).paint(BAD, format!(" lacks {}", lack.arch));
        page.put(format!(", which {} asks for", lack.asked_by)).end();
    }
    and_more(page, 2, matrix.lacks.len(), most);
    for arch in &matrix.archs {
        let idle = matrix.idle(*arch);
        if idle > 0 {
            page.line(format!("  {} of {arch} code that nothing loads", bytes(idle)));
        }
    }
}

/// "arm64, no x86_64".
fn pattern(archs: &[Arch], cells: &[Cell]) -> String {
    let word = |(arch, cell): (&Arch, &Cell)| match cell {
        Cell::Loaded(_) | Cell::Idle(_) => arch.to_string(),
        Cell::Absent | Cell::Lacking => format!("no {arch}"),
    };
    archs.iter().zip(cells).map(word).collect::<Vec<_>>().join(", ")
}

fn cycles(page: &mut Page, cycles: &[Cycle], most: usize) {
    page.paint(STRONG, "Circles");
    if cycles.is_empty() {
        return page.put("  none").end();
    }
    page.put(format!("  {}", count(cycles.len(), "group"))).end();
    for cycle in cycles.iter().take(most) {
        page.put("  ");
        cycle.shortest.iter().for_each(|step| one_step(page, step));
        page.put(
            cycle.shortest.first().map(|step| leaf(&step.image.to_string()).to_owned()).unwrap_or_default(),
        );
        if cycle.images.len() > cycle.shortest.len() {
            page.paint(FAINT, format!("  one of the circles among {} images", cycle.images.len()));
        }
        if cycle.is_upward {
            page.paint(FAINT, "  on purpose (LC_LOAD_UPWARD_DYLIB)");
        }
        page.end();
    }
    and_more(page, 2, cycles.len(), most);
}

fn unused(page: &mut Page, unused: &[Unused], most: usize) {
    page.paint(STRONG, "Unused");
    if unused.is_empty() {
        return page.put("  every image is loaded by some program").end();
    }
    let sum = |some: &[&Unused]| bytes(some.iter().map(|one| one.bytes).sum());
    let all: Vec<&Unused> = unused.iter().collect();
    page.put(format!("  no program loads {}, {}, when it starts", count(all.len(), "image"), sum(&all)))
        .end();
    for (standing, text) in [
        (Standing::Nothing, "that nothing in the bundle loads or names"),
        (Standing::Named, "that a file names: opened by name, or meant by a reference that leads elsewhere"),
        (Standing::PlugIn, "made to be opened: plug-ins and loadable bundles"),
        (Standing::NeededByThose, "that these need"),
    ] {
        let mut some: Vec<&Unused> = all.iter().copied().filter(|one| one.standing == standing).collect();
        if some.is_empty() {
            continue;
        }
        some.sort_by(|a, b| (b.bytes, &a.image).cmp(&(a.bytes, &b.image)));
        let style = if standing == Standing::Nothing { CAREFUL } else { FAINT };
        page.put("  ").paint(style, count(some.len(), "image")).put(format!(" {text}, {}", sum(&some))).end();
        let shown = if standing == Standing::Nothing { most.max(FULL) } else { most };
        some.iter().take(shown).for_each(|one| one_unused(page, one));
        and_more(page, 16, some.len(), shown);
    }
    if all.iter().any(|one| one.standing == Standing::Nothing) {
        page.paint(
            FAINT,
            "  Names that a program puts together as it runs are not found: try before you delete.",
        );
        page.end();
    }
}

fn one_unused(page: &mut Page, one: &Unused) {
    page.put(format!("    {:>10}  {}", bytes(one.bytes), one.image));
    match (one.standing, one.named_in.first(), one.users.first()) {
        (Standing::Named, Some(mention), _) => {
            let more = others(one.named_in.len());
            page.paint(FAINT, format!("  {:?} in {}{more}", mention.name, mention.file.file_name()));
        }
        (Standing::NeededByThose | Standing::Nothing, _, Some(user)) => {
            page.paint(FAINT, format!("  for {}{}", user.file_name(), others(one.users.len())));
        }
        _ => {}
    }
    page.end();
}

fn others(all: usize) -> String {
    if all > 1 { format!(" and {} more", all - 1) } else { String::new() }
}

fn network(page: &mut Page, network: &Network) {
    let (nodes, edges) = (count(network.nodes.len(), "node"), count(network.edges.len(), "edge"));
    page.paint(STRONG, "Network").put(format!("  {nodes}, {edges}; --json has every place")).end();
    let mut layers: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for node in &network.nodes {
        layers.entry(node.layer).or_default().push(node_name(&node.content));
    }
    for (layer, names) in layers {
        page.put(format!("  {layer:>2}  ")).put(names.join("  ")).end();
    }
}

fn node_name(content: &Content) -> String {
    let names = content.names();
    let first = names.first().map(|name| leaf(name).to_owned()).unwrap_or_default();
    match content {
        Content::Image(_) | Content::System(_) => first,
        Content::OfHost(_) => format!("{first} (of its host)"),
        Content::Missing(_) => format!("{first} (missing)"),
        Content::Systems(_) => format!("({} libraries of macOS)", names.len()),
        Content::LeavesOf(user, _) => {
            format!("({} that only {} uses)", names.len(), leaf(&user.to_string()))
        }
        Content::Others(_) => format!("({} others)", names.len()),
    }
}
