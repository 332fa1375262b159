//! What is done to the bundle.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use bundlewright::macho::fat;

use crate::app::*;
use crate::signature::{places, put, set_special, word};

/// One kind of change.
pub struct Kind {
    pub name: &'static str,
    pub change: fn(&App),
    /// The word and the path of a problem that it must make.
    pub found: &'static str,
}

const fn kind(name: &'static str, found: &'static str, change: fn(&App)) -> Kind {
    Kind { name, change, found }
}

pub fn all() -> impl Iterator<Item = &'static Kind> {
    REFUSED.iter().chain(REFUSED_BY_US).chain(PASSES).chain(PASSES_WITH_US)
}

const X86_64: usize = 0;
const ARM64: usize = 1;

/// The signature of one slice of the main executable, changed.
fn in_main(app: &App, slice: usize, change: fn(&mut [u8], &crate::signature::Place)) {
    app.edit(MAIN, |bytes| {
        let place = places(bytes).swap_remove(slice);
        change(bytes, &place);
    });
}

fn in_library(app: &App, change: fn(&mut [u8], &crate::signature::Place)) {
    app.edit(LIBRARY, |bytes| {
        let place = places(bytes).swap_remove(ARM64);
        change(bytes, &place);
    });
}

/// Refused by us and by the independent verifier.
pub static REFUSED: &[Kind] = &[
    kind("code of the arm64 slice", "page-hash Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[(place.slice.start + place.start) / 2] ^= 1);
    }),
    kind("code of the x86_64 slice", "page-hash Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| bytes[(place.slice.start + place.start) / 2] ^= 1);
    }),
    kind("a load command", "page-hash Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.slice.start + 32 + 8] ^= 1);
    }),
    kind("the last byte of linkedit", "page-hash Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| bytes[place.start - 1] ^= 1);
    }),
    kind("a page hash", "page-hash Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| bytes[place.hash(bytes, 1)] ^= 1);
    }),
    kind("the hash of Info.plist", "info-plist Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.hash(bytes, -1)] ^= 1);
    }),
    kind("the hash of CodeResources", "resource-directory Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| bytes[place.hash(bytes, -3)] ^= 1);
    }),
    kind("the hash of the requirements", "requirements Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.hash(bytes, -2)] ^= 1);
    }),
    kind("the magic of the super blob", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.start] ^= 1);
    }),
    kind("the magic of the code directory", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.directory()] ^= 1);
    }),
    kind("a blob out of bounds", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| put(bytes, place.entry(5) + 4, 0x0fff_ffff));
    }),
    kind("two blobs in one place", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| {
            let at = word(bytes, place.entry(2) + 4);
            put(bytes, place.entry(5) + 4, at);
        });
    }),
    kind(
        "an extra code directory that is none",
        "signature-malformed Contents/MacOS/write-postcard",
        |app| {
            in_main(app, ARM64, |bytes, place| put(bytes, place.entry(0x10000), 0x1000));
        },
    ),
    kind("the flag of ad hoc code gone", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| put(bytes, place.directory() + 12, 0));
    }),
    kind("hardened without a version", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| put(bytes, place.directory() + 12, 0x10002));
    }),
    kind("a version of long ago", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| put(bytes, place.directory() + 8, 0x10000));
    }),
    kind("the code limit lowered", "code-limit Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| {
            let (limit, pages) = (place.directory() + 32, place.directory() + 28);
            let lower = word(bytes, limit) & !0xfff;
            put(bytes, limit, lower);
            put(bytes, pages, lower >> 12);
        });
    }),
    kind("one page hash fewer", "code-limit Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| {
            let pages = place.directory() + 28;
            put(bytes, pages, word(bytes, pages) - 1);
        });
    }),
    kind("the executable segment beyond __TEXT", "exec-segment Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.directory() + 64 + 8 + 5] ^= 0x10);
    }),
    kind("no longer the main binary", "exec-segment Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| bytes[place.directory() + 64 + 16 + 7] ^= 1);
    }),
    kind("entitlements changed", "entitlements Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| {
            let blob = place.blob(5);
            let at = bytes[blob.clone()].windows(4).position(|part| part == b"true").unwrap();
            bytes[blob.start + at] = b'T';
        });
    }),
    kind("DER entitlements that are not the XML ones", "entitlements Contents/MacOS/write-postcard", |app| {
        app.edit(MAIN, |bytes| {
            for place in places(bytes) {
                let der = place.blob(7);
                let at = bytes[der.clone()].windows(9).position(|part| part == b"allow-jit").unwrap();
                bytes[der.start + at + 8] = b'T';
            }
            let der = bytes[places(bytes)[ARM64].blob(7)].to_vec();
            set_special(bytes, 7, &der);
        });
    }),
    kind("the executable cut off", "malformed Contents/MacOS/write-postcard", |app| {
        app.edit(MAIN, |bytes| bytes.truncate(bytes.len() - 1));
    }),
    kind("a byte behind the last slice", "structure Contents/MacOS/write-postcard", |app| {
        app.edit(MAIN, |bytes| bytes.push(0));
    }),
    kind("something between the slices", "structure Contents/MacOS/write-postcard", |app| {
        in_main(app, X86_64, |bytes, place| bytes[place.slice.start - 1] = 1);
    }),
    kind("no signature command any more", "unsigned Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| {
            let slice = &mut bytes[place.slice.clone()];
            let header = bundlewright::macho::header::Header::parse(slice).unwrap();
            let command = header.find(bundlewright::macho::header::LC_CODE_SIGNATURE).unwrap().range.start;
            slice[command] = 0x33; // some other linkedit data
        });
    }),
    kind("a flag of a library", "nested-requirement Contents/Frameworks/libstamp.1.dylib", |app| {
        in_library(app, |bytes, place| put(bytes, place.directory() + 12, 0x102));
    }),
    kind("the identifier of a library", "nested-requirement Contents/Frameworks/libstamp.1.dylib", |app| {
        in_library(app, |bytes, place| {
            let name = place.directory() + word(bytes, place.directory() + 20) as usize;
            bytes[name] ^= 1;
        });
    }),
    kind("the platform of a library", "nested-requirement Contents/Frameworks/libstamp.1.dylib", |app| {
        in_library(app, |bytes, place| bytes[place.directory() + 38] = 1);
    }),
    kind("the code of a library", "page-hash Contents/Frameworks/libstamp.1.dylib", |app| {
        in_library(app, |bytes, place| bytes[place.start - 100] ^= 1);
    }),
    kind("the code of a plug-in", "page-hash Contents/PlugIns/delivery/libairmail.so", |app| {
        app.edit(PLUG_IN, |bytes| bytes[0x4800] ^= 1);
    }),
    kind("another library in its place", "nested-requirement Contents/Frameworks/libstamp.1.dylib", |app| {
        app.write(LIBRARY, app.read(PLUG_IN));
    }),
    kind(
        "a library signed again elsewhere",
        "nested-requirement Contents/Frameworks/libstamp.1.dylib",
        |app| {
            let elsewhere = app.beside("renamed.dylib");
            fs::write(&elsewhere, app.read(PLUG_IN)).unwrap();
            bundlewright::workflow::sign(
                &elsewhere,
                &Default::default(),
                &bundlewright::progress::Progress::silent(),
            )
            .unwrap();
            app.write(LIBRARY, fs::read(elsewhere).unwrap());
        },
    ),
    kind("an unsigned library", "nested-unsigned Contents/Frameworks/libstamp.1.dylib", |app| {
        let fixture = crate::common::unpack_sample();
        let original = fs::read(fixture.app("Postcard").join(LIBRARY)).unwrap();
        let x86_64 = fat::slices(&original).unwrap()[X86_64].1.clone();
        app.write(LIBRARY, &original[x86_64]);
    }),
    kind("a text where a library was", "nested-unsigned Contents/Frameworks/libstamp.1.dylib", |app| {
        app.write(LIBRARY, "no library");
    }),
    kind("another helper in its place", "nested-requirement Contents/Helpers/Stamper.app", |app| {
        let other = app.beside("Stamper.app");
        copy_tree(&app.at(HELPER), &other);
        fs::write(other.join("Contents/Resources/ink.txt"), "red").unwrap();
        bundlewright::workflow::sign(
            &other,
            &Default::default(),
            &bundlewright::progress::Progress::silent(),
        )
        .unwrap();
        app.remove(HELPER);
        copy_tree(&other, &app.at(HELPER));
    }),
    kind(
        "a file of the helper",
        "sealed-resource-modified Contents/Helpers/Stamper.app/Contents/Resources/ink.txt",
        |app| {
            app.write(&format!("{HELPER}/Contents/Resources/ink.txt"), "red");
        },
    ),
    kind("Info.plist", "info-plist Contents/MacOS/write-postcard", |app| {
        app.edit("Contents/Info.plist", |bytes| bytes.extend(b"<!-- -->"));
    }),
    kind(
        "Info.plist of the helper",
        "info-plist Contents/Helpers/Stamper.app/Contents/MacOS/stamper",
        |app| {
            app.edit(&format!("{HELPER}/Contents/Info.plist"), |bytes| bytes.extend(b"<!-- -->"));
        },
    ),
    kind("Info.plist of the bundle without code", "info-plist Contents/PlugIns/words.bundle", |app| {
        app.edit(&format!("{CODELESS}/Contents/Info.plist"), |bytes| bytes.extend(b"<!-- -->"));
    }),
    kind(
        "a file of the bundle without code",
        "sealed-resource-modified Contents/PlugIns/words.bundle/Contents/Resources/words.txt",
        |app| {
            app.write(&format!("{CODELESS}/Contents/Resources/words.txt"), "other words");
        },
    ),
    kind(
        "the code directory of the bundle without code",
        "nested-requirement Contents/PlugIns/words.bundle",
        |app| {
            app.edit(&format!("{CODELESS}/Contents/_CodeSignature/CodeDirectory"), |bytes| bytes[15] |= 1);
        },
    ),
    kind(
        "Info.plist of the framework",
        "info-plist Contents/Frameworks/Quill.framework/Versions/2.2.0/Quill",
        |app| {
            app.edit(&format!("{VERSION}/Resources/Info.plist"), |bytes| bytes.extend(b"<!-- -->"));
        },
    ),
    kind(
        "a file of the framework",
        "sealed-resource-modified Contents/Frameworks/Quill.framework/Versions/2.2.0/Headers/Quill.h",
        |app| {
            app.edit(&format!("{VERSION}/Headers/Quill.h"), |bytes| bytes.push(b'\n'));
        },
    ),
    kind(
        "the code of the framework",
        "page-hash Contents/Frameworks/Quill.framework/Versions/2.2.0/Quill",
        |app| {
            app.edit(&format!("{VERSION}/Quill"), |bytes| bytes[0x4800] ^= 1);
        },
    ),
    kind("a file changed", "sealed-resource-modified Contents/Resources/letter.txt", |app| {
        app.write("Contents/Resources/letter.txt", "Dear Reader");
    }),
    kind(
        "a translation changed",
        "sealed-resource-modified Contents/Resources/de.lproj/words.strings",
        |app| {
            app.write("Contents/Resources/de.lproj/words.strings", "other");
        },
    ),
    kind("a file added", "sealed-resource-added Contents/Resources/stray.txt", |app| {
        app.write("Contents/Resources/stray.txt", "stray");
    }),
    kind("a file added among code", "sealed-resource-added Contents/Frameworks/stray.txt", |app| {
        app.write("Contents/Frameworks/stray.txt", "stray");
    }),
    kind("a library added", "sealed-resource-added Contents/Frameworks/copy.dylib", |app| {
        app.write("Contents/Frameworks/copy.dylib", app.read(LIBRARY));
    }),
    kind("a folder added that looks like a bundle", "bundle-format Contents/Frameworks/python3.12", |app| {
        app.write("Contents/Frameworks/python3.12/os.py", "pass");
    }),
    kind("a file removed", "sealed-resource-missing Contents/Resources/envelope.txt", |app| {
        app.remove("Contents/Resources/envelope.txt");
    }),
    kind("a library removed", "sealed-resource-missing Contents/Frameworks/libstamp.1.dylib", |app| {
        app.remove(LIBRARY)
    }),
    kind("the framework removed", "sealed-resource-missing Contents/Frameworks/Quill.framework", |app| {
        app.remove(FRAMEWORK)
    }),
    kind("a file renamed", "sealed-resource-added Contents/Resources/envelope2.txt", |app| {
        app.rename("Contents/Resources/envelope.txt", "Contents/Resources/envelope2.txt");
    }),
    kind("the case of a name", "sealed-resource-missing Contents/Resources/envelope.txt", |app| {
        app.rename("Contents/Resources/envelope.txt", "Contents/Resources/Envelope.txt");
    }),
    kind("a link led elsewhere", "sealed-resource-modified Contents/Resources/link.txt", |app| {
        app.remove("Contents/Resources/link.txt");
        app.link("envelope.txt", "Contents/Resources/link.txt");
    }),
    kind("a link made absolute", "sealed-resource-modified Contents/Resources/link.txt", |app| {
        app.remove("Contents/Resources/link.txt");
        app.link(app.at("Contents/Resources/letter.txt").to_str().unwrap(), "Contents/Resources/link.txt");
    }),
    kind("a file in the place of a link", "sealed-resource-modified Contents/Resources/link.txt", |app| {
        app.remove("Contents/Resources/link.txt");
        app.write("Contents/Resources/link.txt", "Dear reader");
    }),
    kind("a link in the place of a file", "sealed-resource-modified Contents/Resources/letter.txt", |app| {
        app.rename("Contents/Resources/letter.txt", "Contents/Resources/de.lproj/locversion.plist");
        app.link("de.lproj/locversion.plist", "Contents/Resources/letter.txt");
    }),
    kind(
        "a link in the place of a library",
        "sealed-resource-modified Contents/Frameworks/libstamp.1.dylib",
        |app| {
            app.rename(LIBRARY, "Contents/Resources/de.lproj/locversion.plist");
            app.link("../Resources/de.lproj/locversion.plist", LIBRARY);
        },
    ),
    kind("a link sealed that dangles", "invalid-link Contents/Resources/nowhere", |app| {
        app.link("nothing", "Contents/Resources/nowhere");
        app.sign();
    }),
    kind("a link sealed that leaves the bundle", "invalid-link Contents/Resources/outside", |app| {
        fs::write(app.beside("outside.txt"), "outside").unwrap();
        app.link("../../../outside.txt", "Contents/Resources/outside");
        app.sign();
    }),
    kind("a link called .DS_Store", "not-allowed Contents/Resources/.DS_Store", |app| {
        app.link("letter.txt", "Contents/Resources/.DS_Store");
    }),
    kind("a socket", "not-allowed Contents/Resources/s", |app| {
        drop(UnixListener::bind(app.at("Contents/Resources/s")).unwrap());
    }),
    kind("CodeResources changed", "resource-directory Contents/MacOS/write-postcard", |app| {
        app.edit(SEAL, |bytes| bytes.push(b'\n'));
    }),
    kind("CodeResources cut off", "resource-directory Contents/MacOS/write-postcard", |app| {
        app.edit(SEAL, |bytes| bytes.truncate(bytes.len() / 2));
    }),
    kind("CodeResources gone", "resource-directory Contents/MacOS/write-postcard", |app| app.remove(SEAL)),
    kind("a hash of version 1 only", "resource-directory Contents/MacOS/write-postcard", |app| {
        let seal = app.text(SEAL);
        let at = seal.find("<data>\n\t\t").unwrap() + 9;
        assert!(at < seal.find("<key>files2").unwrap());
        app.edit(SEAL, |bytes| bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' });
    }),
    kind(
        "CodeResources of the framework",
        "resource-directory Contents/Frameworks/Quill.framework/Versions/2.2.0/Quill",
        |app| {
            app.edit(&format!("{VERSION}/_CodeSignature/CodeResources"), |bytes| bytes.push(b'\n'));
        },
    ),
    kind("a rule that leaves files out, sealed", "weak-rules Contents/_CodeSignature/CodeResources", |app| {
        let rule = "<key>rules2</key>\n\t<dict>\n\t\t<key>^Resources/stray</key>\n\t\t<false/>\n";
        app.seal_again(|seal| seal.replace("<key>rules2</key>\n\t<dict>\n", rule));
    }),
    kind("a rule with a weight, sealed", "weak-rules Contents/_CodeSignature/CodeResources", |app| {
        let rule = "<key>rules2</key>\n\t<dict>\n\t\t<key>^.*\\.txt$</key>\n\t\t<dict><key>omit</key><true/><key>weight</key>\
                    <real>3000</real></dict>\n";
        app.seal_again(|seal| seal.replace("<key>rules2</key>\n\t<dict>\n", rule));
    }),
    kind("an entry gone, sealed", "sealed-resource-added Contents/Resources/envelope.txt", |app| {
        app.seal_again(|seal| {
            let at = seal.rfind("\t\t<key>Resources/envelope.txt</key>").unwrap();
            let end = at + seal[at..].find("\t\t</dict>\n").unwrap() + "\t\t</dict>\n".len();
            format!("{}{}", &seal[..at], &seal[end..])
        });
    }),
    kind("a hash of an entry, sealed", "sealed-resource-modified Contents/Resources/envelope.txt", |app| {
        app.seal_again(|seal| {
            let at = seal.rfind("<key>Resources/envelope.txt</key>").unwrap();
            let before = "<key>hash2</key>\n\t\t\t<data>\n\t\t\t";
            let at = at + seal[at..].find(before).unwrap() + before.len();
            let other = if &seal[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &seal[..at], &seal[at + 1..])
        });
    }),
    kind("version 2 gone, sealed", "seal-malformed Contents/_CodeSignature/CodeResources", |app| {
        app.seal_again(|seal| seal.replace("files2", "filesX"));
    }),
    kind(
        "a requirement that another code meets, sealed",
        "nested-requirement Contents/Frameworks/libstamp.1.dylib",
        |app| {
            app.seal_again(|seal| {
                let at = seal.rfind("<key>Frameworks/libstamp.1.dylib</key>").unwrap();
                let from = at + seal[at..].find("cdhash H").unwrap();
                let end = from + seal[from..].find("</string>").unwrap();
                format!("{}identifier \"org.example.other\"{}", &seal[..from], &seal[end..])
            });
        },
    ),
    kind("a file in _CodeSignature", "sealed-resource-added Contents/_CodeSignature/stray", |app| {
        app.write("Contents/_CodeSignature/stray", "stray");
    }),
    kind("a folder in _CodeSignature", "sealed-resource-added Contents/_CodeSignature/stray", |app| {
        app.write("Contents/_CodeSignature/stray/file", "stray");
    }),
    kind("something beside Contents", "unsealed-root stray", |app| app.write("stray", "stray")),
    kind("a link beside Contents", "unsealed-root stray", |app| app.link("Contents", "stray")),
    kind(
        "something in the framework's root",
        "framework-structure Contents/Frameworks/Quill.framework/stray",
        |app| {
            app.write(&format!("{FRAMEWORK}/stray"), "stray");
        },
    ),
    kind(
        "a namesake that leads elsewhere",
        "framework-structure Contents/Frameworks/Quill.framework/Quill",
        |app| {
            app.remove(&format!("{FRAMEWORK}/Quill"));
            app.link("Versions/Current/Headers", &format!("{FRAMEWORK}/Quill"));
        },
    ),
    kind("Current is a folder", "framework-structure Contents/Frameworks/Quill.framework", |app| {
        let current = format!("{FRAMEWORK}/Versions/Current");
        app.remove(&current);
        copy_tree(&app.at(VERSION), &app.at(&current));
    }),
    kind(
        "Current leads out of the framework",
        "framework-structure Contents/Frameworks/Quill.framework/Versions/Current",
        |app| {
            let current = format!("{FRAMEWORK}/Versions/Current");
            app.remove(&current);
            app.link("../Versions/2.2.0", &current);
        },
    ),
    kind(
        "an unsigned version more",
        "nested-unsigned Contents/Frameworks/Quill.framework/Versions/9",
        |app| {
            app.write(
                &format!("{FRAMEWORK}/Versions/9/Resources/Info.plist"),
                app.read(&format!("{VERSION}/Resources/Info.plist")),
            );
        },
    ),
    kind(
        "a version more with other code",
        "nested-requirement Contents/Frameworks/Quill.framework/Versions/9",
        |app| {
            let other = app.copy();
            other.write(&format!("{VERSION}/Headers/Quill.h"), "other");
            other.sign();
            copy_tree(&other.at(VERSION), &app.at(&format!("{FRAMEWORK}/Versions/9")));
        },
    ),
    kind(
        "a file among the versions",
        "framework-structure Contents/Frameworks/Quill.framework/Versions/stray",
        |app| {
            app.write(&format!("{FRAMEWORK}/Versions/stray"), "stray");
        },
    ),
];

/// Refused by Apple's rules and by us; the independent verifier only warns, or does not look.
pub static REFUSED_BY_US: &[Kind] = &[
    kind("scattered pages", "signature-malformed Contents/MacOS/write-postcard", |app| {
        in_main(app, ARM64, |bytes, place| put(bytes, place.directory() + 44, 88));
    }),
    kind("attributes beside a file, sealed", "detritus Contents/Resources/._letter.txt", |app| {
        app.write("Contents/Resources/._letter.txt", [0, 5, 0x16, 7, 0, 2, 0, 0]);
        app.sign();
    }),
    kind("a link sealed to what no seal covers", "invalid-link Contents/Resources/info", |app| {
        app.link("../Info.plist", "Contents/Resources/info");
        app.sign();
    }),
];

/// Let pass by Apple's rules and by us: version 1 of the seal knows nothing of it, but counts only where there is no version
/// 2. The independent verifier compares both.
pub static PASSES_WITH_US: &[Kind] =
    &[kind("a .DS_Store", "", |app| app.write("Contents/Resources/.DS_Store", "windows"))];

/// What codesign lets pass, and so do we: the app's own modes, what the rules leave out, an architecture less.
pub static PASSES: &[Kind] = &[
    // `^PkgInfo$` is left out by version 2, and version 1 never knew it.
    kind("PkgInfo", "", |app| app.write("Contents/PkgInfo", "APPL????")),
    kind("locversion.plist", "", |app| app.write("Contents/Resources/de.lproj/locversion.plist", "changed")),
    kind("a translation removed", "", |app| app.remove("Contents/Resources/de.lproj")),
    kind("a stapled ticket", "", |app| app.write("Contents/CodeResources", "ticket")),
    kind("an empty CodeSignature", "", |app| app.write("Contents/_CodeSignature/CodeSignature", "")),
    kind("an empty folder", "", |app| fs::create_dir(app.at("Contents/Resources/empty")).unwrap()),
    kind("the mode of a file", "", |app| {
        let path = app.at("Contents/Resources/letter.txt");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }),
    // Each of its hashes is in the sealed requirement.
    kind("a library without its x86_64 slice", "", |app| {
        app.edit(LIBRARY, |bytes| *bytes = bytes[places(bytes)[ARM64].slice.clone()].to_vec());
    }),
];
