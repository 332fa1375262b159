//! What `otool -l` calls load commands and what is in them (`<mach-o/loader.h>`; LLVM, `MachODump.cpp`).

const REQ_DYLD: u32 = 0x8000_0000;

/// Every load command that Apple's headers name.
const COMMANDS: [(u32, &str); 59] = [
    (0x1, "LC_SEGMENT"),
    (0x2, "LC_SYMTAB"),
    (0x3, "LC_SYMSEG"),
    (0x4, "LC_THREAD"),
    (0x5, "LC_UNIXTHREAD"),
    (0x6, "LC_LOADFVMLIB"),
    (0x7, "LC_IDFVMLIB"),
    (0x8, "LC_IDENT"),
    (0x9, "LC_FVMFILE"),
    (0xa, "LC_PREPAGE"),
    (0xb, "LC_DYSYMTAB"),
    (0xc, "LC_LOAD_DYLIB"),
    (0xd, "LC_ID_DYLIB"),
    (0xe, "LC_LOAD_DYLINKER"),
    (0xf, "LC_ID_DYLINKER"),
    (0x10, "LC_PREBOUND_DYLIB"),
    (0x11, "LC_ROUTINES"),
    (0x12, "LC_SUB_FRAMEWORK"),
    (0x13, "LC_SUB_UMBRELLA"),
    (0x14, "LC_SUB_CLIENT"),
    (0x15, "LC_SUB_LIBRARY"),
    (0x16, "LC_TWOLEVEL_HINTS"),
    (0x17, "LC_PREBIND_CKSUM"),
    (0x18 | REQ_DYLD, "LC_LOAD_WEAK_DYLIB"),
    (0x19, "LC_SEGMENT_64"),
    (0x1a, "LC_ROUTINES_64"),
    (0x1b, "LC_UUID"),
    (0x1c | REQ_DYLD, "LC_RPATH"),
    (0x1d, "LC_CODE_SIGNATURE"),
    (0x1e, "LC_SEGMENT_SPLIT_INFO"),
    (0x1f | REQ_DYLD, "LC_REEXPORT_DYLIB"),
    (0x20, "LC_LAZY_LOAD_DYLIB"),
    (0x21, "LC_ENCRYPTION_INFO"),
    (0x22, "LC_DYLD_INFO"),
    (0x22 | REQ_DYLD, "LC_DYLD_INFO_ONLY"),
    (0x23 | REQ_DYLD, "LC_LOAD_UPWARD_DYLIB"),
    (0x24, "LC_VERSION_MIN_MACOSX"),
    (0x25, "LC_VERSION_MIN_IPHONEOS"),
    (0x26, "LC_FUNCTION_STARTS"),
    (0x27, "LC_DYLD_ENVIRONMENT"),
    (0x28 | REQ_DYLD, "LC_MAIN"),
    (0x29, "LC_DATA_IN_CODE"),
    (0x2a, "LC_SOURCE_VERSION"),
    (0x2b, "LC_DYLIB_CODE_SIGN_DRS"),
    (0x2c, "LC_ENCRYPTION_INFO_64"),
    (0x2d, "LC_LINKER_OPTION"),
    (0x2e, "LC_LINKER_OPTIMIZATION_HINT"),
    (0x2f, "LC_VERSION_MIN_TVOS"),
    (0x30, "LC_VERSION_MIN_WATCHOS"),
    (0x31, "LC_NOTE"),
    (0x32, "LC_BUILD_VERSION"),
    (0x33 | REQ_DYLD, "LC_DYLD_EXPORTS_TRIE"),
    (0x34 | REQ_DYLD, "LC_DYLD_CHAINED_FIXUPS"),
    (0x35 | REQ_DYLD, "LC_FILESET_ENTRY"),
    (0x36, "LC_ATOM_INFO"),
    (0x37, "LC_FUNCTION_VARIANTS"),
    (0x38, "LC_FUNCTION_VARIANT_FIXUPS"),
    (0x39, "LC_TARGET_TRIPLE"),
    (0x1a | REQ_DYLD, "LC_LAZY_LOAD_DYLIB_INFO"),
];

/// The name of a load command; `None` for one that no header names.
pub(super) fn command(cmd: u32) -> Option<&'static str> {
    COMMANDS.iter().find(|(number, _)| *number == cmd).map(|(_, name)| *name)
}

/// Fields that are plain 32-bit numbers, in the order in which they stand after `cmdsize`.
pub(super) fn numbers(cmd: u32) -> Option<&'static [&'static str]> {
    const DATA: &[&str] = &["dataoff", "datasize"];
    Some(match cmd {
        0x2 => &["symoff", "nsyms", "stroff", "strsize"],
        0xb => &[
            "ilocalsym",
            "nlocalsym",
            "iextdefsym",
            "nextdefsym",
            "iundefsym",
            "nundefsym",
            "tocoff",
            "ntoc",
            "modtaboff",
            "nmodtab",
            "extrefsymoff",
            "nextrefsyms",
            "indirectsymoff",
            "nindirectsyms",
            "extreloff",
            "nextrel",
            "locreloff",
            "nlocrel",
        ],
        0x16 => &["offset", "nhints"],
        0x17 => &["cksum"],
        0x21 => &["cryptoff", "cryptsize", "cryptid"],
        0x2c => &["cryptoff", "cryptsize", "cryptid", "pad"],
        0x22 | 0x8000_0022 => &[
            "rebase_off",
            "rebase_size",
            "bind_off",
            "bind_size",
            "weak_bind_off",
            "weak_bind_size",
            "lazy_bind_off",
            "lazy_bind_size",
            "export_off",
            "export_size",
        ],
        0x1d | 0x1e | 0x26 | 0x29 | 0x2b | 0x2e | 0x8000_0033 | 0x8000_0034 | 0x36..=0x38 => DATA,
        _ => return None,
    })
}

/// The field that holds the text of a command whose only field is an `lc_str` at byte 8.
pub(super) fn text_field(cmd: u32) -> Option<&'static str> {
    Some(match cmd {
        0xe | 0xf | 0x27 => "name",
        0x12 => "umbrella",
        0x13 => "sub_umbrella",
        0x14 => "client",
        0x15 => "sub_library",
        0x39 => "triple",
        0x8000_001c => "path",
        _ => return None,
    })
}

/// `TOOL_*`.
pub(super) fn tool(number: u32) -> String {
    match number {
        1 => "clang".to_owned(),
        2 => "swift".to_owned(),
        3 => "ld".to_owned(),
        4 => "lld".to_owned(),
        _ => number.to_string(),
    }
}

/// `MH_*` of the header's flags, without their prefix, as `otool -hv` lists them.
const HEADER_FLAGS: [(u32, &str); 29] = [
    (0x1, "NOUNDEFS"),
    (0x2, "INCRLINK"),
    (0x4, "DYLDLINK"),
    (0x8, "BINDATLOAD"),
    (0x10, "PREBOUND"),
    (0x20, "SPLIT_SEGS"),
    (0x40, "LAZY_INIT"),
    (0x80, "TWOLEVEL"),
    (0x100, "FORCE_FLAT"),
    (0x200, "NOMULTIDEFS"),
    (0x400, "NOFIXPREBINDING"),
    (0x800, "PREBINDABLE"),
    (0x1000, "ALLMODSBOUND"),
    (0x2000, "SUBSECTIONS_VIA_SYMBOLS"),
    (0x4000, "CANONICAL"),
    (0x8000, "WEAK_DEFINES"),
    (0x1_0000, "BINDS_TO_WEAK"),
    (0x2_0000, "ALLOW_STACK_EXECUTION"),
    (0x4_0000, "ROOT_SAFE"),
    (0x8_0000, "SETUID_SAFE"),
    (0x10_0000, "NO_REEXPORTED_DYLIBS"),
    (0x20_0000, "PIE"),
    (0x40_0000, "DEAD_STRIPPABLE_DYLIB"),
    (0x80_0000, "HAS_TLV_DESCRIPTORS"),
    (0x100_0000, "NO_HEAP_EXECUTION"),
    (0x200_0000, "APP_EXTENSION_SAFE"),
    (0x400_0000, "NLIST_OUTOFSYNC_WITH_DYLDINFO"),
    (0x800_0000, "SIM_SUPPORT"),
    (0x8000_0000, "DYLIB_IN_CACHE"),
];

/// Names of the flags that are set, and the number of what has no name.
pub fn header_flags(flags: u32) -> String {
    let (mut names, mut left) = (Vec::new(), flags);
    for (bit, name) in HEADER_FLAGS.iter().filter(|(bit, _)| flags & bit != 0) {
        names.push((*name).to_owned());
        left &= !bit;
    }
    if left != 0 {
        names.push(format!("{left:#010x}"));
    }
    names.join(" ")
}
