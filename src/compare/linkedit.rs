//! The tables that load commands point at. Those that have names in them are compared by name elsewhere.

use super::slice::{Known, View};
use super::{Class, Found, content, explain};

/// Command, the fields that say where a table is and how long, bytes of one entry, and whether dyld fills in pointers by it.
const TABLES: [(&str, &str, &str, u64, bool); 16] = [
    ("LC_DYLD_CHAINED_FIXUPS", "dataoff", "datasize", 1, true),
    ("LC_DYLD_INFO_ONLY", "rebase_off", "rebase_size", 1, true),
    ("LC_DYLD_INFO_ONLY", "bind_off", "bind_size", 1, true),
    ("LC_DYLD_INFO_ONLY", "weak_bind_off", "weak_bind_size", 1, true),
    ("LC_DYLD_INFO_ONLY", "lazy_bind_off", "lazy_bind_size", 1, true),
    ("LC_DYSYMTAB", "extreloff", "nextrel", 8, true),
    ("LC_DYSYMTAB", "locreloff", "nlocrel", 8, true),
    ("LC_FUNCTION_STARTS", "dataoff", "datasize", 1, false),
    ("LC_DATA_IN_CODE", "dataoff", "datasize", 1, false),
    ("LC_SEGMENT_SPLIT_INFO", "dataoff", "datasize", 1, false),
    ("LC_DYLIB_CODE_SIGN_DRS", "dataoff", "datasize", 1, false),
    ("LC_LINKER_OPTIMIZATION_HINT", "dataoff", "datasize", 1, false),
    ("LC_ATOM_INFO", "dataoff", "datasize", 1, false),
    ("LC_FUNCTION_VARIANTS", "dataoff", "datasize", 1, true),
    ("LC_FUNCTION_VARIANT_FIXUPS", "dataoff", "datasize", 1, true),
    ("LC_TWOLEVEL_HINTS", "offset", "nhints", 4, false),
];

pub(super) fn compare(a: &View, b: &View, known: &Known, found: &mut Found) {
    for row in TABLES {
        let (Some(left), Some(right)) = (table(a, row), table(b, row)) else { continue };
        if left == right {
            continue;
        }
        let (class, why, code) = match row.4 {
            false => (Class::Format, explain::LINKEDIT, false),
            // Where code differs, what fills in its pointers follows.
            true if !known.same_sections => (Class::Content, explain::FIXUPS, true),
            true if !known.pairing.same_libraries || !known.same_imports => {
                (Class::Linkage, explain::FIXUPS_FOLLOW, false)
            }
            true => (Class::Content, explain::FIXUPS, true),
        };
        let (left, right) = content::both(left, right);
        let label = match row.1 {
            "dataoff" | "offset" => format!("{} data", row.0),
            field => format!("{} {} data", row.0, field.trim_end_matches("off").trim_end_matches('_')),
        };
        found.changed(class, label, left, right, why).code = code;
    }
    relocations(a, b, known, found);
}

fn table<'a>(view: &View<'a>, row: (&str, &str, &str, u64, bool)) -> Option<&'a [u8]> {
    let command = view.commands.iter().find(|command| command.name == row.0)?;
    let number = |field| command.field(field)?.parse::<u64>().ok();
    let (start, length) = (number(row.1)?, number(row.2)?.checked_mul(row.3)?);
    if length == 0 {
        return Some(&[]);
    }
    view.bytes.get(usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?)
}

/// Of object files: what the linker still has to fill in, section by section.
fn relocations(a: &View, b: &View, known: &Known, found: &mut Found) {
    let sections =
        |view: &View| view.commands.iter().flat_map(|command| command.sections.clone()).collect::<Vec<_>>();
    for (one, other) in sections(a).iter().zip(&sections(b)) {
        let of = |view: &View, section: &crate::macho::listing::ListedSection| {
            let number = |wanted: &str| {
                let (_, value) = section.fields.iter().find(|(name, _)| name == wanted)?;
                value.parse::<usize>().ok()
            };
            let (start, count) = (number("reloff")?, number("nreloc")?);
            let end = start.checked_add(count.checked_mul(8)?)?;
            if count == 0 { Some(Vec::new()) } else { view.bytes.get(start..end).map(<[u8]>::to_vec) }
        };
        let (left, right) = (of(a, one).unwrap_or_default(), of(b, other).unwrap_or_default());
        if (&one.segment, &one.name) == (&other.segment, &other.name) && left != right {
            let field = format!("{},{} relocations", one.segment, one.name);
            let (left, right) = content::both(&left, &right);
            let class = if known.same_sections { Class::Content } else { Class::Format };
            found.changed(class, field, left, right, explain::FIXUPS).code = class == Class::Content;
        }
    }
}
