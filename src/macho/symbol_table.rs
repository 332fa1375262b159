//! LC_SYMTAB as a source of imports and exports: for images from before LC_DYLD_INFO (`<mach-o/nlist.h>`).

use std::ops::Range;

use super::ReadError;
use super::byte_order::{ByteOrder, range_at};
use super::exports_trie::{Export, ExportKind};
use super::header::{Header, command_bytes};
use super::symbols::{Import, Ordinal};

const LC_SYMTAB: u32 = 0x2;
const LC_DYSYMTAB: u32 = 0xb;
/// Two-level namespace: each import says which library it expects.
const MH_TWOLEVEL: u32 = 0x80;

const N_STAB: u8 = 0xe0;
const N_TYPE: u8 = 0x0e;
const N_EXT: u8 = 0x01;
const N_UNDF: u8 = 0x0;
const N_PBUD: u8 = 0xc;
const N_SECT: u8 = 0xe;
const N_WEAK_REF: u16 = 0x40;
const N_WEAK_DEF: u16 = 0x80;
const REFERENCE_TYPE: u16 = 0x7;
const REFERENCE_FLAG_UNDEFINED_LAZY: u16 = 1;
const DYNAMIC_LOOKUP_ORDINAL: u16 = 0xfe;
const EXECUTABLE_ORDINAL: u16 = 0xff;

/// The table of one slice.
#[derive(Debug, Clone)]
pub(super) struct SymbolTable<'a> {
    order: ByteOrder,
    entry_size: usize,
    two_level: bool,
    entries: &'a [u8],
    strings: &'a [u8],
    /// Which entries are external definitions and which are undefined, by LC_DYSYMTAB.
    defined: Range<usize>,
    undefined: Range<usize>,
}

/// One `nlist`.
pub(super) struct Entry<'a> {
    pub name: &'a [u8],
    pub n_type: u8,
    pub n_desc: u16,
    pub n_value: u64,
}

impl Entry<'_> {
    /// Whether it is for the debugger (`N_STAB`).
    pub fn is_stab(&self) -> bool {
        self.n_type & N_STAB != 0
    }

    /// Whether it is seen by this image alone.
    pub fn is_local(&self) -> bool {
        self.n_type & (N_STAB | N_EXT) == 0
    }
}

impl<'a> SymbolTable<'a> {
    /// `None` when the slice has no LC_SYMTAB.
    ///
    /// # Errors
    /// When the command is too short, or when the table or its strings are not in the slice.
    pub fn read(slice: &'a [u8], header: &Header) -> Result<Option<Self>, ReadError> {
        let Some(command) = header.find(LC_SYMTAB) else { return Ok(None) };
        let order = header.order;
        let bytes = command_bytes(slice, command)?;
        let word = |index: usize| order.u32(bytes, index * 4);
        let entry_size = if header.is_64 { 16 } else { 12 };
        let count = word(3)?;
        let entries = range_at(slice, word(2)?.into(), u64::from(count) * entry_size as u64)?;
        let strings = range_at(slice, word(4)?.into(), word(5)?.into())?;
        let all = 0..count as usize;
        let (defined, undefined) = dynamic_ranges(slice, header)?.unwrap_or((all.clone(), all));
        Ok(Some(SymbolTable {
            order,
            entry_size,
            two_level: header.flags & MH_TWOLEVEL != 0,
            entries: slice.get(entries).unwrap_or_default(),
            strings: slice.get(strings).unwrap_or_default(),
            defined,
            undefined,
        }))
    }

    /// Undefined external symbols. dyld takes those that relocations and indirect symbols name, which are the same.
    pub fn imports(&self) -> Vec<Import<'a>> {
        let undefined = self.entries_in(&self.undefined).filter(|entry| {
            entry.n_type & (N_STAB | N_EXT) == N_EXT && matches!(entry.n_type & N_TYPE, N_UNDF | N_PBUD)
        });
        let import = |entry: Entry<'a>| Import {
            name: entry.name,
            ordinal: self.ordinal(entry.n_desc),
            weak: entry.n_desc & N_WEAK_REF != 0,
            lazy: entry.n_desc & REFERENCE_TYPE == REFERENCE_FLAG_UNDEFINED_LAZY,
        };
        undefined.map(import).collect()
    }

    /// External definitions, sorted by name (`SymbolTable::forEachGlobalSymbol` of dyld).
    pub fn exports(&self) -> Vec<(&'a [u8], Export<'a>)> {
        let defined = self
            .entries_in(&self.defined)
            .filter(|entry| entry.n_type & (N_STAB | N_EXT) == N_EXT && entry.n_type & N_TYPE == N_SECT);
        let export = |entry: Entry<'a>| {
            let weak = entry.n_desc & N_WEAK_DEF != 0;
            (entry.name, Export::Definition { kind: ExportKind::Regular, weak, address: 0, resolver: None })
        };
        let mut exports: Vec<_> = defined.map(export).collect();
        exports.sort_by_key(|(name, _)| *name);
        exports
    }

    fn ordinal(&self, n_desc: u16) -> Ordinal {
        match n_desc >> 8 {
            _ if !self.two_level => Ordinal::Flat,
            DYNAMIC_LOOKUP_ORDINAL => Ordinal::Flat,
            EXECUTABLE_ORDINAL => Ordinal::Main,
            number => Ordinal::from_number(number.into()),
        }
    }

    /// Every entry, in order.
    pub fn all(&self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.chunks_exact(self.entry_size).filter_map(|raw| self.entry(raw))
    }

    fn entries_in(&self, range: &Range<usize>) -> impl Iterator<Item = Entry<'a>> {
        let entries = self.entries.chunks_exact(self.entry_size);
        entries.skip(range.start).take(range.len()).filter_map(|raw| self.entry(raw))
    }

    /// `None` when its name is out of bounds: dyld passes over such entries.
    fn entry(&self, raw: &[u8]) -> Option<Entry<'a>> {
        let name = self.strings.get(self.order.u32(raw, 0).ok()? as usize..)?;
        let name = name.get(..name.iter().position(|&byte| byte == 0)?)?;
        let n_desc = raw.get(6..)?.first_chunk::<2>().copied()?;
        let n_desc = match self.order {
            ByteOrder::Little => u16::from_le_bytes(n_desc),
            ByteOrder::Big => u16::from_be_bytes(n_desc),
        };
        let n_value = match self.entry_size {
            16 => self.order.u64(raw, 8).ok()?,
            _ => self.order.u32(raw, 8).ok()?.into(),
        };
        Some(Entry { name, n_type: *raw.get(4)?, n_desc, n_value })
    }
}

/// `iextdefsym`/`nextdefsym` and `iundefsym`/`nundefsym`, words 4 to 7 of LC_DYSYMTAB.
#[allow(clippy::type_complexity, reason = "two ranges, read at one place")]
fn dynamic_ranges(slice: &[u8], header: &Header) -> Result<Option<(Range<usize>, Range<usize>)>, ReadError> {
    let Some(command) = header.find(LC_DYSYMTAB) else { return Ok(None) };
    let bytes = command_bytes(slice, command)?;
    let word = |index: usize| header.order.u32(bytes, index * 4).map(|value| value as usize);
    let range = |at: usize| -> Result<Range<usize>, ReadError> {
        let start = word(at)?;
        Ok(start..start.saturating_add(word(at + 1)?))
    };
    Ok(Some((range(4)?, range(6)?)))
}
