//! The exports trie: what an image offers by name (LC_DYLD_EXPORTS_TRIE, or `export_off` of LC_DYLD_INFO).
//!
//! A node is the ULEB128 size of its terminal part, that part, the number of children as one byte, and for each child
//! the NUL-terminated text of the edge and the ULEB128 offset of the child from the start of the trie
//! (`<mach-o/loader.h>`, `dyld_info_command`; dyld, `MachOFile::trieWalk`). No part of it depends on the byte order.

use super::ReadError;
use super::leb128::Cursor;

const KIND_MASK: u64 = 0x03;
const WEAK_DEFINITION: u64 = 0x04;
const REEXPORT: u64 = 0x08;
const STUB_AND_RESOLVER: u64 = 0x10;

/// Edges without text cost no letter of the name; more of them in one walk than this is no trie a linker makes.
const MAX_EMPTY_EDGES: usize = 64;

/// What kind of thing stands behind a name (`EXPORT_SYMBOL_FLAGS_KIND_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    Regular,
    ThreadLocal,
    Absolute,
    /// The fourth value, which nothing uses.
    Unknown,
}

/// One exported name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export<'a> {
    Definition {
        kind: ExportKind,
        /// A definition of the same name in another image may take its place.
        weak: bool,
        /// Bytes from the start of the image (the value itself for [`ExportKind::Absolute`]).
        address: u64,
        /// The function that picks the implementation at run time, from the start of the image.
        resolver: Option<u64>,
    },
    /// Another image has it: the `ordinal`-th dylib command of this one leads there.
    Reexport {
        ordinal: u64,
        /// Its name there; empty when it is the same.
        name: &'a [u8],
    },
}

/// The bytes of one trie.
#[derive(Debug, Clone, Copy)]
pub struct ExportsTrie<'a>(&'a [u8]);

impl<'a> ExportsTrie<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        ExportsTrie(bytes)
    }

    /// Walks down to `name`; the rest of the trie is not looked at.
    ///
    /// # Errors
    /// When a node on the way reaches out of the trie, or the way never ends.
    pub fn find(&self, name: &[u8]) -> Result<Option<Export<'a>>, ReadError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (mut node, mut rest) = (0, name);
        let mut budget = self.0.len();
        for _ in 0..=name.len() + MAX_EMPTY_EDGES {
            let (terminal, mut children) = self.node(node)?;
            if rest.is_empty() && !terminal.is_empty() {
                return export(terminal).map(Some);
            }
            let start = children.position();
            let child = matching_child(&mut children, rest).ok_or_else(malformed)?;
            // No walk through a tree reads a byte twice.
            budget = budget.checked_sub(children.position() - start).ok_or_else(malformed)?;
            let Some((next, left)) = child else { return Ok(None) };
            (node, rest) = (next, left);
        }
        Err(malformed())
    }

    /// Hands every export to `each`, in the order of the trie.
    ///
    /// # Errors
    /// When the bytes are no tree: a node out of bounds or reached twice. What came before was handed over.
    pub fn for_each(&self, mut each: impl FnMut(&[u8], Export<'a>)) -> Result<(), ReadError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut name: Vec<u8> = Vec::new();
        // In a tree the nodes and the texts of the edges lie beside each other.
        let mut budget = self.0.len();
        let mut stack: Vec<Frame<'a>> = vec![self.enter(0, &name, &mut each)?];
        while let Some(frame) = stack.last_mut() {
            if frame.left == 0 {
                stack.pop();
                continue;
            }
            frame.left -= 1;
            let start = frame.children.position();
            let edge = frame.children.c_string().ok_or_else(malformed)?;
            let next = frame.children.uleb().and_then(|at| usize::try_from(at).ok()).ok_or_else(malformed)?;
            budget = budget.checked_sub(frame.children.position() - start).ok_or_else(malformed)?;
            name.truncate(frame.name_length);
            name.extend_from_slice(edge);
            let frame = self.enter(next, &name, &mut each)?;
            stack.push(frame);
        }
        Ok(())
    }

    fn enter(
        &self,
        at: usize,
        name: &[u8],
        each: &mut impl FnMut(&[u8], Export<'a>),
    ) -> Result<Frame<'a>, ReadError> {
        let (terminal, mut children) = self.node(at)?;
        if !terminal.is_empty() {
            each(name, export(terminal)?);
        }
        let left = children.byte().ok_or_else(malformed)?;
        Ok(Frame { children, left, name_length: name.len() })
    }

    /// The terminal part of the node at `at`, and the position of its number of children.
    fn node(&self, at: usize) -> Result<(&'a [u8], Cursor<'a>), ReadError> {
        let mut cursor = Cursor::new(self.0, at);
        let terminal = cursor.uleb().and_then(|size| cursor.take(size)).ok_or_else(malformed)?;
        Ok((terminal, cursor))
    }
}

/// A node whose children are being visited.
struct Frame<'a> {
    children: Cursor<'a>,
    left: u8,
    name_length: usize,
}

/// The first child whose edge begins `rest`: where it stands, and what is left of the name. The outer `None` means that
/// the bytes end too early.
#[allow(clippy::option_option, reason = "broken bytes and no such child are two answers")]
fn matching_child<'n>(children: &mut Cursor<'_>, rest: &'n [u8]) -> Option<Option<(usize, &'n [u8])>> {
    for _ in 0..children.byte()? {
        let edge = children.c_string()?;
        let next = children.uleb()?;
        if let Some(left) = rest.strip_prefix(edge) {
            // The root is nobody's child.
            return usize::try_from(next).ok().filter(|&at| at != 0).map(|at| Some((at, left)));
        }
    }
    Some(None)
}

fn export(terminal: &[u8]) -> Result<Export<'_>, ReadError> {
    parse_export(terminal).ok_or_else(malformed)
}

fn parse_export(terminal: &[u8]) -> Option<Export<'_>> {
    let mut cursor = Cursor::new(terminal, 0);
    let flags = cursor.uleb()?;
    if flags & REEXPORT != 0 {
        return Some(Export::Reexport { ordinal: cursor.uleb()?, name: cursor.c_string()? });
    }
    let kind = match flags & KIND_MASK {
        0 => ExportKind::Regular,
        1 => ExportKind::ThreadLocal,
        2 => ExportKind::Absolute,
        _ => ExportKind::Unknown,
    };
    let address = cursor.uleb()?;
    let resolver = if flags & STUB_AND_RESOLVER != 0 { Some(cursor.uleb()?) } else { None };
    Some(Export::Definition { kind, weak: flags & WEAK_DEFINITION != 0, address, resolver })
}

fn malformed() -> ReadError {
    ReadError("has an exports trie that is malformed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::macho::sample::trie;

    fn definition(address: u64) -> Export<'static> {
        Export::Definition { kind: ExportKind::Regular, weak: false, address, resolver: None }
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        let names: Vec<String> = (0..300).map(|n| format!("_name{n}")).collect();
        let exports: Vec<(&str, Vec<u8>)> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), vec![0, n as u8 & 0x7f])).collect();
        let bytes = trie(&exports);
        let trie = ExportsTrie::new(&bytes);
        for (n, name) in names.iter().enumerate() {
            assert_eq!(trie.find(name.as_bytes()), Ok(Some(definition(n as u64 & 0x7f))), "{name}");
        }
        for other in ["", "_", "_name", "_name300", "_name1x", "name1"] {
            assert_eq!(trie.find(other.as_bytes()), Ok(None), "{other}");
        }
        let mut all = Vec::new();
        trie.for_each(|name, export| all.push((String::from_utf8(name.to_vec()).unwrap(), export))).unwrap();
        let mut sorted = names.clone();
        sorted.sort();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn flags_say_what_stands_behind_a_name() {
        let bytes = trie(&[
            ("_a", vec![0x04, 0x10]),
            ("_b", vec![0x11, 0x20, 0x30]),
            ("_c", vec![0x02, 0x05]),
            ("_d", vec![0x08, 0x02, b'_', b'x', 0]),
            ("_e", vec![0x08, 0x01, 0]),
        ]);
        let found = |name: &str| ExportsTrie::new(&bytes).find(name.as_bytes()).unwrap().unwrap();
        assert_eq!(
            found("_a"),
            Export::Definition { kind: ExportKind::Regular, weak: true, address: 0x10, resolver: None }
        );
        let resolver = Some(0x30);
        assert_eq!(
            found("_b"),
            Export::Definition { kind: ExportKind::ThreadLocal, weak: false, address: 0x20, resolver }
        );
        assert_eq!(
            found("_c"),
            Export::Definition { kind: ExportKind::Absolute, weak: false, address: 5, resolver: None }
        );
        assert_eq!(found("_d"), Export::Reexport { ordinal: 2, name: b"_x" });
        assert_eq!(found("_e"), Export::Reexport { ordinal: 1, name: b"" });
    }

    #[test]
    fn an_empty_trie_exports_nothing() {
        assert_eq!(ExportsTrie::new(&[]).find(b"_a"), Ok(None));
        assert_eq!(ExportsTrie::new(&[]).for_each(|_, _| panic!("nothing")), Ok(()));
    }

    #[test]
    fn cycles_and_nodes_out_of_bounds_are_refused() {
        // Node 0 has a child "a" at 5, whose child "a" is itself.
        let cycle = [0, 1, b'a', 0, 5, 0, 1, b'a', 0, 5];
        let trie = ExportsTrie::new(&cycle);
        assert_eq!(trie.find(&[b'a'; 1000]), Err(malformed()));
        assert_eq!(trie.for_each(|_, _| ()), Err(malformed()));
        let empty_edges = [0, 1, 0, 4, 0, 1, 0, 4];
        assert_eq!(ExportsTrie::new(&empty_edges).find(b"_a"), Err(malformed()));
        assert_eq!(ExportsTrie::new(&empty_edges).for_each(|_, _| ()), Err(malformed()));
        let far = [0, 1, b'a', 0, 0x70];
        assert_eq!(ExportsTrie::new(&far).find(b"a"), Err(malformed()));
        let cut = [0, 2, b'b', 0, 0];
        assert_eq!(ExportsTrie::new(&cut).find(b"a"), Err(malformed()));
    }

    #[test]
    fn a_tree_with_shared_nodes_does_not_grow_without_end() {
        // Each of 20 levels has two edges to the next one: a million ways through 160 bytes.
        let mut bytes = Vec::new();
        for level in 1..=20_u8 {
            bytes.extend([0, 2, b'a', 0, level * 8, b'b', 0, level * 8]);
        }
        bytes.extend([2, 0, 0, 0]);
        let mut count = 0;
        assert_eq!(ExportsTrie::new(&bytes).for_each(|_, _| count += 1), Err(malformed()));
        assert!(count < 100, "{count}");
    }

    #[test]
    fn a_root_that_is_its_own_child_hands_out_fewer_names_than_it_has_bytes() {
        // Found by random_tries_never_panic_or_run_away: each round costs the two bytes of the edge.
        let bytes = [7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
        let mut count = 0;
        assert_eq!(ExportsTrie::new(&bytes).for_each(|_, _| count += 1), Err(malformed()));
        assert_eq!(count, 1 + bytes.len() / 2);
    }
}
