//! Why each thing differs, and what to set so that the next two builds agree. One sentence each; the window, the text, the
//! JSON and the Markdown all say the same.

use std::borrow::Cow;

use super::Class;

// Files.
pub const VOLUME_NAME: &str =
    "The volumes have different names; build both disk images with the same --volume-name.";
pub const LINK_TARGET: &str = "The link leads elsewhere.";
pub const UNREADABLE: &str =
    "It cannot be read, so nothing says that it is equal; give yourself permission and compare again.";
pub const KIND: &str =
    "One side has another kind of thing at this path; copying without -a or -R turns links into files.";
pub const UMASK: &str = "Only the permissions to read or write differ, which follow the umask of the build machine; set umask 022, or chmod when packaging.";
pub const MODE: &str = "The right to execute differs: the same file can be started on one side only.";
pub const ATTRIBUTE_SIGNATURE: &str =
    "codesign keeps the signature of a file that is not Mach-O in this attribute.";
pub const ATTRIBUTE_OF_A_MAC: &str =
    "macOS notes here where and when a file came to this machine; it is no part of the build.";
pub const ATTRIBUTE: &str =
    "The extended attributes differ; `xattr -cr` before signing takes all of them away.";
pub const MOVED: &str = "The same file stands at another path.";
pub const RENAMED: &str = "The executable of the bundle (CFBundleExecutable) has another name.";
pub const CONTENT: &str = "The bytes differ, and no build setting explains it.";
pub const OTHER_FORM: &str = "One side is code of this form and the other is not.";
pub const BROKEN: &str = "It cannot be read as what it is, so only its bytes are compared.";

// What the build machine leaves in bytes.
pub const DATES: &str = "Only a date or time of the build differs; set SOURCE_DATE_EPOCH, or keep __DATE__ and __TIME__ out of the source.";
pub const PATHS: &str = "Only folders of the build machine differ; compile with -ffile-prefix-map=FOLDER=. (or -fdebug-prefix-map and -fmacro-prefix-map), or always build in the same folder.";
pub const GZIP: &str = "Only the time in the gzip header differs; compress with `gzip -n`.";
pub const PYC: &str = "Only the time of the source that was compiled differs; set SOURCE_DATE_EPOCH, or compile with --invalidation-mode checked-hash.";
pub const ARCHIVE_TIME: &str = "The archive keeps when each object file was changed, and by whom; set ZERO_AR_DATE=1 for libtool and ar, or use llvm-ar D.";
pub const ARCHIVE_MEMBER: &str = "Another set of object files was put into the archive.";
pub const ARCHIVE_ORDER: &str =
    "The object files stand in another order; sort what the build hands to ar or libtool.";
pub const ARCHIVE_TABLE: &str =
    "The archive's table of contents is written differently; it follows from the members.";

// Images.
pub const ARCHITECTURES: &str =
    "One side has code for a processor that the other lacks; build both with the same -arch options.";
pub const CONTAINER: &str = "The same slices are packed differently; lipo and the linker choose order, alignment and the width of offsets.";
pub const FILE_TYPE: &str = "It was linked as another type of file.";
pub const HEADER_FLAGS: &str =
    "The linker set other flags in the header, which follow from its options and from what it linked.";
pub const CAPABILITIES: &str =
    "The upper bits of the CPU subtype differ, which old linkers set and new ones do not.";

// Load commands.
pub const UUID: &str = "The linker makes LC_UUID anew from the bytes of each link, the build's paths among them; -reproducible makes it depend on content alone, -no_uuid leaves it out (dyld of SDK 12 and later wants one).";
pub const UUID_KEPT: &str = "LC_UUID is the same although the code differs: the file was edited after it was linked, or -no_uuid is replaced by a fixed value; crash reports cannot tell the two apart.";
pub const MIN_OS: &str = "It was built for another oldest macOS; set MACOSX_DEPLOYMENT_TARGET (or -mmacosx-version-min) to the same value.";
pub const SDK: &str = "It was built against another SDK; choose the same Xcode with DEVELOPER_DIR, or pass -platform_version (once -sdk_version) to the linker.";
pub const TOOLS: &str = "Another version of the compiler or linker made it; build with the same Xcode.";
pub const PLATFORM: &str = "It is made for another platform.";
pub const VERSION_COMMAND: &str = "Linkers write LC_VERSION_MIN_MACOSX for macOS before 10.14 and LC_BUILD_VERSION from then on; set MACOSX_DEPLOYMENT_TARGET to the same value.";
pub const SOURCE_VERSION: &str =
    "The project's version was handed to the linker; pass the same -source_version, or none.";
pub const INSTALL_NAME: &str = "The library calls itself by another name, by which every image that is linked against it will ask for it.";
pub const INSTALL_FOLDER: &str =
    "Only the folder of the build machine in the install name differs; link with -install_name @rpath/….";
pub const OWN_VERSION: &str =
    "The library states another version of itself (-current_version, -compatibility_version).";
pub const DYLIB: &str = "It asks for other libraries; compare what is handed to the linker.";
pub const DYLIB_NAME: &str = "It asks for the same library by another name.";
pub const DYLIB_FOLDER: &str = "It asks for the same library in another folder of the build machine; give that library an @rpath install name, or always build in the same place.";
pub const DYLIB_KIND: &str =
    "The library is asked for in another way: required, weak, re-exported or upward.";
pub const DYLIB_VERSION: &str = "It was linked against another version of this library.";
pub const SYSTEM_VERSION: &str = "The version of this library is the one of the SDK that it was linked against; use the same SDK, or a stub of a fixed version.";
pub const DYLIB_ORDER: &str = "The libraries stand in another order, which decides which of two equal symbols is found and numbers all imports; keep the order of the linker's arguments.";
pub const TIME_STAMP: &str = "The time stamp of a library is kept by old linkers; dyld does not look at it.";
pub const RPATH: &str = "Other folders are searched for @rpath; set the same -rpath options.";
pub const RPATH_FOLDER: &str = "The rpath is a folder of the build machine; take it out with install_name_tool -delete_rpath, or set CMAKE_SKIP_BUILD_RPATH.";
pub const RPATH_ORDER: &str = "The folders for @rpath are searched in another order.";
pub const LINKAGE: &str = "The linker was told otherwise how this image is loaded or used.";
pub const DYLD_ENVIRONMENT: &str = "The linker was given another -dyld_env.";
pub const NOTE: &str = "A note of a tool; it changes nothing that runs.";
pub const LINKER_OPTION: &str =
    "The compiler asks the linker for other libraries; another SDK or other imports bring others.";
pub const ENTRY_POINT: &str = "The program starts at another place of the same code.";
pub const STACK_SIZE: &str = "The main thread gets another stack (-stack_size).";
pub const SEGMENT_RIGHTS: &str = "What may be written or executed in this segment differs (-segprot).";
pub const SECTION_FLAGS: &str =
    "The section is of another type, by which dyld and the debugger decide what is done with it.";
pub const LAYOUT: &str = "A position or size in the file, which follows from what stands before it.";
pub const SEGMENT: &str = "The linker made other segments or sections.";
pub const COMMAND: &str = "One linker writes this load command and the other does not.";
pub const COMMAND_ORDER: &str = "The load commands stand in another order; every linker has its own.";
pub const FIXUPS_FORMAT: &str = "Pointers are fixed up by chains instead of opcodes, which linkers choose by the oldest macOS (12, or 13 for Intel programs); set MACOSX_DEPLOYMENT_TARGET to the same value, or -fixup_chains / -no_fixup_chains.";
pub const ENCRYPTED: &str = "One side is encrypted as by the App Store.";

// Contents.
pub const SECTION: &str = "The section holds other bytes: other source, another compiler, or other options.";
pub const SECTION_MOVED: &str = "The section is as long and stands at another address, so what it refers to is at another distance; longer load commands push code down: link both with -headerpad_max_install_names and compare again.";
pub const SECTION_ADDED: &str =
    "Only one side has this section: other source, another compiler, or other options.";
pub const DEBUG_SECTION: &str = "Debug information names the folders and tools of the build; compile with -fdebug-prefix-map=FOLDER=., or strip with `strip -S`.";
pub const GAP: &str = "These bytes stand in a segment but in no section; linkers leave zeros there.";
pub const PADDING: &str = "Only bytes that nothing describes differ: padding between the parts of the file.";
pub const EXPORT: &str = "It offers other symbols: other source, or another -exported_symbols_list.";
pub const EXPORT_KIND: &str = "The symbol is offered in another way.";
pub const IMPORT: &str =
    "It uses other symbols: other source, or another SDK that maps a function to another one.";
pub const IMPORT_LIBRARY: &str =
    "The symbol is taken from another library; compare the order of the libraries and the SDK.";
pub const IMPORT_WEAK: &str = "The symbol may be missing on one side; that follows from the oldest macOS that the SDK's headers are used for (MACOSX_DEPLOYMENT_TARGET).";
pub const SYMBOLS_UNREADABLE: &str = "The tables of symbols cannot be read on one side.";
pub const LOCALS: &str = "Local symbols help debuggers alone; strip both with `strip -x`, or neither.";
pub const OBJECT_TIME: &str =
    "The debug map keeps when each object file was changed; set ZERO_AR_DATE=1 while linking.";
pub const OBJECT_PATH: &str = "The debug map keeps the paths of the object files; link with -Wl,-oso_prefix,FOLDER, or strip with `strip -S`.";
pub const OBJECT_SET: &str = "Other object files were linked, or one side is stripped.";
pub const SOURCE_PATH: &str = "The debug map keeps the paths of the sources; compile with -fdebug-prefix-map=FOLDER=., or strip with `strip -S`.";
pub const FIXUPS: &str = "Other pointers are filled in when it is loaded.";
pub const FIXUPS_FOLLOW: &str = "The tables of imports number the libraries, whose list differs.";
pub const LINKEDIT: &str = "A table for tools and dyld, which follows from code and linker.";

// Signatures.
pub const SIGNATURE_ADDED: &str = "Only one side is signed; sign both, or compare before signing.";
pub const SIGNATURE: &str = "Signing writes this; a signature is made anew each time, so compare builds before they are signed, or sign both with the same identity and options.";
pub const CDHASH: &str =
    "The hash of the code directory follows from every other byte of the file; it is equal when all else is.";
pub const CMS: &str =
    "An identity's signature holds the time of signing and a server's time stamp: no two are equal.";
pub const SIGNATURE_FLAGS: &str = "The flags decide what the system enforces (the hardened runtime is one); sign both with the same --options.";
pub const ENTITLEMENT: &str = "The program is allowed other things; sign both with the same --entitlements.";
pub const BOUND: &str = "The signature binds this file by its hash, which follows from the file.";
pub const SEAL: &str = "The seal lists the hash of every file of the bundle; it follows from them and from the signatures of nested code.";
pub const SIGNATURE_FILE: &str =
    "codesign, notarization or a profile leaves this file; it is no part of the build.";
pub const SIGNATURE_BROKEN: &str = "The signature cannot be read on one side.";
pub const SIGNATURE_BYTES: &str = "The signatures say the same and are laid out differently.";

// Property lists.
pub const PLIST_TOOLS: &str = "Xcode notes here with which tools and on which macOS it was built; use the same Xcode, or take these keys out.";
pub const PLIST_MIN_OS: &str = "Xcode fills it from MACOSX_DEPLOYMENT_TARGET; set that to the same value.";
pub const PLIST_VERSION: &str =
    "The version of the app; numbers that a build counts up by itself differ each time.";
pub const PLIST_VALUE: &str = "The values differ.";
pub const PLIST_FORMAT: &str = "One is written in binary form and the other as XML with the same values; `plutil -convert` writes either.";
pub const PLIST_SPELLING: &str = "The values are equal; only the order of keys or the white space differs.";

/// A file that one side has alone.
pub fn only(path: &str, is_code: bool) -> (Class, Cow<'static, str>) {
    let name = path.rsplit('/').next().unwrap_or_default();
    if is_of_signature(path) {
        return (Class::Signature, SIGNATURE_FILE.into());
    }
    if path.split('/').any(|part| matches!(part, ".DS_Store" | "__MACOSX" | ".fseventsd"))
        || name.starts_with("._")
    {
        let why = "The Finder or an archiver leaves it beside the files; it is no part of the build.";
        return (Class::Environment, why.into());
    }
    if path.split('/').any(|part| part.ends_with(".dSYM")) {
        return (Class::Environment, "Debug symbols are made beside the build, or left out.".into());
    }
    let why = match is_code {
        true => "Only one side has this image; what loads it will miss it on the other.",
        false => "Only one side has this file.",
    };
    (Class::Content, why.into())
}

/// Files that signing makes.
pub fn is_of_signature(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    folder == "_CodeSignature"
        || matches!(folder, "" | "Contents") && name == "CodeResources"
        || matches!(name, "_CodeSignature" | "embedded.provisionprofile")
}

/// Whether a name leads to a folder that only the machine which built it has.
pub fn is_build_folder(name: &str, is_system: impl Fn(&str) -> bool) -> bool {
    name.starts_with('/') && !is_system(name)
}
