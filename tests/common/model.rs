//! A bundle from its description: `tests/laws/README.md` says how one is written.

// Each test that takes this in uses a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bundlewright::bundle::{Bundle, Image, ImageId, Node};
use bundlewright::macho::format::SegmentFault;
use bundlewright::macho::{
    Arch, BuildVersion, Cms, Container, DylibUse, FileType, FormatFault, InstallName, LoadKind, MachFile,
    PackedVersion, Platform, Rpath, Signature, SignatureState, Slice, VersionCommand,
};
use bundlewright::paths::{BundlePath, RuntimePath};

/// One line of the description with its indented ones: `path -> target`, or `path kind [arch…] [key=value…]`.
pub struct Item {
    pub path: String,
    pub link: Option<String>,
    pub slices: Vec<Slice>,
    /// The contents of what is no image.
    pub text: String,
    /// Permission bits.
    pub mode: u32,
}

pub fn items(description: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for line in description.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("  ") {
            Some(command) => {
                let (word, text) = command.trim().split_once(' ').expect("a word and a text");
                let item = items.last_mut().unwrap();
                match word {
                    "line" => item.text += &format!("{text}\n"),
                    "key" => item.text = with_key(&item.text, text),
                    _ => item.slices.iter_mut().for_each(|slice| add(slice, word, text)),
                }
            }
            None => items.push(item(line)),
        }
    }
    items
}

/// The same as code that dyld objects to in nothing: every library has an install name, every image a UUID unless it was
/// told `uuid=none`.
pub fn sound(items: Vec<Item>) -> Vec<Item> {
    let mut items = with_uuids(items);
    for item in &mut items {
        let here = if item.path.starts_with('/') { "" } else { "/Applications/App.app/" };
        let own = InstallName::new(format!("{here}{}", item.path));
        for slice in &mut item.slices {
            if slice.file_type == FileType::Dylib && slice.install_name.is_none() {
                slice.install_name = Some(own.clone());
            }
        }
    }
    items
}

/// The same with a UUID of its own in every image that was not told `uuid=none`.
pub fn with_uuids(mut items: Vec<Item>) -> Vec<Item> {
    for (number, item) in items.iter_mut().enumerate() {
        for slice in &mut item.slices {
            match slice.uuid.as_deref() {
                None => slice.uuid = Some(format!("C0DEC0DE-0000-3000-8000-{:012}", number + 1)),
                Some("none") => slice.uuid = None,
                Some(_) => {}
            }
        }
    }
    items
}

fn item(line: &str) -> Item {
    let plain = |path: &str| Item {
        path: path.to_owned(),
        link: None,
        slices: Vec::new(),
        text: String::new(),
        mode: 0o644,
    };
    if let Some((path, target)) = line.split_once(" -> ") {
        return Item { link: Some(target.to_owned()), ..plain(path) };
    }
    let mut words = line.split(' ');
    let path = words.next().unwrap().to_owned();
    let kind = words.next();
    let (settings, archs): (Vec<&str>, Vec<&str>) = words.partition(|word| word.contains('='));
    let mode = settings.iter().find_map(|one| one.strip_prefix("mode="));
    let mode = mode.map(|digits| u32::from_str_radix(digits, 8).unwrap());
    let file_type = match kind {
        Some("execute") => FileType::Execute,
        Some("dylib") => FileType::Dylib,
        Some("bundle") => FileType::Bundle,
        Some("text") => return Item { mode: mode.unwrap_or(0o644), ..plain(&path) },
        Some("plist") => {
            return Item { text: format!("{PLIST}</dict></plist>\n"), ..plain(&path) };
        }
        other => panic!("{path}: what is {other:?}?"),
    };
    let archs = if archs.is_empty() { vec!["arm64"] } else { archs };
    let slices =
        archs.iter().map(|arch| slice(Arch::from_name(arch).unwrap(), file_type, &settings)).collect();
    Item { slices, mode: mode.unwrap_or(0o755), ..plain(&path) }
}

const PLIST: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>";

/// The property list `plist` with one more line `NAME VALUE`: a value that begins with `<` is XML, others are strings.
fn with_key(plist: &str, line: &str) -> String {
    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
    let value = if value.starts_with('<') { value.to_owned() } else { format!("<string>{value}</string>") };
    plist.replace("</dict></plist>\n", &format!("<key>{name}</key>{value}</dict></plist>\n"))
}

fn version(text: &str) -> PackedVersion {
    let (major, minor) = text.split_once('.').unwrap();
    PackedVersion::new(major.parse().unwrap(), minor.parse().unwrap(), 0)
}

/// An LC_VERSION_MIN_MACOSX with this minimum and SDK.
fn minimum(text: &str) -> VersionCommand {
    let build = BuildVersion { platform: Platform(1), min_os: version(text), sdk: version(text) };
    VersionCommand { is_minimum: true, build }
}

fn slice(arch: Arch, file_type: FileType, settings: &[&str]) -> Slice {
    let setting = |key: &str| settings.iter().find_map(|one| one.strip_prefix(key)?.strip_prefix('='));
    let (sdk, min_os) = (setting("sdk").unwrap_or("15.0"), setting("minos").unwrap_or("11.0"));
    let platform = Platform(setting("platform").map_or(1, |number| number.parse().unwrap()));
    let build = BuildVersion { platform, min_os: version(min_os), sdk: version(sdk) };
    Slice {
        arch,
        offset: 0,
        size: 0,
        file_type,
        flags: 0,
        install_name: None,
        compatibility: None,
        uses: Vec::new(),
        rpaths: Vec::new(),
        build: Some(build),
        version_commands: vec![VersionCommand { is_minimum: false, build }],
        uuid: setting("uuid").map(str::to_owned),
        header_room: setting("room").map_or(0, |bytes| bytes.parse().unwrap()),
        restricted: setting("restricted").is_some(),
        chained_fixups: setting("fixups") == Some("chained"),
        dyld_environment: Vec::new(),
        format_faults: segment_faults(setting("permissions")),
        signature: signature(&setting),
    }
}

/// `permissions=text` or `permissions=linkedit`: that segment may be written to.
fn segment_faults(segment: Option<&str>) -> Vec<FormatFault> {
    let fault = segment.map(|segment| match segment {
        "text" => SegmentFault::TextPermissions,
        "linkedit" => SegmentFault::LinkeditPermissions,
        other => panic!("what is {other}?"),
    });
    fault.into_iter().map(FormatFault::Segment).collect()
}

/// `signed=WHO+WORD…`: `none`, `adhoc` (what images are unless told otherwise), `no-team` or a team, then `hardened`,
/// `developer-id` and `timestamp`; `may=KEY` grants one entitlement of the hardened runtime, `claims=KEY` names any.
fn signature<'t>(setting: &impl Fn(&str) -> Option<&'t str>) -> Signature {
    let mut words = setting("signed").unwrap_or("adhoc").split('+');
    let who = words.next().unwrap();
    if who == "none" {
        return Signature::NONE;
    }
    let words: Vec<&str> = words.collect();
    let runtime = if words.contains(&"hardened") { 0x1_0000 } else { 0 };
    let granted = setting("may").map(|key| format!("com.apple.security.cs.{key}"));
    let granted: Vec<String> = granted.into_iter().chain(setting("claims").map(str::to_owned)).collect();
    let cms = Cms { developer_id: words.contains(&"developer-id"), timestamp: words.contains(&"timestamp") };
    let (state, team, adhoc, cms) = match who {
        "adhoc" => (SignatureState::Adhoc, None, 0x2, None),
        "no-team" => (SignatureState::Cms, None, 0, Some(cms)),
        team => (SignatureState::Cms, Some(team.to_owned()), 0, Some(cms)),
    };
    Signature {
        state,
        identifier: Some("me".to_owned()),
        team,
        flags: adhoc | runtime,
        entitlements: granted.iter().cloned().collect(),
        claims: granted.into_iter().collect(),
        cms,
    }
}

fn add(slice: &mut Slice, word: &str, text: &str) {
    let kind = match word {
        "id" => {
            slice.compatibility = Some(PackedVersion::new(1, 0, 0));
            return slice.install_name = Some(InstallName::new(text));
        }
        "compatibility" => return slice.compatibility = Some(version(text)),
        "needs" => return slice.uses.last_mut().unwrap().compatibility = version(text),
        "current" => return slice.uses.last_mut().unwrap().current = version(text),
        "minimum" => return slice.version_commands.push(minimum(text)),
        "environment" => return slice.dyld_environment.push(text.to_owned()),
        "rpath" => return slice.rpaths.push(Rpath::new(text)),
        "use" => LoadKind::Required,
        "weak" => LoadKind::Weak,
        "lazy" => LoadKind::Lazy,
        "reexport" => LoadKind::Reexport,
        "upward" => LoadKind::Upward,
        "delayed" => LoadKind::Delayed,
        other => panic!("what is {other}?"),
    };
    let (name, version) = (InstallName::new(text), PackedVersion::new(1, 0, 0));
    slice.uses.push(DylibUse { name, kind, compatibility: version, current: version, use_flags: 0 });
}

/// The items inside App.app as a snapshot.
pub fn bundle(items: &[Item]) -> Bundle {
    let mut bundle = Bundle {
        root: PathBuf::from("/Users/me/App.app"),
        name: "App.app".to_owned(),
        runtime_root: RuntimePath::new("/Users/me/App.app"),
        nodes: BTreeMap::new(),
        info: None,
        info_plists: BTreeMap::new(),
        main_executable: None,
        images: BTreeMap::new(),
        scripts: BTreeMap::new(),
        settings: BTreeMap::new(),
        entries: Vec::new(),
        frameworks: Vec::new(),
        problems: Vec::new(),
    };
    for item in items.iter().filter(|item| !item.path.starts_with('/')) {
        let path = BundlePath::new(&item.path).unwrap();
        let folders = path.ancestors().filter(|folder| !folder.is_root());
        bundle.nodes.extend(folders.map(|folder| (folder, Node::Folder)));
        let node = match &item.link {
            Some(target) => Node::Link { target: target.clone() },
            None => Node::File { length: 4096, mode: item.mode },
        };
        bundle.nodes.insert(path.clone(), node);
        if !item.slices.is_empty() {
            let container = if item.slices.len() > 1 { Container::Fat } else { Container::Thin };
            let file = MachFile { container, slices: item.slices.clone() };
            let id = ImageId::Bundled(path.clone());
            let local = path.to_local(&bundle.root);
            bundle.images.insert(path, Arc::new(Image { id, local, length: 4096, file }));
        }
    }
    bundle.derive();
    bundle
}
