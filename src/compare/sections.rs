//! What the sections hold, wherever they stand in the file: this is the code. Header, load commands, padding of the header
//! and `__LINKEDIT` are in no section.

use std::collections::BTreeMap;

use super::slice::View;
use super::traces::{Trace, only_traces};
use super::{Class, Found, commands, content, explain, plists};
use crate::bundle::InfoPlist;
use crate::macho::{Section, Segment};

/// `S_ATTR_DEBUG`.
const DEBUG_ATTRIBUTE: u32 = 0x0200_0000;

/// The n-th section of this name in this segment.
type Key<'a> = (&'a str, &'a str, usize);

pub(super) fn compare(a: &View, b: &View, found: &mut Found) {
    let (left, right) = (by_key(a), by_key(b));
    for (key, one) in &left {
        match right.get(key) {
            Some(other) => pair(a, b, one, other, found),
            None => alone(a, b, one, true, found),
        }
    }
    for (_, one) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
        alone(a, b, one, false, found);
    }
    gaps(a, b, found);
}

fn by_key<'a>(view: &'a View) -> BTreeMap<Key<'a>, &'a Section> {
    let mut sections = BTreeMap::new();
    for section in view.header.segments.iter().flat_map(|segment| &segment.sections) {
        let name = (section.segment.as_str(), section.name.as_str());
        let count = sections.range((name.0, name.1, 0)..=(name.0, name.1, usize::MAX)).count();
        sections.insert((name.0, name.1, count), section);
    }
    sections
}

/// The bytes in the file; none of sections that are zeros or reach out of the slice.
fn bytes<'a>(view: &View<'a>, section: &Section) -> &'a [u8] {
    let range = section.has_data().then(|| {
        let start = section.offset as usize;
        Some(start..start.checked_add(usize::try_from(section.size).ok()?)?)
    });
    range.flatten().and_then(|range| view.bytes.get(range)).unwrap_or_default()
}

fn name(section: &Section) -> String {
    format!("{},{}", section.segment, section.name)
}

fn is_debug(section: &Section) -> bool {
    section.segment == "__DWARF" || section.flags & DEBUG_ATTRIBUTE != 0 || section.segment == "__LLVM"
}

fn pair(a: &View, b: &View, one: &Section, other: &Section, found: &mut Found) {
    let (left, right) = (bytes(a, one), bytes(b, other));
    if left == right {
        if one.size != other.size {
            let shown = |section: &Section| format!("{} bytes of zeros", section.size);
            found.changed(Class::Content, name(one), shown(one), shown(other), explain::SECTION).code = true;
        }
        return;
    }
    if (one.segment.as_str(), one.name.as_str()) == ("__TEXT", "__info_plist")
        && let (Ok(a), Ok(b)) = (InfoPlist::read(left), InfoPlist::read(right))
    {
        plists::compare("__info_plist ", &a, &b, found);
        return;
    }
    if let Some(trace) = only_traces(left, right) {
        found.changed(Trace::CLASS, name(one), trace.left, trace.right, trace.explanation);
        return;
    }
    let (class, why) = match () {
        _ if is_debug(one) => (Class::Environment, explain::DEBUG_SECTION),
        _ if commands::other_fixups(a, b) && (is_glue(one) || only_fixups(a, b, left, right)) => {
            (Class::Format, explain::FIXUPS_FORMAT)
        }
        _ if left.len() == right.len() && one.addr != other.addr => (Class::Content, explain::SECTION_MOVED),
        _ => (Class::Content, explain::SECTION),
    };
    let (left, right) = content::both(left, right);
    found.changed(class, name(one), left, right, why).code = class == Class::Content;
}

fn alone(a: &View, b: &View, section: &Section, is_left: bool, found: &mut Found) {
    let view = if is_left { a } else { b };
    let value = Some(match section.has_data() {
        true => content::described(bytes(view, section)),
        false => format!("{} bytes of zeros", section.size),
    });
    let (left, right) = if is_left { (value, None) } else { (None, value) };
    // Lazy binding keeps a word for dyld in `__data`.
    let of_dyld = section.size == 8 && bytes(view, section).iter().all(|&byte| byte == 0);
    let (class, why) = match () {
        _ if is_debug(section) => (Class::Environment, explain::DEBUG_SECTION),
        _ if commands::other_fixups(a, b) && (is_glue(section) || of_dyld) => {
            (Class::Format, explain::FIXUPS_FORMAT)
        }
        _ => (Class::Content, explain::SECTION_ADDED),
    };
    found.add(class, name(section), left, right, why).code = class == Class::Content;
}

/// The pointers that the linker makes for imports, and the code that jumps through them: lazy binding needs more of both.
fn is_glue(section: &Section) -> bool {
    const NAMES: [&str; 6] =
        ["__stubs", "__stub_helper", "__got", "__la_symbol_ptr", "__nl_symbol_ptr", "__auth_got"];
    NAMES.contains(&section.name.as_str())
}

/// Whether the sections differ in pointers alone, which one side keeps as addresses and the other as links of a chain:
/// `DYLD_CHAINED_PTR_64` and its `_OFFSET` form (`<mach-o/fixup-chains.h>`), 36 bits of target, and bit 63 for a symbol.
fn only_fixups(a: &View, b: &View, left: &[u8], right: &[u8]) -> bool {
    const TARGET: u64 = (1 << 36) - 1;
    let chains = b.has(commands::LC_DYLD_CHAINED_FIXUPS);
    let (plain, chained, view) = if chains { (left, right, a) } else { (right, left, b) };
    let base = view.header.segment("__TEXT").map_or(0, |text| text.vmaddr);
    let word = |raw: &[u8]| raw.first_chunk().map_or(0, |raw| u64::from_le_bytes(*raw));
    let same = |(plain, chained): (&[u8], &[u8])| {
        let (address, link) = (word(plain), word(chained));
        match link >> 63 {
            _ if plain == chained => true,
            1 => address == 0,
            _ => [address, address.wrapping_sub(base)].contains(&(link & TARGET)) && address >= base,
        }
    };
    plain.len() == chained.len()
        && plain.len() % 8 == 0
        && plain.chunks_exact(8).zip(chained.chunks_exact(8)).all(same)
}

/// Bytes of segments that belong to no section. Linkers leave zeros there; anything else is told, so that nothing hides.
fn gaps(a: &View, b: &View, found: &mut Found) {
    let names: Vec<&String> = a.header.segments.iter().map(|segment| &segment.name).collect();
    for name in names.into_iter().filter(|name| *name != "__LINKEDIT") {
        let gaps = |view: &View| {
            let segment = view.header.segment(name)?;
            Some(unclaimed(view, segment))
        };
        let (Some(left), Some(right)) = (gaps(a), gaps(b)) else { continue };
        if left != right {
            let (a, b) = content::both(&left, &right);
            found.changed(Class::Content, format!("{name} between sections"), a, b, explain::GAP).code = true;
        }
    }
}

/// Those bytes one after the other, without the zeros around each piece.
fn unclaimed(view: &View, segment: &Segment) -> Vec<u8> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let begin = segment.fileoff.max(if segment.fileoff == 0 { view.header.commands_end() as u64 } else { 0 });
    let end = segment.fileoff.saturating_add(segment.filesize);
    let mut taken: Vec<(u64, u64)> = segment
        .sections
        .iter()
        .filter(|section| section.has_data())
        .map(|section| (u64::from(section.offset), u64::from(section.offset).saturating_add(section.size)))
        .collect();
    // What stands before the first section is padding of the header, into which names grow.
    if segment.fileoff == 0 {
        taken.push((0, view.header.low_fileoff().unwrap_or(begin)));
    }
    taken.push((end, end));
    taken.sort_unstable();
    let (mut next, mut unclaimed) = (begin, Vec::new());
    for (start, stop) in taken {
        let gap = view.bytes.get(at(next)..at(start.min(end))).unwrap_or_default();
        let first = gap.iter().position(|&byte| byte != 0).unwrap_or(gap.len());
        let last = gap.iter().rposition(|&byte| byte != 0).map_or(first, |last| last + 1);
        unclaimed.extend(gap.get(first..last).unwrap_or_default());
        next = next.max(stop);
    }
    unclaimed
}
