//! Load commands side by side: those that correspond field by field, then what one side has alone, then their order.

use std::collections::BTreeMap;

use super::slice::View;
use super::{Class, Found, explain};
use crate::bundle::source::is_system_path;
use crate::macho::framework_suffix;
use crate::macho::listing::{Listed, ListedSection};

pub(super) const LC_DYLD_CHAINED_FIXUPS: u32 = 0x8000_0034;
const LC_LAZY_LOAD_DYLIB: &str = "LC_LAZY_LOAD_DYLIB";
const DYLIBS: [&str; 5] =
    ["LC_LOAD_DYLIB", "LC_LOAD_WEAK_DYLIB", "LC_REEXPORT_DYLIB", LC_LAZY_LOAD_DYLIB, "LC_LOAD_UPWARD_DYLIB"];
const VERSION_MINS: [&str; 4] =
    ["LC_VERSION_MIN_MACOSX", "LC_VERSION_MIN_IPHONEOS", "LC_VERSION_MIN_TVOS", "LC_VERSION_MIN_WATCHOS"];

/// Which commands of the two sides correspond.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pairing {
    /// The ordinal of each library of the left side on the right side, where it is there.
    pub ordinals: BTreeMap<u32, u32>,
    /// Whether both ask for the same libraries in the same order, whatever their names.
    pub same_libraries: bool,
}

type Pairs = Vec<(usize, usize)>;

pub(super) fn compare(a: &View, b: &View, same_sections: bool, found: &mut Found) -> Pairing {
    let (left, right) = (&a.commands, &b.commands);
    let (pairs, only_left, only_right) = pair(left, right);
    let (signature, same_entry) = (same_without_signature(a, b), entry(a) == entry(b));
    for &(one, other) in &pairs {
        let comparing = Comparing { a: &left[one], b: &right[other], same_sections, same_entry, signature };
        comparing.compare(found);
    }
    for (side, indices) in [(left, &only_left), (right, &only_right)] {
        for &index in indices {
            let is_left = std::ptr::eq(side, left);
            alone(&side[index], is_left, a, b, found);
        }
    }
    order(left, right, &pairs, found);
    pairing(left, right, &pairs)
}

/// Where the program starts, by section.
fn entry(view: &View) -> Option<String> {
    let main = view.commands.iter().find(|command| command.name == "LC_MAIN")?;
    Some(view.place(main.field("entryoff")?.parse().ok()?))
}

fn is_dylib(command: &Listed) -> bool {
    DYLIBS.contains(&&*command.name)
}

/// What makes a command the same one on the other side.
fn key(command: &Listed) -> String {
    let with = |field| format!("{} {}", command.name, command.field(field).unwrap_or_default());
    match &*command.name {
        "LC_SEGMENT" | "LC_SEGMENT_64" => with("segname"),
        "LC_RPATH" => with("path"),
        "LC_NOTE" => with("data owner"),
        "LC_FILESET_ENTRY" => with("entry_id"),
        "LC_LINKER_OPTION" => format!("{:?}", command.fields),
        _ if is_dylib(command) => format!("dylib {}", command.field("name").unwrap_or_default()),
        name => name.to_owned(),
    }
}

/// What is looked at when the whole name has no partner: the library's own name, or that it is an rpath at all.
fn loose_key(command: &Listed) -> Option<String> {
    match &*command.name {
        "LC_RPATH" => Some("LC_RPATH".to_owned()),
        "LC_BUILD_VERSION" => Some("version".to_owned()),
        name if VERSION_MINS.contains(&name) => Some("version".to_owned()),
        _ if is_dylib(command) => command.field("name").map(|name| format!("dylib {}", leaf(name))),
        _ => None,
    }
}

fn leaf(name: &str) -> &str {
    framework_suffix(name).unwrap_or_else(|| name.rsplit('/').next().unwrap_or(name))
}

/// Pairs of indices in the left side's order, and the indices that have no partner.
fn pair(left: &[Listed], right: &[Listed]) -> (Pairs, Vec<usize>, Vec<usize>) {
    let mut only_left: Vec<usize> = (0..left.len()).collect();
    let mut only_right: Vec<usize> = (0..right.len()).collect();
    let mut pairs = Pairs::new();
    let exact = |command: &Listed| Some(key(command));
    for key in [&exact as &dyn Fn(&Listed) -> Option<String>, &loose_key] {
        let mut waiting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &index in only_right.iter().rev() {
            if let Some(key) = key(&right[index]) {
                waiting.entry(key).or_default().push(index);
            }
        }
        only_left.retain(|&index| {
            let partner = key(&left[index]).and_then(|key| waiting.get_mut(&key)?.pop());
            pairs.extend(partner.map(|partner| (index, partner)));
            partner.is_none()
        });
        only_right.retain(|index| pairs.iter().all(|(_, taken)| taken != index));
    }
    pairs.sort_unstable();
    (pairs, only_left, only_right)
}

/// Whether `__LINKEDIT` is as long on both sides up to the signature, which is padded to 16 bytes.
fn same_without_signature(a: &View, b: &View) -> bool {
    let length = |view: &View| {
        let linkedit = view.header.segment("__LINKEDIT")?;
        let signature = view.header.code_signature(view.bytes).ok()?;
        let end =
            signature.map_or(linkedit.fileoff.checked_add(linkedit.filesize)?, |data| data.dataoff.into());
        Some(end.checked_sub(linkedit.fileoff)?.next_multiple_of(16))
    };
    length(a).is_some() && length(a) == length(b)
}

/// Two commands that correspond.
struct Comparing<'a> {
    a: &'a Listed,
    b: &'a Listed,
    same_sections: bool,
    /// Whether LC_MAIN leads to the same place of the same section.
    same_entry: bool,
    /// Whether the segment of tables differs by the signature alone.
    signature: bool,
}

impl Comparing<'_> {
    fn compare(&self, found: &mut Found) {
        let (a, b) = (self.a, self.b);
        if a.name != b.name {
            let (class, why) = match is_dylib(a) {
                true => (Class::Linkage, explain::DYLIB_KIND),
                false => (Class::Environment, explain::VERSION_COMMAND),
            };
            found.changed(class, self.label("cmd"), &a.name, &b.name, why);
        }
        let (left, right) = (numbered(a), numbered(b));
        for (field, value) in &left {
            if let Some(other) = right.get(field).filter(|other| *other != value) {
                self.field(field.0, value, other, found);
            }
        }
        let alone = |one: &Fields<'_>, other: &Fields<'_>| -> Vec<String> {
            let fields = one.iter().filter(|(field, _)| !other.contains_key(*field));
            fields.map(|((name, _), value)| format!("{name} {value}")).collect()
        };
        let (gone, new) = (alone(&left, &right), alone(&right, &left));
        if a.name == b.name && !(gone.is_empty() && new.is_empty()) {
            let (class, why, _) = self.cause("fields");
            found.changed(class, self.label("fields"), gone.join(", "), new.join(", "), why);
        }
        sections(self, found);
    }

    fn field(&self, field: &str, left: &str, right: &str, found: &mut Found) {
        let (class, why, code) = self.cause(field);
        found.changed(class, self.label(field), left, right, why).code = code;
    }

    /// `LC_UUID`, `LC_BUILD_VERSION sdk`, `LC_SEGMENT_64 __TEXT vmsize`, `LC_LOAD_DYLIB libz.dylib current version`.
    fn label(&self, field: &str) -> String {
        let command = self.a;
        match &*command.name {
            name @ ("LC_SEGMENT" | "LC_SEGMENT_64") => {
                format!("{name} {} {field}", command.field("segname").unwrap_or_default())
            }
            name if is_dylib(command) && field != "name" => {
                format!("{name} {} {field}", leaf(command.field("name").unwrap_or_default()))
            }
            name if command.fields.len() <= 1 && field != "cmd" => name.to_owned(),
            name => format!("{name} {field}"),
        }
    }

    /// Why a field differs, and whether other code runs for it.
    fn cause(&self, field: &str) -> (Class, &'static str, bool) {
        use Class::*;
        let (a, b) = (self.a, self.b);
        let quiet = |class, why| (class, why, false);
        match (&*a.name, field) {
            ("LC_UUID", _) => quiet(Always, explain::UUID),
            ("LC_BUILD_VERSION", "platform") => (Content, explain::PLATFORM, true),
            ("LC_BUILD_VERSION", "minos") => quiet(Environment, explain::MIN_OS),
            (_, "sdk") => quiet(Environment, explain::SDK),
            ("LC_BUILD_VERSION", _) => quiet(Environment, explain::TOOLS),
            (name, "version") if VERSION_MINS.contains(&name) => quiet(Environment, explain::MIN_OS),
            ("LC_SOURCE_VERSION", _) => quiet(Environment, explain::SOURCE_VERSION),
            ("LC_ID_DYLIB", "name") if differ_by_folder(a, b) => quiet(Environment, explain::INSTALL_FOLDER),
            ("LC_ID_DYLIB", "name") => quiet(Linkage, explain::INSTALL_NAME),
            ("LC_ID_DYLIB", "time stamp") => quiet(Environment, explain::TIME_STAMP),
            ("LC_ID_DYLIB", _) => quiet(Linkage, explain::OWN_VERSION),
            ("LC_RPATH", _) => match (build_folder(a, "path"), build_folder(b, "path")) {
                (true, true) => quiet(Environment, explain::RPATH_FOLDER),
                _ => quiet(Linkage, explain::RPATH),
            },
            _ if is_dylib(a) => match field {
                "name" if differ_by_folder(a, b) => quiet(Environment, explain::DYLIB_FOLDER),
                "name" => quiet(Linkage, explain::DYLIB_NAME),
                "time stamp" => quiet(Environment, explain::TIME_STAMP),
                "flags" => quiet(Linkage, explain::DYLIB_KIND),
                _ if is_system_path(a.field("name").unwrap_or_default()) => {
                    quiet(Environment, explain::SYSTEM_VERSION)
                }
                _ => quiet(Linkage, explain::DYLIB_VERSION),
            },
            ("LC_LOAD_DYLINKER" | "LC_ID_DYLINKER", _) => quiet(Linkage, explain::LINKAGE),
            ("LC_SUB_FRAMEWORK" | "LC_SUB_UMBRELLA" | "LC_SUB_CLIENT" | "LC_SUB_LIBRARY", _) => {
                quiet(Linkage, explain::LINKAGE)
            }
            ("LC_DYLD_ENVIRONMENT", _) => quiet(Linkage, explain::DYLD_ENVIRONMENT),
            ("LC_NOTE", _) => quiet(Environment, explain::NOTE),
            ("LC_LINKER_OPTION", _) => quiet(Environment, explain::LINKER_OPTION),
            ("LC_MAIN", "stacksize") => quiet(Content, explain::STACK_SIZE),
            ("LC_MAIN", "entryoff") if self.same_entry => quiet(Format, explain::LAYOUT),
            ("LC_MAIN" | "LC_UNIXTHREAD" | "LC_THREAD", _) if self.same_sections => {
                (Content, explain::ENTRY_POINT, true)
            }
            ("LC_ENCRYPTION_INFO" | "LC_ENCRYPTION_INFO_64", "cryptid") => {
                (Content, explain::ENCRYPTED, true)
            }
            ("LC_CODE_SIGNATURE", _) => quiet(Signature, explain::SIGNATURE),
            ("LC_SEGMENT" | "LC_SEGMENT_64", "maxprot" | "initprot") => {
                quiet(Content, explain::SEGMENT_RIGHTS)
            }
            ("LC_SEGMENT" | "LC_SEGMENT_64", "vmsize" | "filesize")
                if a.field("segname") == Some("__LINKEDIT") && self.signature =>
            {
                quiet(Signature, explain::SIGNATURE)
            }
            _ => quiet(Format, explain::LAYOUT),
        }
    }
}

/// Fields by their name and by how many of that name came before.
type Fields<'a> = BTreeMap<(&'a str, usize), &'a str>;

fn numbered(command: &Listed) -> Fields<'_> {
    let mut fields = Fields::new();
    for (name, value) in &command.fields {
        let count = fields.range((&**name, 0)..=(&**name, usize::MAX)).count();
        fields.insert((name, count), value);
    }
    fields
}

fn build_folder(command: &Listed, field: &str) -> bool {
    command.field(field).is_some_and(|name| explain::is_build_folder(name, is_system_path))
}

/// Whether the two names are one library in two folders of build machines.
fn differ_by_folder(a: &Listed, b: &Listed) -> bool {
    let name = |command: &Listed| command.field("name").map(|name| leaf(name).to_owned());
    build_folder(a, "name") && build_folder(b, "name") && name(a) == name(b)
}

/// The section tables of two segments. What the sections hold is compared elsewhere.
fn sections(comparing: &Comparing, found: &mut Found) {
    for one in &comparing.a.sections {
        let same = |other: &&ListedSection| (&other.segment, &other.name) == (&one.segment, &one.name);
        let Some(other) = comparing.b.sections.iter().find(same) else { continue };
        for ((name, value), (_, other)) in one.fields.iter().zip(&other.fields) {
            if value != other {
                let (class, why) = match &**name {
                    "flags" => (Class::Content, explain::SECTION_FLAGS),
                    _ => (Class::Format, explain::LAYOUT),
                };
                let field = format!("{},{} {name}", one.segment, one.name);
                found.changed(class, field, value, other, why).code = class == Class::Content;
            }
        }
    }
}

/// A command that only one side has.
fn alone(command: &Listed, is_left: bool, a: &View, b: &View, found: &mut Found) {
    let name = &*command.name;
    let value = match name {
        _ if is_dylib(command) => command.field("name").unwrap_or_default().to_owned(),
        "LC_SEGMENT" | "LC_SEGMENT_64" => command.field("segname").unwrap_or_default().to_owned(),
        _ if command.fields.len() == 1 => command.fields[0].1.clone(),
        _ => command
            .fields
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let (class, why) = match name {
        "LC_UUID" => (Class::Always, explain::UUID),
        "LC_BUILD_VERSION" => (Class::Environment, explain::VERSION_COMMAND),
        _ if VERSION_MINS.contains(&name) => (Class::Environment, explain::VERSION_COMMAND),
        "LC_SOURCE_VERSION" => (Class::Environment, explain::SOURCE_VERSION),
        "LC_NOTE" => (Class::Environment, explain::NOTE),
        "LC_LINKER_OPTION" => (Class::Environment, explain::LINKER_OPTION),
        "LC_DYLD_ENVIRONMENT" => (Class::Linkage, explain::DYLD_ENVIRONMENT),
        "LC_RPATH" if build_folder(command, "path") => (Class::Environment, explain::RPATH_FOLDER),
        "LC_RPATH" => (Class::Linkage, explain::RPATH),
        _ if is_dylib(command) => (Class::Linkage, explain::DYLIB),
        "LC_ID_DYLIB" => (Class::Linkage, explain::INSTALL_NAME),
        "LC_LOAD_DYLINKER" | "LC_SUB_FRAMEWORK" | "LC_SUB_UMBRELLA" | "LC_SUB_CLIENT" | "LC_SUB_LIBRARY" => {
            (Class::Linkage, explain::LINKAGE)
        }
        "LC_CODE_SIGNATURE" => (Class::Signature, explain::SIGNATURE_ADDED),
        "LC_DYLD_CHAINED_FIXUPS" | "LC_DYLD_INFO_ONLY" | "LC_DYLD_INFO" | "LC_DYLD_EXPORTS_TRIE"
            if other_fixups(a, b) =>
        {
            (Class::Format, explain::FIXUPS_FORMAT)
        }
        "LC_SEGMENT" | "LC_SEGMENT_64" => (Class::Format, explain::SEGMENT),
        "LC_MAIN" | "LC_UNIXTHREAD" => (Class::Content, explain::ENTRY_POINT),
        _ => (Class::Format, explain::COMMAND),
    };
    let (left, right) = if is_left { (Some(value), None) } else { (None, Some(value)) };
    found.add(class, name, left, right, why).code = class == Class::Content;
}

/// Whether one side fixes its pointers up by chains and the other by opcodes.
pub(super) fn other_fixups(a: &View, b: &View) -> bool {
    a.has(LC_DYLD_CHAINED_FIXUPS) != b.has(LC_DYLD_CHAINED_FIXUPS)
}

fn order(left: &[Listed], right: &[Listed], pairs: &Pairs, found: &mut Found) {
    let of = |wanted: &dyn Fn(&Listed) -> bool| -> Pairs {
        pairs.iter().copied().filter(|(index, _)| wanted(&left[*index])).collect()
    };
    let mut told = false;
    let is_rpath = |command: &Listed| command.name == "LC_RPATH";
    for (pairs, field, label, why) in [
        (of(&is_dylib), "name", "order of libraries", explain::DYLIB_ORDER),
        (of(&is_rpath), "path", "order of rpaths", explain::RPATH_ORDER),
    ] {
        if pairs.is_sorted_by_key(|(_, other)| *other) {
            continue;
        }
        told = true;
        let text = |command: &Listed| leaf(command.field(field).unwrap_or_default()).to_owned();
        let mut by_right = pairs.clone();
        by_right.sort_by_key(|(_, other)| *other);
        let shown = |texts: Vec<String>| texts.join(" ");
        let a = shown(pairs.iter().map(|(index, _)| text(&left[*index])).collect());
        let b = shown(by_right.iter().map(|(_, other)| text(&right[*other])).collect());
        found.changed(Class::Linkage, label, a, b, why);
    }
    if !told && !pairs.is_sorted_by_key(|(_, other)| *other) {
        let shown = |commands: &[Listed]| {
            commands
                .iter()
                .map(|command| command.name.trim_start_matches("LC_"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        found.changed(
            Class::Format,
            "order of load commands",
            shown(left),
            shown(right),
            explain::COMMAND_ORDER,
        );
    }
}

/// Ordinals count dylib commands from 1 on, without the lazy ones.
fn pairing(left: &[Listed], right: &[Listed], pairs: &Pairs) -> Pairing {
    let numbered = |commands: &[Listed]| -> BTreeMap<usize, u32> {
        let counted = |command: &Listed| is_dylib(command) && command.name != LC_LAZY_LOAD_DYLIB;
        let counted = commands.iter().enumerate().filter(|(_, command)| counted(command));
        counted.map(|(index, _)| index).zip(1..).collect()
    };
    let (a, b) = (numbered(left), numbered(right));
    let ordinals: BTreeMap<u32, u32> =
        pairs.iter().filter_map(|(index, other)| Some((*a.get(index)?, *b.get(other)?))).collect();
    let same = a.len() == b.len() && ordinals.len() == a.len() && ordinals.iter().all(|(a, b)| a == b);
    Pairing { ordinals, same_libraries: same }
}
