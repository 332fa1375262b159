//! LC_SYMTAB beyond imports and exports: the debug map, by which a debugger finds object files, and the names that only
//! the image itself sees (`<mach-o/stab.h>`). dyld looks at neither.

use std::collections::BTreeMap;

use super::ReadError;
use super::header::Header;
use super::symbol_table::SymbolTable;

const N_SO: u8 = 0x64;
const N_OSO: u8 = 0x66;

/// What a slice's symbol table holds for debuggers and people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DebugMap {
    /// N_OSO in order: the path of each object file, and when it was last changed in seconds since 1970 (0 with
    /// `ZERO_AR_DATE`).
    pub objects: Vec<(String, u64)>,
    /// N_SO in order, without the empty ones that end a file.
    pub sources: Vec<String>,
    /// All debugger's entries (stabs).
    pub stabs: usize,
    /// Local symbols with how often each stands there.
    pub locals: BTreeMap<Vec<u8>, usize>,
}

/// Reads the symbol table of the slice that `slice` holds from its first byte on; empty without one.
///
/// # Errors
/// When it is not Mach-O, or its table is not in the slice.
pub fn read(slice: &[u8]) -> Result<DebugMap, ReadError> {
    let mut map = DebugMap::default();
    let Some(table) = SymbolTable::read(slice, &Header::parse(slice)?)? else { return Ok(map) };
    for entry in table.all() {
        let text = || String::from_utf8_lossy(entry.name).into_owned();
        map.stabs += usize::from(entry.is_stab());
        match entry.n_type {
            N_OSO => map.objects.push((text(), entry.n_value)),
            N_SO if !entry.name.is_empty() => map.sources.push(text()),
            _ if entry.is_local() => *map.locals.entry(entry.name.to_vec()).or_default() += 1,
            _ => {}
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::super::Arch;
    use super::super::byte_order::ByteOrder;
    use super::super::sample::{Sample, symbol_table};
    use super::*;

    #[test]
    fn object_files_sources_and_locals_are_told_apart() {
        let entries = [
            ("/src/", N_SO, 0),
            ("a.c", N_SO, 0),
            ("/tmp/a.o", N_OSO, 1),
            ("_stab", 0x24, 0),
            ("", N_SO, 0),
            ("_local", 0x0e, 0),
            ("_local", 0x0e, 0),
            ("_offered", 0x0f, 0),
            ("_wanted", 0x01, 0x100),
        ];
        for (arch, order) in [(Arch::ARM64, ByteOrder::Little), (Arch::new(18, 0), ByteOrder::Big)] {
            let table = symbol_table(order, arch.is_64_bit(), &entries);
            let bytes = Sample { order, symbol_table: Some(table), ..Sample::new(arch) }.build();
            let map = read(&bytes).unwrap();
            assert_eq!(map.objects, [("/tmp/a.o".to_owned(), 0)]);
            assert_eq!(map.sources, ["/src/", "a.c"]);
            assert_eq!((map.stabs, map.locals.len()), (5, 1));
            assert_eq!(map.locals[&b"_local"[..]], 2);
        }
        assert_eq!(read(&Sample::new(Arch::ARM64).build()), Ok(DebugMap::default()));
    }
}
