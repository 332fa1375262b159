//! Mach-O files written for these tests, and load commands read again, both without the project's own reader: whole enough
//! to be edited and signed, with exactly the header room that is asked for.

use bundlewright::macho::{FileType, LoadKind, SignatureState, Slice};
use sha2::{Digest, Sha256};

/// `vmaddr` of `__LINKEDIT` and what slices of a fat file are aligned to: a page of arm64.
pub const PAGE: usize = 0x4000;

pub const LC_ID_DYLIB: u32 = 0xd;
pub const LC_RPATH: u32 = 0x8000_001c;
const LC_CODE_SIGNATURE: u32 = 0x1d;
/// LOAD, LOAD_WEAK, REEXPORT, LOAD_UPWARD, LAZY_LOAD: what ordinals of a two-level namespace count.
const LC_DYLIBS: [u32; 5] = [0xc, 0x8000_0018, 0x8000_001f, 0x8000_0023, 0x20];

/// `CS_ADHOC | CS_LINKER_SIGNED`, as linkers leave code.
const LINKER_SIGNED: u32 = 0x2_0002;

/// The file of these slices, `header_room` of each free before its `__text`. `string` stands in its `__cstring`.
pub fn file(slices: &[Slice], string: &str) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = slices.iter().map(|one| slice(one, string)).collect();
    if let [thin] = &parts[..] {
        return thin.clone();
    }
    let mut bytes = [0xcafe_babe, parts.len() as u32].map(u32::to_be_bytes).concat();
    let mut place = PAGE;
    for (slice, part) in slices.iter().zip(&parts) {
        let arch = slice.arch;
        let entry = [arch.cpu_type, arch.cpu_subtype, place as u32, part.len() as u32, 14];
        bytes.extend(entry.map(u32::to_be_bytes).concat());
        place = (place + part.len()).next_multiple_of(PAGE);
    }
    for part in parts {
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
        bytes.extend(part);
    }
    bytes
}

fn slice(slice: &Slice, string: &str) -> Vec<u8> {
    let signed = slice.signature.state != SignatureState::None;
    let code = [&[0xc3; 64], string.as_bytes(), &[0]].concat();
    let commands = |text_at: usize, page: usize| {
        let signature = if signed { signature(&[], page + 16, slice).len() } else { 0 };
        commands(slice, [text_at, code.len(), page, signature])
    };
    let size: usize = commands(0, 0).iter().map(Vec::len).sum();
    let text_at = 32 + size + slice.header_room as usize;
    let page = (text_at + code.len()).next_multiple_of(PAGE);
    let commands = commands(text_at, page);
    let file_type = match slice.file_type {
        FileType::Execute => 2,
        FileType::Bundle => 8,
        _ => 6,
    };
    let arch = slice.arch;
    // MH_MAGIC_64, the architecture, the type, the commands, MH_DYLDLINK and MH_TWOLEVEL.
    let mut bytes = words(&[0xfeed_facf, arch.cpu_type, arch.cpu_subtype, file_type]);
    bytes.extend(words(&[commands.len() as u32, size as u32, 0x84, 0]));
    bytes.extend(commands.concat());
    bytes.resize(text_at, 0);
    bytes.extend(code);
    bytes.resize(page, 0);
    bytes.extend(b"linkedit is here");
    if signed {
        bytes.extend(signature(&bytes, bytes.len(), slice));
    }
    bytes
}

fn commands(slice: &Slice, [text_at, text_size, page, signature]: [usize; 4]) -> Vec<Vec<u8>> {
    let mut commands = vec![
        segment("__TEXT", [0, page, 0, page], 5, Some([text_at, text_size])),
        segment("__LINKEDIT", [page, PAGE, page, 16 + signature], 1, None),
    ];
    if slice.file_type == FileType::Execute {
        commands.push(named(0xe, &[12], "/usr/lib/dyld"));
        commands.push(command(0x8000_0028, words(&[text_at as u32, 0, 0, 0])));
    }
    commands.extend(slice.install_name.iter().map(|name| dylib(LC_ID_DYLIB, name.as_str())));
    commands.extend(slice.uses.iter().map(|used| {
        let cmd = match used.kind {
            LoadKind::Required | LoadKind::Delayed => LC_DYLIBS[0],
            LoadKind::Weak => LC_DYLIBS[1],
            LoadKind::Reexport => LC_DYLIBS[2],
            LoadKind::Upward => LC_DYLIBS[3],
            LoadKind::Lazy => LC_DYLIBS[4],
        };
        dylib(cmd, used.name.as_str())
    }));
    commands.extend(slice.uuid.iter().map(|uuid| {
        let digits: String = uuid.chars().filter(|digit| *digit != '-').collect();
        let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
        command(0x1b, (0..16).map(byte).collect())
    }));
    let build = slice.build.unwrap();
    commands.push(command(0x32, words(&[build.platform.0, build.min_os.0, build.sdk.0, 0])));
    commands.extend(slice.rpaths.iter().map(|rpath| named(LC_RPATH, &[12], rpath.as_str())));
    if signature > 0 {
        commands.push(command(LC_CODE_SIGNATURE, words(&[page as u32 + 16, signature as u32])));
    }
    commands
}

fn segment(name: &str, places: [usize; 4], protection: u32, text: Option<[usize; 2]>) -> Vec<u8> {
    let mut body = fixed_name(name);
    body.extend(places.iter().flat_map(|&place| (place as u64).to_le_bytes()));
    body.extend(words(&[protection, protection, text.is_some().into(), 0]));
    if let Some([at, size]) = text {
        body.extend([fixed_name("__text"), fixed_name(name)].concat());
        body.extend([at as u64, size as u64].map(u64::to_le_bytes).concat());
        body.extend(words(&[at as u32, 4, 0, 0, 0x8000_0400, 0, 0, 0]));
    }
    command(0x19, body)
}

fn fixed_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(16, 0);
    bytes
}

fn dylib(cmd: u32, name: &str) -> Vec<u8> {
    named(cmd, &[24, 2, 0x1_0000, 0x1_0000], name)
}

/// A command that ends in a text, padded to 8 bytes.
fn named(cmd: u32, fixed: &[u32], text: &str) -> Vec<u8> {
    let mut body = words(fixed);
    body.extend(text.as_bytes());
    body.resize((8 + body.len() + 1).next_multiple_of(8) - 8, 0);
    command(cmd, body)
}

fn command(cmd: u32, body: Vec<u8>) -> Vec<u8> {
    [words(&[cmd, 8 + body.len() as u32]), body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// An ad hoc signature of the first `limit` bytes, without requirements (`cs_blobs.h`, big-endian).
fn signature(code: &[u8], limit: usize, slice: &Slice) -> Vec<u8> {
    let identifier = slice.signature.identifier.as_deref().unwrap_or("me");
    let hashes_at = 88 + identifier.len() + 1;
    let pages = limit.div_ceil(4096);
    let size = hashes_at + 32 * pages;
    let flags = if slice.signature.flags == 2 { LINKER_SIGNED } else { slice.signature.flags };
    let places = [hashes_at, 88, 0, pages, limit].map(|place| place as u32);
    let program = u32::from(slice.file_type == FileType::Execute);
    let mut blob = [0xfade_0cc0, 20 + size as u32, 1, 0, 20, 0xfade_0c02, size as u32, 0x20400, flags]
        .into_iter()
        .chain(places)
        .chain([0x2002_000c, 0, 0, 0, 0, 0, 0, 0, 0, 0, limit as u32 - 16, 0, program])
        .flat_map(u32::to_be_bytes)
        .collect::<Vec<u8>>();
    blob.extend([identifier.as_bytes(), &[0]].concat());
    blob.extend(code.chunks(4096).flat_map(Sha256::digest));
    blob.resize(20 + size, 0);
    blob
}

/// One slice of a written file, as this module reads it.
pub struct Written<'a> {
    pub bytes: &'a [u8],
    /// The number and the bytes of every load command.
    pub commands: Vec<(u32, &'a [u8])>,
}

fn le(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn be(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The 64-bit slices of a thin or fat file.
pub fn written(file: &[u8]) -> Vec<Written<'_>> {
    if be(file, 0) != 0xcafe_babe {
        return vec![Written::of(file)];
    }
    let entries = (0..be(file, 4)).map(|at| 8 + 20 * at);
    entries.map(|at| Written::of(&file[be(file, at + 8)..][..be(file, at + 12)])).collect()
}

impl<'a> Written<'a> {
    fn of(bytes: &'a [u8]) -> Written<'a> {
        assert_eq!(le(bytes, 0), 0xfeed_facf, "a 64-bit slice");
        let mut rest = &bytes[32..32 + le(bytes, 20)];
        let mut commands = Vec::new();
        while !rest.is_empty() {
            let size = le(rest, 4);
            assert!(size >= 8 && size.is_multiple_of(8), "cmdsize {size}");
            let (command, more) = rest.split_at(size);
            commands.push((le(command, 0) as u32, command));
            rest = more;
        }
        assert_eq!(commands.len(), le(bytes, 16), "ncmds");
        Written { bytes, commands }
    }

    fn texts(&self, numbers: &[u32]) -> Vec<&'a str> {
        let named = self.commands.iter().filter(|(cmd, _)| numbers.contains(cmd));
        named
            .map(|(_, command)| {
                let text = &command[le(command, 8)..];
                let end = text.iter().position(|&byte| byte == 0).expect("a text that ends");
                std::str::from_utf8(&text[..end]).unwrap()
            })
            .collect()
    }

    pub fn rpaths(&self) -> Vec<&'a str> {
        self.texts(&[LC_RPATH])
    }

    /// Names of all dylib commands in the order of their ordinals.
    pub fn uses(&self) -> Vec<&'a str> {
        self.texts(&LC_DYLIBS)
    }

    /// The numbers of the same commands.
    pub fn kinds(&self) -> Vec<u32> {
        self.commands.iter().map(|(cmd, _)| *cmd).filter(|cmd| LC_DYLIBS.contains(cmd)).collect()
    }

    pub fn id(&self) -> Option<&'a str> {
        self.texts(&[LC_ID_DYLIB]).first().copied()
    }

    fn commands_end(&self) -> usize {
        32 + le(self.bytes, 20)
    }

    /// Where the first section begins: the lowest file offset of them all.
    pub fn text_at(&self) -> usize {
        let segments = self.commands.iter().filter(|(cmd, _)| *cmd == 0x19);
        let sections =
            segments.flat_map(|(_, segment)| (0..le(segment, 64)).map(|at| le(segment, 72 + 80 * at + 48)));
        sections.min().expect("a section")
    }

    /// The code: from the first section to `__LINKEDIT`.
    pub fn code(&self) -> &'a [u8] {
        let linkedit =
            self.commands.iter().find(|(cmd, body)| *cmd == 0x19 && body[8..].starts_with(b"__LINKEDIT"));
        &self.bytes[self.text_at()..le(linkedit.unwrap().1, 40)]
    }

    pub fn room(&self) -> usize {
        self.text_at() - self.commands_end()
    }

    /// Between the commands and the code nothing may be left of what stood there.
    pub fn assert_freed_bytes_are_zero(&self) {
        assert!(self.commands_end() <= self.text_at(), "the commands reach into the code");
        let gap = &self.bytes[self.commands_end()..self.text_at()];
        assert!(gap.iter().all(|&byte| byte == 0), "freed bytes are not zero");
    }

    fn directory(&self) -> Option<&'a [u8]> {
        let (_, command) = self.commands.iter().find(|(cmd, _)| *cmd == LC_CODE_SIGNATURE)?;
        let blob = &self.bytes[le(command, 8)..][..le(command, 12)];
        let mut blobs = (0..be(blob, 8)).map(|at| &blob[be(blob, 16 + 8 * at)..]);
        blobs.rfind(|blob| be(blob, 0) == 0xfade_0c02 && blob[37] == 2)
    }

    /// CS_* of the code directory.
    pub fn signature_flags(&self) -> Option<usize> {
        self.directory().map(|directory| be(directory, 12))
    }

    /// Whether every page of the code has the hash that the signature says, as the kernel looks at it.
    pub fn is_validly_signed(&self) -> bool {
        let Some(directory) = self.directory() else { return false };
        let (at, count, limit) = (be(directory, 16), be(directory, 28), be(directory, 32));
        let said = directory[at..at + 32 * count].chunks(32);
        let pages = self.bytes[..limit].chunks(1 << directory[39]);
        pages.len() == count && pages.zip(said).all(|(page, said)| Sha256::digest(page)[..] == *said)
    }
}
