//! Symbols by name: what is offered, what is used and from where, and what only debuggers see.

use std::collections::{BTreeMap, BTreeSet};

use super::commands::other_fixups;
use super::slice::{Known, View};
use super::{Class, Found, explain};
use crate::macho::ReadError;
use crate::macho::debug_map::{self, DebugMap};
use crate::macho::exports_trie::Export;
use crate::macho::listing::Listed;
use crate::macho::symbols::{Ordinal, SliceSymbols};

/// Symbols of one kind that are told one by one.
const MOST: usize = 200;

/// Answers whether the imports are the same.
pub(super) fn compare(a: &View, b: &View, known: &Known, found: &mut Found) -> bool {
    if known.same_sections && known.pairing.same_libraries && same_tables(a, b) {
        return true;
    }
    exports(a, b, known, found);
    let same = imports(a, b, known, found);
    if let (Ok(a), Ok(b)) = (debug_map::read(a.bytes), debug_map::read(b.bytes)) {
        debug(&a, &b, found);
    }
    same
}

/// Whether all tables are equal, byte for byte, and stand at the same places: up to the signature there is nothing else in
/// `__LINKEDIT`. Then no name of theirs needs to be read.
fn same_tables(a: &View, b: &View) -> bool {
    const NAMED: [&str; 6] = [
        "LC_SYMTAB",
        "LC_DYSYMTAB",
        "LC_DYLD_INFO",
        "LC_DYLD_INFO_ONLY",
        "LC_DYLD_EXPORTS_TRIE",
        "LC_DYLD_CHAINED_FIXUPS",
    ];
    let places = |view: &View| -> Vec<Listed> {
        view.commands.iter().filter(|command| NAMED.contains(&&*command.name)).cloned().collect()
    };
    fn tables<'a>(view: &View<'a>) -> Option<&'a [u8]> {
        let start = view.header.segment("__LINKEDIT")?.fileoff;
        let end = view.header.code_signature(view.bytes).ok()??.dataoff;
        view.bytes.get(usize::try_from(start).ok()?..end as usize)
    }
    tables(a).is_some() && tables(a) == tables(b) && places(a) == places(b)
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn unreadable<T>(what: &str, a: Result<T, ReadError>, b: Result<T, ReadError>, found: &mut Found) {
    let said = |side: Result<T, ReadError>| side.map_or_else(|why| why.0, |_| "can be read".to_owned());
    found.changed(Class::Content, what, said(a), said(b), explain::SYMBOLS_UNREADABLE).code = true;
}

/// What stands behind each name. The address counts where all sections are equal: elsewhere it follows from them.
type Exports = BTreeMap<Vec<u8>, String>;

fn exports_of(view: &View, with_addresses: bool) -> Result<Exports, ReadError> {
    let mut exports = Exports::new();
    SliceSymbols::read(view.bytes)?.exports()?.for_each(|name, export| {
        let shown = match export {
            Export::Definition { kind, weak, address, resolver } => {
                let weak = if weak { " weak" } else { "" };
                let resolver = if resolver.is_some() { " with a resolver" } else { "" };
                let at = if with_addresses { format!(" at {}", view.place(address)) } else { String::new() };
                format!("{kind:?}{weak}{resolver}{at}").to_lowercase()
            }
            Export::Reexport { ordinal, name } => format!("re-exported {} of library {ordinal}", text(name)),
        };
        exports.insert(name.to_vec(), shown);
    })?;
    Ok(exports)
}

fn exports(a: &View, b: &View, known: &Known, found: &mut Found) {
    let addresses = known.same_sections;
    let (left, right) = match (exports_of(a, addresses), exports_of(b, addresses)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) if a == b => return,
        (a, b) => return unreadable("exports", a, b, found),
    };
    let mut told = Told::new("export");
    for (name, change) in differing(&left, &right) {
        match change {
            (Some(one), Some(other)) if one != other => {
                let code = one.split(" at ").next() == other.split(" at ").next();
                told.add(Class::Content, name, (Some(one), Some(other)), explain::EXPORT_KIND, code, found);
            }
            sides => told.add(Class::Content, name, sides, explain::EXPORT, false, found),
        }
    }
    told.end(found);
}

/// Where each imported name is looked for, by the ordinals of the right side, and whether it may be missing.
type Imports = BTreeMap<Vec<u8>, BTreeSet<(String, bool)>>;

fn imports_of(view: &View, ordinal: impl Fn(u32) -> String) -> Result<Imports, ReadError> {
    let mut imports = Imports::new();
    for import in SliceSymbols::read(view.bytes)?.imports()? {
        let from = match import.ordinal {
            Ordinal::Dylib(number) => ordinal(number),
            Ordinal::SelfImage => "itself".to_owned(),
            Ordinal::Main => "the main executable".to_owned(),
            Ordinal::Flat => "any image".to_owned(),
            Ordinal::WeakLookup => "any image with weak definitions".to_owned(),
            Ordinal::Unknown(number) => format!("ordinal {number}"),
        };
        imports.entry(import.name.to_vec()).or_default().insert((from, import.weak));
    }
    Ok(imports)
}

fn imports(a: &View, b: &View, known: &Known, found: &mut Found) -> bool {
    let libraries = |view: &View| -> Vec<String> {
        let lazy = |name: &str| name == "LC_LAZY_LOAD_DYLIB";
        let dylibs =
            view.commands.iter().filter(|command| command.name.ends_with("_DYLIB") && !lazy(&command.name));
        let loads = dylibs.filter(|command| command.name != "LC_ID_DYLIB");
        loads.filter_map(|command| command.field("name").map(str::to_owned)).collect()
    };
    let names = libraries(b);
    let named = |number: u32| {
        let name = (number as usize).checked_sub(1).and_then(|index| names.get(index));
        name.map_or_else(
            || format!("ordinal {number}"),
            |name| name.rsplit('/').next().unwrap_or(name).to_owned(),
        )
    };
    let old_names = libraries(a);
    let as_right = |number: u32| match known.pairing.ordinals.get(&number) {
        Some(other) => named(*other),
        None => {
            let name = (number as usize).checked_sub(1).and_then(|index| old_names.get(index));
            name.map_or_else(
                || format!("ordinal {number}"),
                |name| name.rsplit('/').next().unwrap_or(name).to_owned(),
            )
        }
    };
    let (left, right) = match (imports_of(a, as_right), imports_of(b, named)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(a), Err(b)) if a == b => return true,
        (a, b) => {
            unreadable("imports", a, b, found);
            return false;
        }
    };
    let mut told = Told::new("import");
    for (name, (one, other)) in differing(&left, &right) {
        let libraries = |of: &BTreeSet<(String, bool)>| -> BTreeSet<String> {
            of.iter().map(|(from, _)| from.clone()).collect()
        };
        let shown = |of: &BTreeSet<(String, bool)>| {
            let each =
                of.iter().map(|(from, weak)| format!("from {from}{}", if *weak { ", weak" } else { "" }));
            each.collect::<Vec<_>>().join("; ")
        };
        let (class, why, code) = match (&one, &other) {
            (Some(a), Some(b)) if libraries(a) != libraries(b) => {
                (Class::Linkage, explain::IMPORT_LIBRARY, false)
            }
            (Some(_), Some(_)) => (Class::Environment, explain::IMPORT_WEAK, false),
            _ if other_fixups(a, b) && name == b"dyld_stub_binder" => {
                (Class::Format, explain::FIXUPS_FORMAT, false)
            }
            _ => (Class::Content, explain::IMPORT, true),
        };
        told.add(class, name, (one.as_ref().map(shown), other.as_ref().map(shown)), why, code, found);
    }
    told.end(found);
    left == right
}

/// What each side has.
type Sides<V> = (Option<V>, Option<V>);

/// Every name that the two maps do not agree on.
fn differing<V: PartialEq + Clone>(
    left: &BTreeMap<Vec<u8>, V>,
    right: &BTreeMap<Vec<u8>, V>,
) -> Vec<(Vec<u8>, Sides<V>)> {
    let names: BTreeSet<&Vec<u8>> = left.keys().chain(right.keys()).collect();
    let names = names.into_iter().filter(|name| left.get(*name) != right.get(*name));
    names.map(|name| (name.clone(), (left.get(name).cloned(), right.get(name).cloned()))).collect()
}

/// Counts what is told of one kind: the first ones by name, the rest as a number.
struct Told {
    kind: &'static str,
    /// How many were left out, and of which class and code the last of them was.
    left_out: BTreeMap<(Class, bool), usize>,
    count: usize,
}

impl Told {
    fn new(kind: &'static str) -> Told {
        Told { kind, left_out: BTreeMap::new(), count: 0 }
    }

    fn add(
        &mut self,
        class: Class,
        name: Vec<u8>,
        sides: Sides<String>,
        why: &'static str,
        code: bool,
        found: &mut Found,
    ) {
        self.count += 1;
        if self.count > MOST {
            *self.left_out.entry((class, code)).or_default() += 1;
            return;
        }
        found.add(class, format!("{} {}", self.kind, text(&name)), sides.0, sides.1, why).code = code;
    }

    fn end(self, found: &mut Found) {
        for ((class, code), count) in self.left_out {
            let more = format!("{count} more");
            found.changed(class, format!("{}s", self.kind), &more, &more, explain::EXPORT).code = code;
        }
    }
}

fn debug(a: &DebugMap, b: &DebugMap, found: &mut Found) {
    let paths = |map: &DebugMap| map.objects.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let times = |map: &DebugMap| map.objects.iter().map(|(_, time)| *time).collect::<Vec<_>>();
    let leaves = |paths: &[String]| -> Vec<String> {
        paths.iter().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()).collect()
    };
    let (left, right) = (paths(a), paths(b));
    if leaves(&left) != leaves(&right) {
        let shown = |map: &DebugMap| format!("{} object files, {} entries", map.objects.len(), map.stabs);
        found.changed(Class::Environment, "debug map N_OSO", shown(a), shown(b), explain::OBJECT_SET);
    } else if let Some((one, other)) = left.iter().zip(&right).find(|(one, other)| one != other) {
        found.changed(Class::Environment, "debug map N_OSO", one, other, explain::OBJECT_PATH);
    }
    if left.len() == right.len()
        && let Some((one, other)) = times(a).iter().zip(times(b)).find(|(one, other)| *one != other)
    {
        found.changed(Class::Environment, "debug map N_OSO date", one, other, explain::OBJECT_TIME);
    }
    if a.sources.len() == b.sources.len()
        && let Some((one, other)) = a.sources.iter().zip(&b.sources).find(|(one, other)| one != other)
    {
        found.changed(Class::Environment, "debug map N_SO", one, other, explain::SOURCE_PATH);
    } else if a.sources.len() != b.sources.len() && leaves(&left) == leaves(&right) {
        let shown = |map: &DebugMap| format!("{} sources", map.sources.len());
        found.changed(Class::Environment, "debug map N_SO", shown(a), shown(b), explain::OBJECT_SET);
    }
    if a.locals != b.locals {
        let count = |one: &DebugMap, other: &DebugMap| {
            let alone = one.locals.iter().filter(|(name, count)| other.locals.get(*name) != Some(count));
            let all: usize = one.locals.values().sum();
            format!("{all} symbols, {} of them not on the other side", alone.count())
        };
        found.changed(Class::Format, "local symbols", count(a, b), count(b, a), explain::LOCALS);
    }
}
