//! Contents of `__LINKEDIT` made for tests: tries, import tables, bind opcodes and symbol tables.

use super::super::byte_order::ByteOrder;

/// One import of a [`chained_fixups`] table.
#[derive(Debug, Clone)]
pub(crate) struct ImportEntry {
    pub ordinal: i32,
    pub name: String,
    pub weak: bool,
}

/// The trie of `exports`: names with their terminal parts.
pub(crate) fn trie(exports: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if !exports.is_empty() {
        let exports: Vec<(&[u8], &[u8])> =
            exports.iter().map(|(name, terminal)| (name.as_bytes(), terminal.as_slice())).collect();
        write_node(&mut bytes, &exports);
    }
    bytes
}

/// One node for the names given, one letter an edge where they part and as much as they share before.
fn write_node(bytes: &mut Vec<u8>, exports: &[(&[u8], &[u8])]) {
    let terminal = exports.iter().find(|(name, _)| name.is_empty()).map_or(&[][..], |(_, terminal)| terminal);
    bytes.extend(long_uleb(terminal.len()));
    bytes.extend(terminal);
    let mut firsts: Vec<u8> = exports.iter().filter_map(|(name, _)| name.first().copied()).collect();
    firsts.sort_unstable();
    firsts.dedup();
    bytes.push(firsts.len() as u8);
    let mut holes = Vec::new();
    for first in firsts {
        let group: Vec<(&[u8], &[u8])> =
            exports.iter().filter(|(name, _)| name.first() == Some(&first)).copied().collect();
        let shared = shared_length(&group);
        bytes.extend(&group[0].0[..shared]);
        bytes.push(0);
        holes.push((bytes.len(), group, shared));
        bytes.extend(long_uleb(0));
    }
    for (hole, group, shared) in holes {
        let at = long_uleb(bytes.len());
        bytes[hole..hole + at.len()].copy_from_slice(&at);
        let children: Vec<_> = group.iter().map(|(name, terminal)| (&name[shared..], *terminal)).collect();
        write_node(bytes, &children);
    }
}

fn shared_length(group: &[(&[u8], &[u8])]) -> usize {
    let first = group[0].0;
    let same = |name: &[u8]| first.iter().zip(name).take_while(|(a, b)| a == b).count();
    group.iter().map(|(name, _)| same(name)).min().unwrap_or(0)
}

/// A ULEB128 of three bytes whatever the value, so that it can be filled in later.
fn long_uleb(value: usize) -> [u8; 3] {
    [value as u8 | 0x80, (value >> 7) as u8 | 0x80, (value >> 14) as u8 & 0x7f]
}

/// The contents of LC_DYLD_CHAINED_FIXUPS without any chain.
pub(crate) fn chained_fixups(order: ByteOrder, format: u32, imports: &[ImportEntry]) -> Vec<u8> {
    let words =
        |values: &[u32]| values.iter().flat_map(|&value| order.bytes_of_u32(value)).collect::<Vec<u8>>();
    let (mut table, mut names) = (Vec::new(), vec![0]);
    for import in imports {
        let (name_at, weak) = (names.len() as u32, u32::from(import.weak));
        let narrow = (import.ordinal as u32 & 0xff) | weak << 8 | name_at << 9;
        match format {
            1 => table.extend(words(&[narrow])),
            2 => table.extend(words(&[narrow, 0])),
            _ => table.extend(words(&[(import.ordinal as u32 & 0xffff) | weak << 16, name_at, 0, 0])),
        }
        names.extend(import.name.as_bytes());
        names.push(0);
    }
    let (starts_at, table_at) = (28_u32, 32_u32);
    let symbols_at = table_at + table.len() as u32;
    let header = [0, starts_at, table_at, symbols_at, imports.len() as u32, format, 0];
    [words(&header), words(&[0]), table, names].concat()
}

/// Bind opcodes: ordinal, flags, name. With `lazy` each bind ends with DONE.
pub(crate) fn bind_opcodes(binds: &[(i32, u8, &str)], lazy: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(ordinal, flags, name) in binds {
        match ordinal {
            1..=15 => bytes.push(0x10 | ordinal as u8),
            16.. => bytes.extend([0x20, ordinal as u8]),
            _ => bytes.push(0x30 | (ordinal as u8 & 0xf)),
        }
        bytes.push(0x40 | flags);
        bytes.extend(name.as_bytes());
        bytes.extend([0, 0x51, 0x71, 0, 0x90]);
        bytes.extend(lazy.then_some(0));
    }
    bytes.push(0);
    bytes
}

/// `nlist`s and their strings: name, `n_type`, `n_desc`.
pub(crate) fn symbol_table(order: ByteOrder, is_64: bool, entries: &[(&str, u8, u16)]) -> (Vec<u8>, Vec<u8>) {
    let (mut table, mut strings) = (Vec::new(), vec![0]);
    for &(name, n_type, n_desc) in entries {
        table.extend(order.bytes_of_u32(strings.len() as u32));
        table.extend([n_type, u8::from(n_type & 0xe == 0xe)]);
        table.extend(match order {
            ByteOrder::Little => n_desc.to_le_bytes(),
            ByteOrder::Big => n_desc.to_be_bytes(),
        });
        table.extend(&[0; 8][..if is_64 { 8 } else { 4 }]);
        strings.extend(name.as_bytes());
        strings.push(0);
    }
    (table, strings)
}
