//! What a slice imports and exports, whichever load command says so.

use super::ReadError;
use super::bind_opcodes::{self, Stream};
use super::byte_order::range_at;
use super::chained_fixups;
use super::exports_trie::{Export, ExportsTrie};
use super::header::{Header, command_bytes};
use super::symbol_table::SymbolTable;

const LC_DYLD_INFO: u32 = 0x22;
const LC_DYLD_INFO_ONLY: u32 = 0x8000_0022;
const LC_DYLD_EXPORTS_TRIE: u32 = 0x8000_0033;
const LC_DYLD_CHAINED_FIXUPS: u32 = 0x8000_0034;
/// The image has definitions that another image's may replace.
const MH_WEAK_DEFINES: u32 = 0x8000;

/// Where an import is looked for (`BIND_SPECIAL_DYLIB_*` for what is no dylib command).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ordinal {
    /// The n-th dylib command, from 1 on. LC_LAZY_LOAD_DYLIB does not count.
    Dylib(u32),
    /// 0: the image itself.
    SelfImage,
    /// -1: the main executable.
    Main,
    /// -2: every loaded image in load order.
    Flat,
    /// -3: every loaded image with weak definitions.
    WeakLookup,
    /// What dyld refuses.
    Unknown(i64),
}

impl Ordinal {
    pub(super) fn from_number(number: i64) -> Ordinal {
        match number {
            0 => Ordinal::SelfImage,
            -1 => Ordinal::Main,
            -2 => Ordinal::Flat,
            -3 => Ordinal::WeakLookup,
            _ => u32::try_from(number).map_or(Ordinal::Unknown(number), Ordinal::Dylib),
        }
    }
}

/// One symbol that a slice binds to. Names are bytes: nothing says that they are UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import<'a> {
    pub name: &'a [u8],
    pub ordinal: Ordinal,
    /// May be absent: it is then 0.
    pub weak: bool,
    /// Bound at the first call; when it is absent, that call ends the process.
    pub lazy: bool,
}

/// What a slice exports.
#[derive(Debug, Clone)]
pub enum Exports<'a> {
    Trie(ExportsTrie<'a>),
    /// Sorted by name.
    Table(Vec<(&'a [u8], Export<'a>)>),
}

impl<'a> Exports<'a> {
    /// # Errors
    /// When the trie is malformed on the way to `name`.
    pub fn find(&self, name: &[u8]) -> Result<Option<Export<'a>>, ReadError> {
        match self {
            Exports::Trie(trie) => trie.find(name),
            Exports::Table(table) => {
                let found = table.binary_search_by(|(known, _)| (*known).cmp(name)).ok();
                Ok(found.and_then(|at| table.get(at)).map(|(_, export)| *export))
            }
        }
    }

    /// # Errors
    /// When the trie is malformed.
    pub fn for_each(&self, mut each: impl FnMut(&[u8], Export<'a>)) -> Result<(), ReadError> {
        match self {
            Exports::Trie(trie) => trie.for_each(each),
            Exports::Table(table) => {
                table.iter().for_each(|(name, export)| each(name, *export));
                Ok(())
            }
        }
    }
}

/// The symbols of one slice, not yet decoded.
#[derive(Debug, Clone)]
pub struct SliceSymbols<'a> {
    slice: &'a [u8],
    header: Header,
}

impl<'a> SliceSymbols<'a> {
    /// `slice` holds one slice from its first byte on.
    ///
    /// # Errors
    /// When it is not Mach-O.
    pub fn read(slice: &'a [u8]) -> Result<Self, ReadError> {
        Ok(SliceSymbols { slice, header: Header::parse(slice)? })
    }

    /// Whether a weak lookup asks this image (`MH_WEAK_DEFINES`).
    pub fn has_weak_definitions(&self) -> bool {
        self.header.flags & MH_WEAK_DEFINES != 0
    }

    /// Every symbol that dyld binds, in its order: chained fixups, else bind opcodes (regular, lazy, weak), else the
    /// symbol table (`Fixups::forEachBindTarget`).
    ///
    /// # Errors
    /// When the tables are out of bounds or malformed.
    pub fn imports(&self) -> Result<Vec<Import<'a>>, ReadError> {
        if let Some(chained) = self.linkedit(LC_DYLD_CHAINED_FIXUPS, 8)? {
            return chained_fixups::imports(self.header.order, chained);
        }
        let Some(info) = self.dyld_info() else {
            let table = SymbolTable::read(self.slice, &self.header)?;
            return Ok(table.map(|table| table.imports()).unwrap_or_default());
        };
        let mut imports = Vec::new();
        // bind_off, weak_bind_off and lazy_bind_off stand after rebase_off.
        for (stream, at) in [(Stream::Regular, 16), (Stream::Lazy, 32), (Stream::Weak, 24)] {
            let opcodes = self.linkedit(info, at)?.unwrap_or_default();
            bind_opcodes::read(stream, opcodes, &mut imports)?;
        }
        Ok(imports)
    }

    /// # Errors
    /// When the trie or the symbol table is out of bounds.
    pub fn exports(&self) -> Result<Exports<'a>, ReadError> {
        if let Some(trie) = self.linkedit(LC_DYLD_EXPORTS_TRIE, 8)? {
            return Ok(Exports::Trie(ExportsTrie::new(trie)));
        }
        if let Some(info) = self.dyld_info() {
            let trie = self.linkedit(info, 40)?.unwrap_or_default();
            return Ok(Exports::Trie(ExportsTrie::new(trie)));
        }
        let table = SymbolTable::read(self.slice, &self.header)?;
        Ok(Exports::Table(table.map(|table| table.exports()).unwrap_or_default()))
    }

    fn dyld_info(&self) -> Option<u32> {
        [LC_DYLD_INFO_ONLY, LC_DYLD_INFO].into_iter().find(|&cmd| self.header.find(cmd).is_some())
    }

    /// The bytes whose offset and size stand at `at` of the command `cmd`. `None` without such a command.
    fn linkedit(&self, cmd: u32, at: usize) -> Result<Option<&'a [u8]>, ReadError> {
        let Some(command) = self.header.find(cmd) else { return Ok(None) };
        let bytes = command_bytes(self.slice, command)?;
        let (offset, size) = (self.header.order.u32(bytes, at)?, self.header.order.u32(bytes, at + 4)?);
        let range = if size == 0 { 0..0 } else { range_at(self.slice, offset.into(), size.into())? };
        Ok(self.slice.get(range))
    }
}

/// Every import of the slice.
///
/// # Errors
/// Those of [`SliceSymbols::read`] and [`SliceSymbols::imports`].
pub fn imports(slice: &[u8]) -> Result<Vec<Import<'_>>, ReadError> {
    SliceSymbols::read(slice)?.imports()
}

/// Every export of the slice.
///
/// # Errors
/// Those of [`SliceSymbols::read`] and [`SliceSymbols::exports`].
pub fn exports(slice: &[u8]) -> Result<Exports<'_>, ReadError> {
    SliceSymbols::read(slice)?.exports()
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::ByteOrder;
    use super::super::exports_trie::ExportKind;
    use super::super::sample::{ImportEntry, Sample, bind_opcodes, chained_fixups, symbol_table, trie};
    use super::*;
    use crate::macho::Arch;

    const I386: Arch = Arch { cpu_type: 7, cpu_subtype: 3 };
    const PPC64: Arch = Arch { cpu_type: 0x0100_0012, cpu_subtype: 0 };

    fn names<'a>(imports: &[Import<'a>]) -> Vec<&'a str> {
        imports.iter().map(|it| std::str::from_utf8(it.name).unwrap()).collect()
    }

    #[test]
    fn chained_fixups_and_their_trie_are_found_by_their_commands() {
        let imported = [ImportEntry { ordinal: 2, name: "_used".into(), weak: true }];
        let sample = Sample {
            chained_fixups: Some(chained_fixups(ByteOrder::Little, 1, &imported)),
            exports_trie: Some(trie(&[("_offered", vec![0, 1])])),
            flags: 0x8085,
            signature: Some(vec![1; 8]),
            ..Sample::new(Arch::ARM64)
        };
        let bytes = sample.build();
        let symbols = SliceSymbols::read(&bytes).unwrap();
        assert!(symbols.has_weak_definitions());
        let wanted = Import { name: b"_used", ordinal: Ordinal::Dylib(2), weak: true, lazy: false };
        assert_eq!(symbols.imports().unwrap(), [wanted]);
        let exports = exports(&bytes).unwrap();
        assert!(exports.find(b"_offered").unwrap().is_some());
        assert!(exports.find(b"_used").unwrap().is_none());
    }

    #[test]
    fn dyld_info_gives_regular_lazy_and_weak_binds_in_this_order() {
        let info = [
            bind_opcodes(&[(1, 0, "_now")], false),
            bind_opcodes(&[(1, 0, "_everywhere")], false),
            bind_opcodes(&[(2, 0, "_later"), (1, 1, "_perhaps")], true),
            trie(&[("_offered", vec![0, 1])]),
        ];
        let bytes = Sample { dyld_info: Some(info), ..Sample::new(Arch::X86_64) }.build();
        let found = imports(&bytes).unwrap();
        assert_eq!(names(&found), ["_now", "_later", "_perhaps", "_everywhere"]);
        assert_eq!(found.iter().map(|it| it.lazy).collect::<Vec<_>>(), [false, true, true, false]);
        assert_eq!(found.iter().map(|it| it.weak).collect::<Vec<_>>(), [false, false, true, true]);
        assert_eq!(found[3].ordinal, Ordinal::WeakLookup);
        assert!(exports(&bytes).unwrap().find(b"_offered").unwrap().is_some());
    }

    #[test]
    fn without_either_the_symbol_table_speaks_in_both_widths_and_byte_orders() {
        let entries = [
            ("_local", 0x0e, 0),
            ("_offered", 0x0f, 0x80),
            ("_stab", 0x24, 0),
            ("_now", 0x01, 0x0100),
            ("_later", 0x01, 0x0201),
            ("_perhaps", 0x01, 0x0140),
            ("_own", 0x01, 0x0000),
            ("_anywhere", 0x01, 0xfe00),
            ("_host", 0x01, 0xff00),
        ];
        for (arch, order) in
            [(Arch::X86_64, ByteOrder::Little), (I386, ByteOrder::Little), (PPC64, ByteOrder::Big)]
        {
            let table = symbol_table(order, arch.is_64_bit(), &entries);
            let sample = Sample { order, symbol_table: Some(table), ..Sample::new(arch) };
            let bytes = sample.build();
            let found = imports(&bytes).unwrap();
            assert_eq!(names(&found), ["_now", "_later", "_perhaps", "_own", "_anywhere", "_host"]);
            let ordinals: Vec<Ordinal> = found.iter().map(|it| it.ordinal).collect();
            let (one, two) = (Ordinal::Dylib(1), Ordinal::Dylib(2));
            assert_eq!(ordinals, [one, two, one, Ordinal::SelfImage, Ordinal::Flat, Ordinal::Main]);
            assert!(found[1].lazy && found[2].weak);
            let definition =
                Export::Definition { kind: ExportKind::Regular, weak: true, address: 0, resolver: None };
            let exports = exports(&bytes).unwrap();
            assert_eq!(exports.find(b"_offered").unwrap(), Some(definition));
            assert_eq!(exports.find(b"_local").unwrap(), None);
            let flat = Sample { flags: 0x5, ..sample }.build();
            assert!(imports(&flat).unwrap().iter().all(|it| it.ordinal == Ordinal::Flat));
        }
    }

    #[test]
    fn an_image_without_tables_has_no_symbols() {
        let bytes = Sample::new(Arch::ARM64).build();
        assert_eq!(imports(&bytes), Ok(Vec::new()));
        assert_eq!(exports(&bytes).unwrap().find(b"_main"), Ok(None));
    }

    #[test]
    fn tables_out_of_bounds_are_refused() {
        let sample = Sample { exports_trie: Some(vec![0, 0]), ..Sample::new(Arch::ARM64) };
        let mut bytes = sample.build();
        let command = Header::parse(&bytes).unwrap().find(LC_DYLD_EXPORTS_TRIE).unwrap().range.start;
        ByteOrder::Little.put_u32(&mut bytes, command + 8, 0xffff_0000).unwrap();
        assert!(exports(&bytes).unwrap_err().0.contains("cut off"));
    }
}
