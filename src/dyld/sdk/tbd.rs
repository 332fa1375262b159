//! Text-based stubs (`.tbd`): what a library of macOS exports, version 1 to 5 (LLVM, `TextStub.cpp`, `TextStubV5.cpp`).
//!
//! `$ld$hide$os…`, `$ld$add$os…`, `$ld$previous$…` and their kin speak to the linker alone, and none is a symbol that dyld
//! could find, so all of them are left out.

use std::collections::BTreeMap;

use super::{tbd_json, tbd_yaml};
use crate::macho::Arch;

/// One library of a stub; files of umbrellas hold several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Library {
    pub install_name: String,
    /// Every target that the stub is for.
    pub targets: Targets,
    symbols: BTreeMap<String, Targets>,
    /// Libraries whose exports count as this one's.
    pub reexports: Vec<(String, Targets)>,
}

/// The architectures of macOS among the targets of a stub. Mac Catalyst alone does not count; a zippered library is
/// listed for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Targets(u8);

const ARCHS: [(&str, Targets); 5] = [
    ("x86_64", Targets::X86_64),
    ("x86_64h", Targets::X86_64H),
    ("arm64", Targets::ARM64),
    ("arm64e", Targets::ARM64E),
    ("i386", Targets::I386),
];

impl Targets {
    const X86_64: Targets = Targets(1);
    const X86_64H: Targets = Targets(2);
    const ARM64: Targets = Targets(4);
    const ARM64E: Targets = Targets(8);
    const I386: Targets = Targets(16);

    /// Architectures by name, for stubs that name their platform apart.
    pub(super) fn of_archs<'a>(names: impl Iterator<Item = &'a str>) -> Targets {
        let known = |name: &str| ARCHS.iter().find(|(arch, _)| *arch == name).map(|(_, targets)| targets.0);
        Targets(names.filter_map(known).fold(0, |all, one| all | one))
    }

    /// `arm64-macos` and so on.
    pub(super) fn of_targets<'a>(names: impl Iterator<Item = &'a str>) -> Targets {
        let mac = |name: &'a str| {
            let (arch, platform) = name.split_once('-')?;
            matches!(platform, "macos" | "macosx").then_some(arch)
        };
        Targets::of_archs(names.filter_map(mac))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn and(self, other: Targets) -> Targets {
        Targets(self.0 & other.0)
    }

    fn or(self, other: Targets) -> Targets {
        Targets(self.0 | other.0)
    }

    /// Whether a process of `arch` can use it: the libraries of Apple's own Macs are arm64e, and stubs of newer SDKs
    /// list no arm64 beside it.
    pub fn covers(self, arch: Arch) -> bool {
        let wanted = match arch {
            Arch::ARM64 | Arch::ARM64E => Targets::ARM64.or(Targets::ARM64E),
            Arch::X86_64 => Targets::X86_64,
            Arch::X86_64H => Targets::X86_64.or(Targets::X86_64H),
            _ if arch.to_string() == "i386" => Targets::I386,
            _ => Targets::default(),
        };
        !self.and(wanted).is_empty()
    }
}

impl Library {
    pub(super) fn new(install_name: String, targets: Targets) -> Self {
        Library { install_name, targets, ..Library::default() }
    }

    pub(super) fn add(&mut self, symbol: String, targets: Targets) {
        if !symbol.starts_with("$ld$") && !targets.is_empty() {
            let known = self.symbols.entry(symbol).or_default();
            *known = known.or(targets);
        }
    }

    pub(super) fn add_class(&mut self, class: &str, targets: Targets) {
        self.add(format!("_OBJC_CLASS_$_{class}"), targets);
        self.add(format!("_OBJC_METACLASS_$_{class}"), targets);
    }

    pub(super) fn add_exception_type(&mut self, class: &str, targets: Targets) {
        self.add(format!("_OBJC_EHTYPE_$_{class}"), targets);
    }

    pub(super) fn add_instance_variable(&mut self, variable: &str, targets: Targets) {
        self.add(format!("_OBJC_IVAR_$_{variable}"), targets);
    }

    /// Whether it exports `symbol` itself.
    pub fn exports(&self, symbol: &str, arch: Arch) -> bool {
        self.symbols.get(symbol).is_some_and(|targets| targets.covers(arch))
    }

    /// Sorted.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.symbols.keys().map(String::as_str)
    }
}

/// Every library of a `.tbd` file.
///
/// # Errors
/// A clause that says what is wrong, when it is no stub of version 1 to 5.
pub fn read(bytes: &[u8]) -> Result<Vec<Library>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') { tbd_json::read(text) } else { tbd_yaml::read(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &str = "\
--- !tapi-tbd
tbd-version:     4
targets:         [ x86_64-macos, x86_64-maccatalyst, arm64e-macos ]
install-name:    '/usr/lib/libtea.1.dylib'
current-version: 7.1
parent-umbrella:
  - targets:         [ x86_64-macos ]
    umbrella:        Kitchen
reexported-libraries:
  - targets:         [ x86_64-macos, arm64e-macos ]
    libraries:       [ '/usr/lib/kitchen/libkettle.dylib' ]
exports:
  - targets:         [ x86_64-macos, arm64e-macos ]
    symbols:         [ _pour, '$ld$hide$os10.4$_boil', '_steep$UNIX' ]
    objc-classes:    [ TeaPot ]
    objc-eh-types:   [ TeaPot ]
    objc-ivars:      [ TeaPot._lid ]
    weak-symbols:    [ __ZN3tea3cupE ]
    thread-local-symbols: [ _sips ]
  - targets:         [ x86_64-maccatalyst ]
    symbols:         [ _ios_only ]
  - targets:         [ x86_64-macos ]
    symbols:         [ _intel_only ]
reexports:
  - targets:         [ arm64e-macos ]
    symbols:         [ _borrowed ]
--- !tapi-tbd
tbd-version:     4
targets:         [ x86_64-macos, arm64e-macos ]
install-name:    '/usr/lib/kitchen/libkettle.dylib'
exports:
  - targets:         [ x86_64-macos, arm64e-macos ]
    symbols:         [ _whistle ]
...
";

    const V3: &str = "\
--- !tapi-tbd-v3
archs:           [ x86_64, i386 ]
uuids:           [ 'x86_64: 00000000-0000-0000-0000-000000000001' ]
platform:        macosx
install-name:    /usr/lib/libcocoa.dylib
objc-constraint: none
exports:
  - archs:           [ x86_64, i386 ]
    re-exports:      [ /usr/lib/libmilk.dylib ]
    symbols:         [ _stir ]
    objc-classes:    [ Cocoa ]
    objc-ivars:      [ Cocoa._sugar ]
    weak-def-symbols: [ __ZN1c1dE ]
  - archs:           [ i386 ]
    symbols:         [ .objc_class_name_Cocoa ]
...
";

    const V5: &str = r#"{
  "main_library": {
    "target_info": [ { "target": "x86_64-macos", "min_deployment": "10.14" }, { "target": "arm64-macos" },
                     { "target": "arm64-maccatalyst" } ],
    "install_names": [ { "name": "/usr/lib/libjuice.dylib" } ],
    "parent_umbrellas": [ { "umbrella": "Kitchen" } ],
    "reexported_libraries": [ { "targets": [ "arm64-macos" ], "names": [ "/usr/lib/libpulp.dylib" ] } ],
    "exported_symbols": [
      { "data": { "global": [ "_cups" ], "objc_class": [ "Press" ], "objc_eh_type": [ "Press" ],
                  "objc_ivar": [ "Press._arm" ], "weak": [ "__ZTV5juice" ], "thread_local": [ "_drops" ] },
        "text": { "global": [ "_squeeze" ] } },
      { "targets": [ "arm64-macos" ], "text": { "global": [ "_blend" ] } } ],
    "reexported_symbols": [ { "targets": [ "x86_64-macos" ], "text": { "global": [ "_pip" ] } } ]
  },
  "libraries": [ { "target_info": [ { "target": "arm64-macos" } ],
                   "install_names": [ { "name": "/usr/lib/libpulp.dylib" } ],
                   "exported_symbols": [ { "text": { "global": [ "_chew" ] } } ] } ],
  "tapi_tbd_version": 5
}"#;

    fn libraries(text: &str) -> Vec<Library> {
        read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn version_4_lists_targets_and_specials_are_no_symbols() {
        let found = libraries(V4);
        let names: Vec<&str> = found.iter().map(|library| library.install_name.as_str()).collect();
        assert_eq!(names, ["/usr/lib/libtea.1.dylib", "/usr/lib/kitchen/libkettle.dylib"]);
        let tea = &found[0];
        assert_eq!(
            tea.symbols().collect::<Vec<_>>(),
            [
                "_OBJC_CLASS_$_TeaPot",
                "_OBJC_EHTYPE_$_TeaPot",
                "_OBJC_IVAR_$_TeaPot._lid",
                "_OBJC_METACLASS_$_TeaPot",
                "__ZN3tea3cupE",
                "_borrowed",
                "_intel_only",
                "_pour",
                "_sips",
                "_steep$UNIX",
            ]
        );
        assert!(tea.exports("_intel_only", Arch::X86_64) && !tea.exports("_intel_only", Arch::ARM64));
        assert!(tea.exports("_borrowed", Arch::ARM64), "arm64e stands for arm64");
        let both = Targets::of_archs(["x86_64", "arm64e"].into_iter());
        assert_eq!(tea.reexports, [("/usr/lib/kitchen/libkettle.dylib".to_owned(), both)]);
    }

    #[test]
    fn version_3_lists_architectures_of_one_platform() {
        let found = libraries(V3);
        let cocoa = &found[0];
        for symbol in ["_stir", "_OBJC_METACLASS_$_Cocoa", "_OBJC_IVAR_$_Cocoa._sugar", "__ZN1c1dE"] {
            assert!(cocoa.exports(symbol, Arch::X86_64), "{symbol}");
        }
        assert!(!cocoa.exports(".objc_class_name_Cocoa", Arch::X86_64));
        assert_eq!(cocoa.reexports[0].0, "/usr/lib/libmilk.dylib");
        let other = V3.replace("macosx", "ios");
        assert!(libraries(&other)[0].targets.is_empty());
        let zippered = V3.replace("macosx", "zippered");
        assert!(libraries(&zippered)[0].exports("_stir", Arch::X86_64));
    }

    #[test]
    fn versions_1_and_2_write_classes_with_an_underscore() {
        let second =
            V3.replace("-v3", "-v2").replace("[ Cocoa ]", "[ _Cocoa ]").replace("Cocoa._", "_Cocoa._");
        let first = second.replace(" !tapi-tbd-v2", "");
        for text in [second, first] {
            let found = libraries(&text);
            assert!(found[0].exports("_OBJC_CLASS_$_Cocoa", Arch::X86_64));
            assert!(found[0].exports("_OBJC_IVAR_$_Cocoa._sugar", Arch::X86_64));
        }
    }

    #[test]
    fn version_5_is_json_and_names_no_targets_where_all_are_meant() {
        let found = libraries(V5);
        let juice = &found[0];
        for symbol in [
            "_cups",
            "_OBJC_CLASS_$_Press",
            "_OBJC_METACLASS_$_Press",
            "_OBJC_EHTYPE_$_Press",
            "_OBJC_IVAR_$_Press._arm",
            "__ZTV5juice",
            "_drops",
            "_squeeze",
        ] {
            assert!(juice.exports(symbol, Arch::X86_64) && juice.exports(symbol, Arch::ARM64), "{symbol}");
        }
        assert!(juice.exports("_blend", Arch::ARM64) && !juice.exports("_blend", Arch::X86_64));
        assert!(juice.exports("_pip", Arch::X86_64) && !juice.exports("_pip", Arch::ARM64));
        assert_eq!(juice.reexports[0].0, "/usr/lib/libpulp.dylib");
        assert!(found[1].exports("_chew", Arch::ARM64));
    }

    #[test]
    fn what_is_no_stub_is_refused() {
        for (text, why) in [
            ("hello\n", "is not a .tbd file"),
            (
                "--- !tapi-tbd\ntbd-version: 9\ninstall-name: x\n",
                "is a .tbd file of version 9, which is not known",
            ),
            ("--- !tapi-tbd\ntbd-version: 4\n", "names no library"),
            ("{ \"tapi_tbd_version\": 6 }", "is a .tbd file of version 6, which is not known"),
            ("", "holds no library"),
        ] {
            assert_eq!(read(text.as_bytes()), Err(why.to_owned()), "{text}");
        }
        assert!(read(b"{ \"main_library\": [").is_err_and(|error| error.starts_with("is not valid JSON")));
        assert_eq!(read(&[0xff, 0xfe]), Err("is not UTF-8 text".to_owned()));
    }

    #[test]
    fn damaged_stubs_never_panic() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below.max(1) as u64) as usize
        };
        let alphabet = b"\n\n  -:[]{}'\"#,\\x.!$_a0\t\r\xff";
        let mut read_anyway = 0;
        for round in 0..6000 {
            let mut bytes = [V3, V4, V5][round % 3].as_bytes().to_vec();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = alphabet[random(alphabet.len())],
                    1 => bytes.insert(at, alphabet[random(alphabet.len())]),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.truncate(at + 1),
                }
            }
            read_anyway += usize::from(read(&bytes).is_ok());
        }
        assert!(read_anyway > 100, "the damage leaves nothing to read");
    }
}
