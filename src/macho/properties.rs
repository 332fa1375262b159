//! What holds for every slice: edits of bytes and of the model agree, and no bytes make a reader panic.

use proptest::prelude::*;
use proptest::sample::select;

use super::edit::{LoadCommandEdit, edit_bytes, edit_model};
use super::exports_trie::ExportsTrie;
use super::header::Header;
use super::read::read_slice;
use super::sample::{ImportEntry, Sample, bind_opcodes, chained_fixups, signature, symbol_table, trie};
use super::{
    Arch, ByteOrder, Container, EditError, InstallName, LoadKind, Rpath, Signature, Slice, fat, is_macho,
    read, symbols,
};

/// Few names, so that edits hit and collide; of lengths around each multiple of the alignments.
fn name() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "abc",
        "/opt/lib/libx.dylib",
        "@rpath/libx.dylib",
        "@loader_path/../Frameworks/libx.dylib",
    ])
    .prop_map(str::to_owned)
}

fn sample() -> impl Strategy<Value = Sample> {
    let cpu = |cpu_type, cpu_subtype| Arch { cpu_type, cpu_subtype };
    let machine = select(vec![
        (Arch::ARM64, ByteOrder::Little),
        (Arch::X86_64, ByteOrder::Little),
        (cpu(7, 3), ByteOrder::Little),
        (cpu(18, 0), ByteOrder::Big),
        (cpu(0x0100_0012, 0), ByteOrder::Big),
    ]);
    let kind = select(vec![
        LoadKind::Required,
        LoadKind::Weak,
        LoadKind::Reexport,
        LoadKind::Upward,
        LoadKind::Lazy,
        LoadKind::Delayed,
    ]);
    let names = (
        proptest::option::of(name()),
        proptest::collection::vec((kind, name()), 0..5),
        proptest::collection::vec(name(), 0..4),
    );
    let rest = (any::<bool>(), 0_usize..120, select(vec![0_usize, 8, 24]));
    (machine, names, rest).prop_map(
        |((arch, order), (install_name, uses, rpaths), (signed, room, name_padding))| Sample {
            order,
            install_name,
            uses,
            rpaths,
            uuid: Some([7; 16]),
            builds: vec![(1, 0x000b_0000, 0x000e_0000)],
            signature: signed.then(|| signature("sample", 0x2)),
            room,
            name_padding,
            ..Sample::new(arch)
        },
    )
}

fn edit() -> impl Strategy<Value = LoadCommandEdit> {
    let rpath = || name().prop_map(Rpath::new);
    let install_name = || name().prop_map(InstallName::new);
    prop_oneof![
        install_name().prop_map(LoadCommandEdit::SetId),
        (install_name(), install_name()).prop_map(|(from, to)| LoadCommandEdit::ChangeUse { from, to }),
        rpath().prop_map(LoadCommandEdit::AddRpath),
        (rpath(), rpath()).prop_map(|(from, to)| LoadCommandEdit::ReplaceRpath { from, to }),
        rpath().prop_map(LoadCommandEdit::DeleteRpath),
    ]
}

fn surplus<T: Ord>(names: impl IntoIterator<Item = T>) -> usize {
    let names: Vec<T> = names.into_iter().collect();
    let count = names.len();
    count - names.into_iter().collect::<std::collections::BTreeSet<_>>().len()
}

fn duplicates(slice: &Slice) -> (usize, usize) {
    (surplus(slice.uses.iter().map(|it| &it.name)), surplus(&slice.rpaths))
}

/// Everything of the room that takes bytes as they come.
fn read_all(bytes: &[u8]) {
    let _ = (is_macho(bytes), read(bytes), Signature::parse(bytes));
    if let Ok(header) = Header::parse(bytes) {
        let _ = (header.low_fileoff(), header.info_plist(bytes), header.code_signature(bytes));
    }
    if let Ok(imports) = symbols::imports(bytes) {
        assert!(imports.len() <= bytes.len());
    }
    if let Ok(exports) = symbols::exports(bytes) {
        walk(&exports, bytes.len());
    }
}

/// Walks all of it and to some names; a trie of `size` bytes hands out no more names than it has bytes.
fn walk(exports: &symbols::Exports<'_>, size: usize) {
    let mut count = 0;
    let _ = exports.for_each(|_, _| count += 1);
    assert!(count <= size);
    for name in [&b""[..], b"_", b"_main", b"_offered", &[b'a'; 100]] {
        let _ = exports.find(name);
    }
}

/// A slice with every table of symbols that there is.
fn symbol_sample() -> impl Strategy<Value = Sample> {
    let machine = select(vec![
        (Arch::ARM64, ByteOrder::Little),
        (Arch { cpu_type: 7, cpu_subtype: 3 }, ByteOrder::Little),
        (Arch { cpu_type: 0x0100_0012, cpu_subtype: 0 }, ByteOrder::Big),
    ]);
    (machine, 0_usize..3, 1_u32..4).prop_map(|((arch, order), source, format)| {
        let exported =
            trie(&[("_main", vec![0, 4]), ("_offered", vec![8, 1, b'x', 0]), ("_of", vec![0x14, 1, 2])]);
        let import = |ordinal, name: &str| ImportEntry { ordinal, name: name.to_owned(), weak: ordinal == 1 };
        let chained = chained_fixups(order, format, &[import(1, "_a"), import(-2, "_bc"), import(-3, "_d")]);
        let binds = [(1, 0, "_a"), (-2, 1, "_b"), (20, 0, "_c")];
        let mut sample = Sample { order, ..Sample::new(arch) };
        match source {
            0 => (sample.chained_fixups, sample.exports_trie) = (Some(chained), Some(exported)),
            1 => {
                let (now, later) = (bind_opcodes(&binds, false), bind_opcodes(&binds, true));
                sample.dyld_info = Some([now.clone(), now, later, exported]);
            }
            _ => {
                let entries = [("_a", 1, 0x100), ("_offered", 0xf, 0x80), ("_b", 1, 0xfe40)];
                sample.symbol_table = Some(symbol_table(order, arch.is_64_bit(), &entries));
            }
        }
        sample
    })
}

/// Where `edit_bytes` does not call the bytes malformed, it does what `edit_model` says.
fn check_edit(bytes: &[u8], edits: &[LoadCommandEdit]) -> Result<(), TestCaseError> {
    let Ok(before) = read_slice(bytes) else { return Ok(()) };
    let mut changed = bytes.to_vec();
    match (edit_bytes(&mut changed, edits), edit_model(&before, edits)) {
        (Ok(()), model) => {
            // Faults name load commands by number, which an added one changes.
            let plain = |slice: Slice| Slice { format_faults: Vec::new(), ..slice };
            let found = read_slice(&changed).map_err(EditError::from);
            prop_assert_eq!(found.map(plain), model.map(plain));
            if changed != bytes {
                let low = Header::parse(bytes).unwrap().low_fileoff().unwrap() as usize;
                prop_assert_eq!(&changed[low..], &bytes[low..]);
            }
        }
        (Err(error), model) => {
            prop_assert_eq!(&changed[..], bytes);
            if !matches!(error, EditError::Malformed(_)) {
                prop_assert_eq!(Err(error), model);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn edits_of_bytes_and_model_agree(sample in sample(), edits in proptest::collection::vec(edit(), 0..6)) {
        let bytes = sample.build();
        let before = read_slice(&bytes).unwrap();
        let mut changed = bytes.clone();
        let result = edit_bytes(&mut changed, &edits);
        let model = edit_model(&before, &edits);
        prop_assert_eq!(result.clone().err(), model.clone().err());
        if let Ok(model) = model {
            prop_assert!(duplicates(&model).0 <= duplicates(&before).0);
            prop_assert!(duplicates(&model).1 <= duplicates(&before).1);
        }
        check_edit(&bytes, &edits)?;
    }

    #[test]
    fn an_edit_and_its_opposite_restore_the_bytes(mut sample in sample(), to in name()) {
        sample.name_padding = 0;
        sample.room = 256;
        let bytes = sample.build();
        let Some(from) = read_slice(&bytes).unwrap().install_name else { return Ok(()) };
        let mut changed = bytes.clone();
        edit_bytes(&mut changed, &[LoadCommandEdit::SetId(InstallName::new(to))]).unwrap();
        edit_bytes(&mut changed, &[LoadCommandEdit::SetId(from)]).unwrap();
        prop_assert_eq!(changed, bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in 0_usize..7) {
        let magics: [u32; 6] =
            [0xfeed_facf, 0xcffa_edfe, 0xfeed_face, 0xcefa_edfe, 0xcafe_babe, 0xcafe_babf];
        let mut bytes = bytes;
        if let (Some(magic), Some(start)) = (magics.get(magic), bytes.first_chunk_mut()) {
            *start = magic.to_be_bytes();
        }
        read_all(&bytes);
    }

    #[test]
    fn changed_and_cut_files_never_panic(
        sample in sample(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        kept in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let mut bytes = sample.build();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(if cut { kept.index(bytes.len()) } else { bytes.len() });
        read_all(&bytes);
        check_edit(&bytes, &edits)?;
    }

    #[test]
    fn changed_universal_files_never_panic(
        changes in proptest::collection::vec((0_usize..72, any::<u8>()), 1..6),
        container in select(vec![Container::Fat, Container::Fat64]),
    ) {
        let pieces = [Arch::X86_64, Arch::ARM64].map(|arch| Sample::new(arch).build());
        let mut bytes = fat::assemble_fat(container, &pieces).unwrap();
        for (at, value) in changes {
            bytes[at] = value;
        }
        read_all(&bytes);
    }

    #[test]
    fn changed_and_cut_tables_of_symbols_never_panic(
        sample in symbol_sample(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        kept in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = sample.build();
        // Most of the changes hit the tables, which stand at the end.
        let tables_at = bytes.len() - 150;
        for (n, (at, value)) in changes.into_iter().enumerate() {
            let first = if n % 4 == 0 { 0 } else { tables_at };
            let at = first + at.index(bytes.len() - first);
            bytes[at] = value;
        }
        bytes.truncate(if cut { kept.index(bytes.len()) } else { bytes.len() });
        read_all(&bytes);
    }

    #[test]
    fn random_tries_never_panic_or_run_away(bytes in proptest::collection::vec(0_u8..24, 0..200)) {
        walk(&symbols::Exports::Trie(ExportsTrie::new(&bytes)), bytes.len());
    }

    #[test]
    fn what_a_trie_hands_out_is_what_it_finds(names in proptest::collection::btree_set("[ab_]{1,6}", 0..40)) {
        let exports: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![0, 1])).collect();
        let bytes = trie(&exports);
        let mut found = std::collections::BTreeSet::new();
        ExportsTrie::new(&bytes).for_each(|name, _| {
            found.insert(String::from_utf8(name.to_vec()).unwrap());
        }).unwrap();
        prop_assert_eq!(&found, &names);
        for name in &names {
            prop_assert!(ExportsTrie::new(&bytes).find(name.as_bytes()).unwrap().is_some());
            let longer = format!("{name}!");
            prop_assert!(ExportsTrie::new(&bytes).find(longer.as_bytes()).unwrap().is_none());
        }
    }
}
