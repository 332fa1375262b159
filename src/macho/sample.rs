//! Small Mach-O slices made for tests: whole enough to be read, edited and signed, too small to run.

mod linkedit;

use std::collections::BTreeSet;

use super::byte_order::ByteOrder;
use super::header::{
    LC_CODE_SIGNATURE, LC_ID_DYLIB, LC_LAZY_LOAD_DYLIB, LC_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB,
    LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_RPATH, LC_SEGMENT, LC_SEGMENT_64,
};
use super::{Arch, BuildVersion, FileType, LoadKind, Signature, SignatureState, Slice};

pub(crate) use linkedit::{ImportEntry, bind_opcodes, chained_fixups, symbol_table, trie};

/// What to put into the slice; change fields of [`Sample::new`], then [`Sample::build`].
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub arch: Arch,
    pub order: ByteOrder,
    /// `MH_EXECUTE` 2, `MH_DYLIB` 6, …
    pub file_type: u32,
    /// MH_* of the header.
    pub flags: u32,
    pub install_name: Option<String>,
    /// A delayed one is written as `dylib_use_command`.
    pub uses: Vec<(LoadKind, String)>,
    pub rpaths: Vec<String>,
    pub uuid: Option<[u8; 16]>,
    /// LC_BUILD_VERSION: platform, minos, sdk.
    pub builds: Vec<(u32, u32, u32)>,
    /// Contents of LC_DYLD_CHAINED_FIXUPS.
    pub chained_fixups: Option<Vec<u8>>,
    /// Contents of LC_DYLD_EXPORTS_TRIE.
    pub exports_trie: Option<Vec<u8>>,
    /// Contents that LC_DYLD_INFO_ONLY names: bind, weak bind and lazy bind opcodes, exports trie.
    pub dyld_info: Option<[Vec<u8>; 4]>,
    /// LC_SYMTAB: the table and its strings.
    pub symbol_table: Option<(Vec<u8>, Vec<u8>)>,
    /// Contents of the signature, at the end of the slice.
    pub signature: Option<Vec<u8>>,
    /// Bytes between the load commands and `__text`.
    pub room: usize,
    /// Bytes by which each name command is longer than it must be.
    pub name_padding: usize,
}

impl Sample {
    pub fn new(arch: Arch) -> Sample {
        Sample {
            arch,
            order: ByteOrder::Little,
            file_type: 6,
            flags: 0x85,
            install_name: None,
            uses: Vec::new(),
            rpaths: Vec::new(),
            uuid: None,
            builds: Vec::new(),
            chained_fixups: None,
            exports_trie: None,
            dyld_info: None,
            symbol_table: None,
            signature: None,
            room: 256,
            name_padding: 0,
        }
    }

    /// The slice as it was read, as far as a sample can hold it.
    pub fn of(slice: &Slice) -> Sample {
        let file_type = match slice.file_type {
            FileType::Execute => 2,
            FileType::Bundle => 8,
            _ => 6,
        };
        let Signature { state, identifier, team, flags, entitlements } = &slice.signature;
        let name = identifier.as_deref().unwrap_or("me");
        let signed = *state != SignatureState::None;
        let build = |build: BuildVersion| (build.platform.0, build.min_os.0, build.sdk.0);
        Sample {
            file_type,
            install_name: slice.install_name.as_ref().map(|name| name.0.clone()),
            uses: slice.uses.iter().map(|used| (used.kind, used.name.0.clone())).collect(),
            rpaths: slice.rpaths.iter().map(|rpath| rpath.0.clone()).collect(),
            uuid: slice.uuid.as_deref().map(uuid_bytes),
            builds: slice.build.into_iter().map(build).collect(),
            signature: signed.then(|| full_signature(name, *flags, team.as_deref(), entitlements)),
            ..Sample::new(slice.arch)
        }
    }

    pub fn build(&self) -> Vec<u8> {
        let header_size = if self.arch.is_64_bit() { 32 } else { 28 };
        // The offsets do not change the size, so a first round with zeros measures it.
        let commands_size: usize = self.commands(0).iter().map(Vec::len).sum();
        let text_at = header_size + commands_size + self.room;
        let commands = self.commands(text_at);
        let magic = if self.arch.is_64_bit() { 0xfeed_facf } else { 0xfeed_face };
        let (ncmds, sizeofcmds) = (commands.len() as u32, commands_size as u32);
        let cpu = [self.arch.cpu_type, self.arch.cpu_subtype];
        let mut words = vec![magic, cpu[0], cpu[1], self.file_type, ncmds, sizeofcmds, self.flags];
        words.extend(self.arch.is_64_bit().then_some(0));
        let mut bytes = self.words(&words);
        bytes.extend(commands.concat());
        bytes.resize(text_at, 0);
        bytes.extend([0xc3; TEXT_SIZE]);
        bytes.extend(b"linkedit contents");
        bytes.resize(text_at + TEXT_SIZE + LINKEDIT_SIZE, 0);
        bytes.extend(self.tables().concat());
        bytes.extend(self.signature.iter().flatten());
        bytes
    }

    fn commands(&self, text_at: usize) -> Vec<Vec<u8>> {
        let linkedit_at = text_at + TEXT_SIZE;
        let tables_size: usize = self.tables().iter().map(|table| table.len()).sum();
        let signature_size = self.signature.as_ref().map_or(0, Vec::len) + tables_size;
        let mut commands = vec![
            self.segment("__TEXT", 0, linkedit_at, Some(("__text", text_at))),
            self.segment("__LINKEDIT", linkedit_at, LINKEDIT_SIZE + signature_size, None),
        ];
        commands.extend(self.install_name.iter().map(|name| self.dylib(LC_ID_DYLIB, None, name)));
        commands.extend(self.uses.iter().map(|(kind, name)| {
            let (cmd, flags) = match kind {
                LoadKind::Required => (LC_LOAD_DYLIB, None),
                LoadKind::Weak => (LC_LOAD_WEAK_DYLIB, None),
                LoadKind::Reexport => (LC_REEXPORT_DYLIB, None),
                LoadKind::Upward => (LC_LOAD_UPWARD_DYLIB, None),
                LoadKind::Lazy => (LC_LAZY_LOAD_DYLIB, None),
                LoadKind::Delayed => (LC_LOAD_DYLIB, Some(8)),
            };
            self.dylib(cmd, flags, name)
        }));
        commands.extend(self.uuid.iter().map(|uuid| self.command(0x1b, uuid.to_vec())));
        commands.extend(
            self.builds
                .iter()
                .map(|&(platform, minos, sdk)| self.command(0x32, self.words(&[platform, minos, sdk, 0]))),
        );
        commands.extend(
            self.rpaths
                .iter()
                .map(|path| self.command(LC_RPATH, [self.words(&[12]), self.name(12, path)].concat())),
        );
        commands.extend(self.table_commands(linkedit_at + LINKEDIT_SIZE));
        commands.extend(self.signature.iter().map(|contents| {
            let at = (linkedit_at + LINKEDIT_SIZE + tables_size) as u32;
            self.command(LC_CODE_SIGNATURE, self.words(&[at, contents.len() as u32]))
        }));
        commands
    }

    /// The tables of symbols as they stand in `__LINKEDIT`, one behind the other.
    fn tables(&self) -> Vec<&[u8]> {
        let mut tables: Vec<&[u8]> = Vec::new();
        tables.extend(self.chained_fixups.as_deref());
        tables.extend(self.exports_trie.as_deref());
        tables.extend(self.dyld_info.iter().flatten().map(Vec::as_slice));
        tables.extend(self.symbol_table.iter().flat_map(|(table, strings)| [table.as_slice(), strings]));
        tables
    }

    /// Their commands, when the first of them stands at `at`.
    fn table_commands(&self, at: usize) -> Vec<Vec<u8>> {
        let mut commands = Vec::new();
        let mut next = at as u32;
        let mut place = |table: &[u8]| {
            let words = [next, table.len() as u32];
            next += words[1];
            words
        };
        for (cmd, table) in [(0x8000_0034, &self.chained_fixups), (0x8000_0033, &self.exports_trie)] {
            commands.extend(table.iter().map(|table| self.command(cmd, self.words(&place(table)))));
        }
        if let Some([bind, weak, lazy, exports]) = &self.dyld_info {
            let words = [[0, 0], place(bind), place(weak), place(lazy), place(exports)].concat();
            commands.push(self.command(0x8000_0022, self.words(&words)));
        }
        if let Some((table, strings)) = &self.symbol_table {
            let [symbols_at, size] = place(table);
            let count = size / if self.arch.is_64_bit() { 16 } else { 12 };
            let [strings_at, strings_size] = place(strings);
            commands.push(self.command(0x2, self.words(&[symbols_at, count, strings_at, strings_size])));
        }
        commands
    }

    fn dylib(&self, cmd: u32, use_flags: Option<u32>, name: &str) -> Vec<u8> {
        let (current, compatibility) = (0x0001_0203, 0x0001_0000);
        let body = match use_flags {
            None => [self.words(&[24, 2, current, compatibility]), self.name(24, name)],
            Some(flags) => {
                [self.words(&[28, 0x1a74_1800, current, compatibility, flags]), self.name(28, name)]
            }
        };
        self.command(cmd, body.concat())
    }

    fn segment(
        &self,
        name: &str,
        fileoff: usize,
        filesize: usize,
        section: Option<(&str, usize)>,
    ) -> Vec<u8> {
        let cmd = if self.arch.is_64_bit() { LC_SEGMENT_64 } else { LC_SEGMENT };
        let mut body = fixed_name(name);
        for value in [fileoff, filesize, fileoff, filesize] {
            body.extend(self.address(value));
        }
        body.extend(self.words(&[5, 5, section.is_some().into(), 0]));
        if let Some((section_name, offset)) = section {
            body.extend(fixed_name(section_name));
            body.extend(fixed_name(name));
            body.extend(self.address(offset));
            body.extend(self.address(TEXT_SIZE));
            body.extend(self.words(&[offset as u32, 4, 0, 0, 0x8000_0400, 0, 0]));
            body.extend(self.arch.is_64_bit().then_some([0; 4]).into_iter().flatten());
        }
        self.command(cmd, body)
    }

    /// The name with its end and padding, in a command whose name stands at `fixed`.
    fn name(&self, fixed: usize, name: &str) -> Vec<u8> {
        let mut bytes = name.as_bytes().to_vec();
        let alignment = if self.arch.is_64_bit() { 8 } else { 4 };
        let size = (fixed + name.len() + 1).next_multiple_of(alignment) + self.name_padding;
        bytes.resize(size - fixed, 0);
        bytes
    }

    fn command(&self, cmd: u32, body: Vec<u8>) -> Vec<u8> {
        [self.words(&[cmd, body.len() as u32 + 8]), body].concat()
    }

    fn address(&self, value: usize) -> Vec<u8> {
        let words = match (self.arch.is_64_bit(), self.order) {
            (false, _) => vec![value as u32],
            (true, ByteOrder::Little) => vec![value as u32, 0],
            (true, ByteOrder::Big) => vec![0, value as u32],
        };
        self.words(&words)
    }

    fn words(&self, words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|&word| self.order.bytes_of_u32(word)).collect()
    }
}

/// A linker's ad hoc signature as far as it can be read lightly: a code directory and nothing that it covers.
pub(crate) fn signature(identifier: &str, flags: u32) -> Vec<u8> {
    let be = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let name = [identifier.as_bytes(), &[0]].concat();
    let directory_size = 44 + name.len() as u32;
    let directory = [0xfade_0c02, directory_size, 0x20100, flags, directory_size, 44, 0, 0, 0, 0, 0];
    [be(&[0xfade_0cc0, 20 + directory_size, 1, 0, 20]), be(&directory), name].concat()
}

/// The same with a team, which stands for a CMS signature too, and with entitlements that are true.
fn full_signature(
    identifier: &str,
    flags: u32,
    team: Option<&str>,
    entitlements: &BTreeSet<String>,
) -> Vec<u8> {
    let be = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let names = [identifier.as_bytes(), &[0], team.unwrap_or_default().as_bytes(), &[0]].concat();
    let (fixed, total) = (52, 52 + names.len() as u32);
    let team_at = if team.is_some() { fixed + identifier.len() as u32 + 1 } else { 0 };
    let mut directory = be(&[0xfade_0c02, total, 0x20200, flags, total, fixed]);
    directory.resize(48, 0);
    directory.extend(be(&[team_at]));
    directory.extend(names);
    let keys: String = entitlements.iter().map(|key| format!("<key>{key}</key><true/>")).collect();
    let plist = format!("<plist version=\"1.0\"><dict>{keys}</dict></plist>");
    let granted = [be(&[0xfade_7171, 8 + plist.len() as u32]), plist.into_bytes()].concat();
    let cms = if team.is_some() { vec![1; 16] } else { Vec::new() };
    let wrapper = [be(&[0xfade_0b01, 8 + cms.len() as u32]), cms].concat();
    let blobs = [(0, directory), (5, granted), (0x10000, wrapper)];
    let (mut index, mut at) = (Vec::new(), 12 + 8 * blobs.len() as u32);
    for (slot, blob) in &blobs {
        index.extend(be(&[*slot, at]));
        at += blob.len() as u32;
    }
    let contents: Vec<u8> = blobs.into_iter().flat_map(|(_, blob)| blob).collect();
    [be(&[0xfade_0cc0, at, 3]), index, contents].concat()
}

const TEXT_SIZE: usize = 16;
const LINKEDIT_SIZE: usize = 32;

fn fixed_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(16, 0);
    bytes
}

/// `14AD33D7-…` as its sixteen bytes.
fn uuid_bytes(text: &str) -> [u8; 16] {
    let digits: String = text.chars().filter(|digit| *digit != '-').collect();
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("a UUID"))
}
