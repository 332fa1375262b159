//! The imports table of LC_DYLD_CHAINED_FIXUPS: every symbol that the chains bind to (`<mach-o/fixup-chains.h>`).
//!
//! dyld resolves the whole table before it walks a chain (`Fixups::forEachChainedFixupTarget`), so an entry that no
//! pointer refers to must be found all the same.

use super::ReadError;
use super::byte_order::{ByteOrder, range_at};
use super::symbols::{Import, Ordinal};

const IMPORT: u32 = 1;
const IMPORT_ADDEND: u32 = 2;
const IMPORT_ADDEND64: u32 = 3;

/// Reads the table from the contents of the load command: `dyld_chained_fixups_header` is seven words, of which
/// `imports_offset` is the third, then `symbols_offset`, `imports_count`, `imports_format` and `symbols_format`.
///
/// # Errors
/// When the header names a version or format that dyld does not take, or when the table or a name is out of bounds.
pub(super) fn imports(order: ByteOrder, bytes: &[u8]) -> Result<Vec<Import<'_>>, ReadError> {
    let word = |index: usize| order.u32(bytes, index * 4);
    if word(0)? != 0 {
        return Err(malformed(&format!("the unknown version {}", word(0)?)));
    }
    let (count, format) = (word(4)?, word(5)?);
    if word(6)? != 0 {
        // zlib is 1; dyld takes neither it nor anything else.
        return Err(malformed(&format!("symbols_format {}, which dyld refuses", word(6)?)));
    }
    let entry_size = match format {
        IMPORT => 4,
        IMPORT_ADDEND => 8,
        IMPORT_ADDEND64 => 16,
        _ => return Err(malformed(&format!("the unknown imports_format {format}"))),
    };
    let symbols_at = word(3)?;
    let symbols = bytes.get(symbols_at as usize..).ok_or_else(|| malformed("names out of bounds"))?;
    let table = range_at(bytes, word(2)?.into(), u64::from(count) * entry_size)?;
    if count != 0 && table.end > symbols_at as usize {
        return Err(malformed("an imports table that overlaps the names"));
    }
    let table = bytes.get(table).unwrap_or_default();
    table.chunks_exact(entry_size as usize).map(|entry| import(order, format, entry, symbols)).collect()
}

fn import<'a>(
    order: ByteOrder,
    format: u32,
    entry: &[u8],
    symbols: &'a [u8],
) -> Result<Import<'a>, ReadError> {
    let (ordinal, weak, name_at) = if format == IMPORT_ADDEND64 {
        let bits = order.u64(entry, 0)?;
        (sign_extended(bits & 0xffff, 0xfff0, 0x1_0000), bits & 0x1_0000 != 0, bits >> 32)
    } else {
        let bits = order.u32(entry, 0)?;
        (sign_extended(u64::from(bits & 0xff), 0xf0, 0x100), bits & 0x100 != 0, u64::from(bits >> 9))
    };
    let name = usize::try_from(name_at).ok().and_then(|at| symbols.get(at..)).and_then(|rest| {
        let length = rest.iter().position(|&byte| byte == 0)?;
        rest.get(..length)
    });
    let name = name.ok_or_else(|| malformed("a name out of bounds"))?;
    Ok(Import { name, ordinal: Ordinal::from_number(ordinal), weak, lazy: false })
}

/// Ordinals above `last` are negative numbers of the field's width.
fn sign_extended(field: u64, last: u64, span: i64) -> i64 {
    let number = i64::try_from(field).unwrap_or(i64::MAX);
    if field > last { number - span } else { number }
}

fn malformed(what: &str) -> ReadError {
    ReadError(format!("has chained fixups with {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::sample::{ImportEntry, chained_fixups};

    fn entries() -> Vec<ImportEntry> {
        let entry = |ordinal, name: &str, weak| ImportEntry { ordinal, name: name.to_owned(), weak };
        vec![
            entry(1, "_one", false),
            entry(240, "_far", true),
            entry(0, "_self", false),
            entry(-1, "_main", false),
            entry(-2, "_flat", true),
            entry(-3, "_weak", false),
        ]
    }

    #[test]
    fn all_three_formats_say_the_same() {
        for format in 1..=3 {
            let bytes = chained_fixups(ByteOrder::Little, format, &entries());
            let found = imports(ByteOrder::Little, &bytes).unwrap();
            let ordinals = [
                Ordinal::Dylib(1),
                Ordinal::Dylib(240),
                Ordinal::SelfImage,
                Ordinal::Main,
                Ordinal::Flat,
                Ordinal::WeakLookup,
            ];
            for ((found, entry), ordinal) in found.iter().zip(entries()).zip(ordinals) {
                assert_eq!((found.name, found.weak), (entry.name.as_bytes(), entry.weak), "{format}");
                assert_eq!(found.ordinal, ordinal, "{format}");
                assert!(!found.lazy);
            }
            assert_eq!(found.len(), 6);
        }
    }

    #[test]
    fn sixteen_bits_hold_more_ordinals_than_eight() {
        let many = [ImportEntry { ordinal: 1000, name: "_a".into(), weak: false }];
        let bytes = chained_fixups(ByteOrder::Little, IMPORT_ADDEND64, &many);
        assert_eq!(imports(ByteOrder::Little, &bytes).unwrap()[0].ordinal, Ordinal::Dylib(1000));
    }

    #[test]
    fn what_dyld_refuses_is_refused_by_name() {
        let good = chained_fixups(ByteOrder::Little, IMPORT, &entries());
        let with = |index: usize, value: u32| {
            let mut bytes = good.clone();
            ByteOrder::Little.put_u32(&mut bytes, index * 4, value).unwrap();
            imports(ByteOrder::Little, &bytes).unwrap_err().0
        };
        assert!(with(0, 1).contains("unknown version 1"));
        assert!(with(5, 4).contains("unknown imports_format 4"));
        assert!(with(6, 1).contains("symbols_format 1, which dyld refuses"));
        assert!(with(3, 40).contains("overlaps the names"));
        assert!(with(3, 99_999).contains("names out of bounds"));
        assert!(with(4, u32::MAX).contains("cut off"));
        assert!(
            imports(ByteOrder::Little, &good[..good.len() - 1])
                .unwrap_err()
                .0
                .contains("a name out of bounds")
        );
    }
}
