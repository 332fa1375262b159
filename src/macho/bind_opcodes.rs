//! Bind opcodes of LC_DYLD_INFO: a program that says which symbol goes where (`<mach-o/loader.h>`, `BIND_OPCODE_*`).
//! Only the symbols are kept; places are passed over.

use super::ReadError;
use super::leb128::Cursor;
use super::symbols::{Import, Ordinal};

const OPCODE_MASK: u8 = 0xf0;
const IMMEDIATE_MASK: u8 = 0x0f;
const DONE: u8 = 0x00;
const SET_DYLIB_ORDINAL_IMM: u8 = 0x10;
const SET_DYLIB_ORDINAL_ULEB: u8 = 0x20;
const SET_DYLIB_SPECIAL_IMM: u8 = 0x30;
const SET_SYMBOL_TRAILING_FLAGS_IMM: u8 = 0x40;
const SET_TYPE_IMM: u8 = 0x50;
const SET_ADDEND_SLEB: u8 = 0x60;
const SET_SEGMENT_AND_OFFSET_ULEB: u8 = 0x70;
const ADD_ADDR_ULEB: u8 = 0x80;
const DO_BIND: u8 = 0x90;
const DO_BIND_ADD_ADDR_ULEB: u8 = 0xa0;
const DO_BIND_ADD_ADDR_IMM_SCALED: u8 = 0xb0;
const DO_BIND_ULEB_TIMES_SKIPPING_ULEB: u8 = 0xc0;
/// The first chained fixups of arm64e: binds fill a table instead of places.
const THREADED: u8 = 0xd0;

const FLAG_WEAK_IMPORT: u8 = 0x1;

/// Which of the three programs of a `dyld_info_command`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// `bind_off`: ends at the first DONE.
    Regular,
    /// `lazy_bind_off`: one bind for each stub, a DONE behind each.
    Lazy,
    /// `weak_bind_off`: takes no ordinals, every image with weak definitions is searched. A symbol that nothing defines
    /// leaves what the regular binds put there (`Loader::forEachBindTarget`), so these count as weak imports.
    Weak,
}

/// Appends what the program binds to `imports`, in its order. A symbol that is bound at many places is listed once for
/// each change of symbol or ordinal.
///
/// # Errors
/// When the program is cut off, has an unknown opcode, or binds before it names a symbol.
pub(super) fn read<'a>(
    stream: Stream,
    opcodes: &'a [u8],
    imports: &mut Vec<Import<'a>>,
) -> Result<(), ReadError> {
    let mut machine = Machine {
        cursor: Cursor::new(opcodes, 0),
        stream,
        ordinal: if stream == Stream::Weak { Ordinal::WeakLookup } else { Ordinal::SelfImage },
        symbol: None,
        emitted: false,
    };
    while let Some(byte) = machine.cursor.byte() {
        match byte & OPCODE_MASK {
            DONE if stream == Stream::Lazy => {}
            DONE => break,
            opcode => machine.step(opcode, byte & IMMEDIATE_MASK, imports)?,
        }
    }
    Ok(())
}

struct Machine<'a> {
    cursor: Cursor<'a>,
    stream: Stream,
    ordinal: Ordinal,
    symbol: Option<(&'a [u8], bool)>,
    /// Whether the symbol was listed under this ordinal.
    emitted: bool,
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8, immediate: u8, imports: &mut Vec<Import<'a>>) -> Result<(), ReadError> {
        match opcode {
            SET_DYLIB_ORDINAL_IMM => self.set_ordinal(immediate.into()),
            SET_DYLIB_ORDINAL_ULEB => {
                // dyld keeps the low 32 bits as a signed number.
                let ordinal = self.uleb()? as u32;
                self.set_ordinal(i64::from(ordinal.cast_signed()));
            }
            SET_DYLIB_SPECIAL_IMM if immediate == 0 => self.set_ordinal(0),
            SET_DYLIB_SPECIAL_IMM => self.set_ordinal(i64::from(immediate) - 16),
            SET_SYMBOL_TRAILING_FLAGS_IMM => {
                let name = self.cursor.c_string().ok_or_else(cut_off)?;
                self.symbol = Some((name, immediate & FLAG_WEAK_IMPORT != 0));
                self.emitted = false;
            }
            SET_TYPE_IMM => {}
            SET_ADDEND_SLEB => self.cursor.skip_sleb().ok_or_else(cut_off)?,
            SET_SEGMENT_AND_OFFSET_ULEB | ADD_ADDR_ULEB => drop(self.uleb()?),
            DO_BIND | DO_BIND_ADD_ADDR_IMM_SCALED => self.bind(imports)?,
            DO_BIND_ADD_ADDR_ULEB => {
                self.bind(imports)?;
                self.uleb()?;
            }
            DO_BIND_ULEB_TIMES_SKIPPING_ULEB => {
                let times = self.uleb()?;
                self.uleb()?;
                if times != 0 {
                    self.bind(imports)?;
                }
            }
            THREADED if immediate == 0 => drop(self.uleb()?),
            THREADED if immediate == 1 => {}
            _ => return Err(ReadError(format!("has the unknown bind opcode {:#04x}", opcode | immediate))),
        }
        Ok(())
    }

    fn set_ordinal(&mut self, number: i64) {
        // Weak binds look everywhere whatever they say.
        if self.stream != Stream::Weak {
            self.ordinal = Ordinal::from_number(number);
            self.emitted = false;
        }
    }

    fn bind(&mut self, imports: &mut Vec<Import<'a>>) -> Result<(), ReadError> {
        let Some((name, weak)) = self.symbol else {
            return Err(ReadError("has bind opcodes that bind before they name a symbol".to_owned()));
        };
        if !self.emitted {
            let lazy = self.stream == Stream::Lazy;
            imports.push(Import {
                name,
                ordinal: self.ordinal,
                weak: weak || self.stream == Stream::Weak,
                lazy,
            });
            self.emitted = true;
        }
        Ok(())
    }

    fn uleb(&mut self) -> Result<u64, ReadError> {
        self.cursor.uleb().ok_or_else(cut_off)
    }
}

fn cut_off() -> ReadError {
    ReadError("has bind opcodes that are cut off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stream: Stream, opcodes: &[u8]) -> Result<Vec<(String, Ordinal, bool, bool)>, ReadError> {
        let mut imports = Vec::new();
        read(stream, opcodes, &mut imports)?;
        let shown =
            |it: &Import<'_>| (String::from_utf8_lossy(it.name).into_owned(), it.ordinal, it.weak, it.lazy);
        Ok(imports.iter().map(shown).collect())
    }

    #[test]
    fn a_symbol_bound_at_many_places_is_listed_once() {
        let opcodes = [
            0x11, 0x40, b'_', b'a', 0, 0x51, 0x72, 0x10, 0x90, 0x90, 0xa0, 0x08, 0xb1, 0xc0, 0x05,
            0x08, // ordinal 1
            0x41, b'_', b'b', 0, 0x60, 0x7f, 0x90, 0x20, 0x90, 0x01,
            0x90, // weak _b, twice: ordinals 1 and 144
            0x3e, 0x40, b'_', b'c', 0, 0x80, 0x10, 0x90, 0x3f, 0x90, 0x30, 0x90,
            0x00, // flat, main, self
            0x40, b'_', b'd', 0, 0x90, // behind the end
        ];
        let symbol = |name: &str, ordinal, weak| (name.to_owned(), ordinal, weak, false);
        assert_eq!(
            run(Stream::Regular, &opcodes).unwrap(),
            [
                symbol("_a", Ordinal::Dylib(1), false),
                symbol("_b", Ordinal::Dylib(1), true),
                symbol("_b", Ordinal::Dylib(144), true),
                symbol("_c", Ordinal::Flat, false),
                symbol("_c", Ordinal::Main, false),
                symbol("_c", Ordinal::SelfImage, false),
            ]
        );
    }

    #[test]
    fn lazy_binds_go_on_behind_each_done_and_weak_ones_search_everywhere() {
        let lazy = [
            0x72, 0x00, 0x12, 0x40, b'_', b'a', 0, 0x90, 0x00, 0x72, 0x08, 0x11, 0x40, b'_', b'b', 0, 0x90,
            0x00, 0x00,
        ];
        let found = run(Stream::Lazy, &lazy).unwrap();
        assert_eq!(found[0], ("_a".to_owned(), Ordinal::Dylib(2), false, true));
        assert_eq!(found[1], ("_b".to_owned(), Ordinal::Dylib(1), false, true));
        // _s only says that this image has a strong definition.
        let weak = [0x48, b'_', b's', 0, 0x40, b'_', b'w', 0, 0x51, 0x72, 0x00, 0x90, 0x00];
        assert_eq!(run(Stream::Weak, &weak).unwrap(), [("_w".to_owned(), Ordinal::WeakLookup, true, false)]);
    }

    #[test]
    fn the_first_form_of_arm64e_fills_a_table() {
        let opcodes = [0xd0, 0x01, 0x11, 0x40, b'_', b'a', 0, 0x90, 0x72, 0x00, 0xd1, 0x00];
        assert_eq!(run(Stream::Regular, &opcodes).unwrap().len(), 1);
    }

    #[test]
    fn programs_that_make_no_sense_are_refused() {
        let error = |opcodes: &[u8]| run(Stream::Regular, opcodes).unwrap_err().0;
        assert!(error(&[0x11, 0x90]).contains("before they name a symbol"));
        assert!(error(&[0xe3]).contains("unknown bind opcode 0xe3"));
        assert!(error(&[0xd2]).contains("unknown bind opcode 0xd2"));
        for cut in [&[0x40, b'_'][..], &[0x20, 0x80], &[0x60, 0x80], &[0x40, b'_', 0, 0xa0]] {
            assert!(error(cut).contains("cut off"), "{cut:?}");
        }
    }
}
