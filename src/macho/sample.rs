//! Small Mach-O slices made for tests: whole enough to be read, edited and signed, too small to run.

mod linkedit;

use super::byte_order::ByteOrder;
use super::format::SegmentFault;
use super::header::{
    LC_CODE_SIGNATURE, LC_ID_DYLIB, LC_LAZY_LOAD_DYLIB, LC_LOAD_DYLIB, LC_LOAD_UPWARD_DYLIB,
    LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_RPATH, LC_SEGMENT, LC_SEGMENT_64,
};
use super::{Arch, BuildVersion, FileType, FormatFault, LoadKind, Signature, SignatureState, Slice};

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
    /// Compatibility version of LC_ID_DYLIB, and those of `uses` as far as they go; else 1.0.
    pub compatibility: (u32, Vec<u32>),
    /// Current versions of `uses` as far as they go; else 1.2.3, which LC_ID_DYLIB always has.
    pub current: Vec<u32>,
    /// LC_VERSION_MIN_MACOSX: minimum and SDK.
    pub minimums: Vec<(u32, u32)>,
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
    /// LC_MAIN and LC_LOAD_DYLINKER, as every executable has them.
    pub starts: bool,
    /// More commands at the end: number, and the words after `cmdsize`.
    pub extra: Vec<(u32, Vec<u32>)>,
    /// Segments between `__TEXT` and `__LINKEDIT`, in which nothing is.
    pub segments: Vec<EmptySegment>,
    /// `initprot` of `__TEXT` and of `__LINKEDIT`.
    pub permissions: (u32, u32),
    /// Bytes by which each name command is longer than it must be.
    pub name_padding: usize,
}

/// A segment without contents.
#[derive(Debug, Clone)]
pub(crate) struct EmptySegment {
    pub name: &'static str,
    pub vmaddr: usize,
    pub vmsize: usize,
    pub initprot: u32,
    pub flags: u32,
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
            compatibility: (DYLIB_VERSION, Vec::new()),
            current: Vec::new(),
            minimums: Vec::new(),
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
            starts: false,
            extra: Vec::new(),
            segments: Vec::new(),
            permissions: (5, 1),
        }
    }

    /// One to which dyld objects in nothing: of six commands as a library, of seven as an executable.
    pub fn plain(arch: Arch, file_type: u32) -> Sample {
        Sample {
            file_type,
            install_name: (file_type == 6).then(|| "@rpath/libplain.dylib".to_owned()),
            uses: vec![(LoadKind::Required, "/usr/lib/libSystem.B.dylib".to_owned())],
            uuid: Some([7; 16]),
            builds: vec![(1, 0x000b_0000, 0x001a_0000)],
            starts: file_type == 2,
            ..Sample::new(arch)
        }
    }

    /// The slice as it was read, as far as a sample can hold it.
    pub fn of(slice: &Slice) -> Sample {
        let file_type = match slice.file_type {
            FileType::Execute => 2,
            FileType::Bundle => 8,
            _ => 6,
        };
        let faulty = |fault| slice.format_faults.contains(&FormatFault::Segment(fault));
        let build = |build: BuildVersion| (build.platform.0, build.min_os.0, build.sdk.0);
        Sample {
            file_type,
            install_name: slice.install_name.as_ref().map(|name| name.as_str().to_owned()),
            uses: slice.uses.iter().map(|used| (used.kind, used.name.as_str().to_owned())).collect(),
            rpaths: slice.rpaths.iter().map(|rpath| rpath.as_str().to_owned()).collect(),
            uuid: slice.uuid.as_deref().map(uuid_bytes),
            compatibility: (
                slice.compatibility.map_or(DYLIB_VERSION, |version| version.0),
                slice.uses.iter().map(|used| used.compatibility.0).collect(),
            ),
            current: slice.uses.iter().map(|used| used.current.0).collect(),
            builds: slice
                .version_commands
                .iter()
                .filter(|one| !one.is_minimum)
                .map(|one| build(one.build))
                .collect(),
            minimums: slice
                .version_commands
                .iter()
                .filter(|one| one.is_minimum)
                .map(|one| (one.build.min_os.0, one.build.sdk.0))
                .collect(),
            chained_fixups: slice.chained_fixups.then(Vec::new),
            signature: (slice.signature.state != SignatureState::None)
                .then(|| signature_of(&slice.signature)),
            starts: file_type == 2,
            permissions: (
                if faulty(SegmentFault::TextPermissions) { 7 } else { 5 },
                if faulty(SegmentFault::LinkeditPermissions) { 3 } else { 1 },
            ),
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
        let mut commands = vec![self.segment("__TEXT", 0, linkedit_at, Some(("__text", text_at)))];
        commands.extend(self.segments.iter().map(|segment| self.empty_segment(segment)));
        commands.push(self.segment("__LINKEDIT", linkedit_at, LINKEDIT_SIZE + signature_size, None));
        if self.starts {
            commands.push(
                self.command(LC_LOAD_DYLINKER, [self.words(&[12]), self.name(12, "/usr/lib/dyld")].concat()),
            );
            commands.push(self.command(LC_MAIN, self.words(&[text_at as u32, 0, 0, 0])));
        }
        commands.extend(
            self.install_name
                .iter()
                .map(|name| self.dylib(LC_ID_DYLIB, None, name, [CURRENT_VERSION, self.compatibility.0])),
        );
        commands.extend(self.uses.iter().enumerate().map(|(at, (kind, name))| {
            let compatibility = self.compatibility.1.get(at).copied().unwrap_or(DYLIB_VERSION);
            let (cmd, flags) = match kind {
                LoadKind::Required => (LC_LOAD_DYLIB, None),
                LoadKind::Weak => (LC_LOAD_WEAK_DYLIB, None),
                LoadKind::Reexport => (LC_REEXPORT_DYLIB, None),
                LoadKind::Upward => (LC_LOAD_UPWARD_DYLIB, None),
                LoadKind::Lazy => (LC_LAZY_LOAD_DYLIB, None),
                LoadKind::Delayed => (LC_LOAD_DYLIB, Some(8)),
            };
            let current = self.current.get(at).copied().unwrap_or(CURRENT_VERSION);
            self.dylib(cmd, flags, name, [current, compatibility])
        }));
        commands.extend(self.uuid.iter().map(|uuid| self.command(0x1b, uuid.to_vec())));
        commands.extend(
            self.builds
                .iter()
                .map(|&(platform, minos, sdk)| self.command(0x32, self.words(&[platform, minos, sdk, 0]))),
        );
        commands.extend(
            self.minimums.iter().map(|&(minimum, sdk)| self.command(0x24, self.words(&[minimum, sdk]))),
        );
        commands.extend(
            self.rpaths
                .iter()
                .map(|path| self.command(LC_RPATH, [self.words(&[12]), self.name(12, path)].concat())),
        );
        commands.extend(self.table_commands(linkedit_at + LINKEDIT_SIZE));
        commands.extend(self.extra.iter().map(|(cmd, words)| self.command(*cmd, self.words(words))));
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

    fn dylib(
        &self,
        cmd: u32,
        use_flags: Option<u32>,
        name: &str,
        [current, compatibility]: [u32; 2],
    ) -> Vec<u8> {
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
        let initprot = if section.is_some() { self.permissions.0 } else { self.permissions.1 };
        body.extend(self.words(&[initprot, initprot, section.is_some().into(), 0]));
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

    fn empty_segment(&self, segment: &EmptySegment) -> Vec<u8> {
        let cmd = if self.arch.is_64_bit() { LC_SEGMENT_64 } else { LC_SEGMENT };
        let mut body = fixed_name(segment.name);
        for value in [segment.vmaddr, segment.vmsize, 0, 0] {
            body.extend(self.address(value));
        }
        body.extend(self.words(&[segment.initprot, segment.initprot, 0, segment.flags]));
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

/// A signature that reads as `wanted`: nothing in it fits the code.
fn signature_of(wanted: &Signature) -> Vec<u8> {
    let be = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let blob = |magic: u32, contents: &[u8]| [&be(&[magic, 8 + contents.len() as u32]), contents].concat();
    let identifier = wanted.identifier.as_deref().unwrap_or("me");
    let (team, team_at) = match &wanted.team {
        Some(team) => ([team.as_bytes(), &[0]].concat(), 52 + identifier.len() as u32 + 1),
        None => (Vec::new(), 0),
    };
    let names = [identifier.as_bytes(), &[0], &team].concat();
    let fixed = be(&[0x20200, wanted.flags, 52, 52, 0, 0, 0, 0, 0, 0, team_at]);
    let directory = blob(0xfade_0c02, &[fixed, names].concat());
    let granted = |key: &String| if wanted.entitlements.contains(key) { "true" } else { "false" };
    let keys: String =
        wanted.claims.iter().map(|key| format!("<key>{key}</key><{}/>", granted(key))).collect();
    let entitlements =
        blob(0xfade_7171, format!("<plist version=\"1.0\"><dict>{keys}</dict></plist>").as_bytes());
    let cms = wanted.cms.map(|cms| {
        let developer_id = if cms.developer_id { &super::signature::OID_DEVELOPER_ID[..] } else { &[] };
        let timestamp = if cms.timestamp { &super::signature::OID_TIMESTAMP[..] } else { &[] };
        blob(0xfade_0b01, &[&[0x30], developer_id, timestamp].concat())
    });
    let parts: Vec<(u32, Vec<u8>)> = [(0, Some(directory)), (5, Some(entitlements)), (0x10000, cms)]
        .into_iter()
        .filter_map(|(slot, part)| Some((slot, part?)))
        .collect();
    let mut at = 12 + 8 * parts.len() as u32;
    let mut index = vec![parts.len() as u32];
    for (slot, part) in &parts {
        index.extend([*slot, at]);
        at += part.len() as u32;
    }
    let contents = [be(&index), parts.into_iter().flat_map(|(_, part)| part).collect()].concat();
    blob(0xfade_0cc0, &contents)
}

/// A linker's ad hoc signature as far as it can be read lightly: a code directory and nothing that it covers.
pub(crate) fn signature(identifier: &str, flags: u32) -> Vec<u8> {
    let be = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let name = [identifier.as_bytes(), &[0]].concat();
    let directory_size = 44 + name.len() as u32;
    let directory = [0xfade_0c02, directory_size, 0x20100, flags, directory_size, 44, 0, 0, 0, 0, 0];
    [be(&[0xfade_0cc0, 20 + directory_size, 1, 0, 20]), be(&directory), name].concat()
}

const DYLIB_VERSION: u32 = 0x0001_0000;
const CURRENT_VERSION: u32 = 0x0001_0203;
const LC_LOAD_DYLINKER: u32 = 0xe;
const LC_MAIN: u32 = 0x8000_0028;
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
