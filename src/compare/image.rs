//! Two Mach-O files: their slices are paired by architecture.

use std::ops::Range;

use super::{Class, Difference, Found, explain, slice};
use crate::macho::{Arch, Container, fat};

type Slices = Vec<(Arch, Range<usize>)>;

/// Nothing when one of the two cannot be read: only their bytes can be compared then.
pub(super) fn compare(path: &str, left: &[u8], right: &[u8]) -> Vec<Difference> {
    let (Ok(a), Ok(b)) = (fat::slices(left), fat::slices(right)) else { return Vec::new() };
    let mut found = Found::new(path, None);
    let mut slices = Vec::new();
    for (arch, range) in &a {
        let part = left.get(range.clone()).unwrap_or_default();
        match b.iter().find(|(other, _)| other == arch) {
            Some((_, range)) => {
                slices.extend(slice::compare(
                    path,
                    *arch,
                    part,
                    right.get(range.clone()).unwrap_or_default(),
                ));
            }
            None => architecture(*arch, Some(part), None, &mut found),
        }
    }
    for (arch, range) in b.iter().filter(|(arch, _)| a.iter().all(|(other, _)| other != arch)) {
        architecture(*arch, None, right.get(range.clone()), &mut found);
    }
    let (packing_a, packing_b) = (packing(left, &a), packing(right, &b));
    if packing_a.0 != packing_b.0
        || found.differences.is_empty() && slices.is_empty() && packing_a != packing_b
    {
        found.changed(Class::Format, "container", packing_a.shown(), packing_b.shown(), explain::CONTAINER);
    } else if found.differences.is_empty() && slices.is_empty() {
        let padding = "bytes between the slices";
        found.changed(Class::Format, "padding", padding, padding, explain::PADDING);
    }
    found.differences.append(&mut slices);
    found.differences
}

fn architecture(arch: Arch, left: Option<&[u8]>, right: Option<&[u8]>, found: &mut Found) {
    let size = |part: &[u8]| format!("{} bytes", part.len());
    let field = format!("architecture {arch}");
    found.add(Class::Content, field, left.map(size), right.map(size), explain::ARCHITECTURES).code = true;
}

/// How a file holds its slices: the form, then where each of them is.
#[derive(PartialEq)]
struct Packing(Container, Vec<(Arch, usize)>);

fn packing(file: &[u8], slices: &Slices) -> Packing {
    let container = fat::container(file).unwrap_or(Container::Thin);
    Packing(container, slices.iter().map(|(arch, range)| (*arch, range.start)).collect())
}

impl Packing {
    fn shown(&self) -> String {
        let form = match self.0 {
            Container::Thin => "thin",
            Container::Fat => "universal",
            Container::Fat64 => "universal with 64-bit offsets",
        };
        let slices = self.1.iter().map(|(arch, start)| format!("{arch} at {start}"));
        format!("{form}: {}", slices.collect::<Vec<_>>().join(", "))
    }
}
