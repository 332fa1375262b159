//! What signed code calls itself when its old signature does not say (Security, `DiskRep::recommendedIdentifier`,
//! `canonicalIdentifier` and `signer.cpp`).

use super::digest::{HashType, hex};
use crate::bundle::{Image, InfoPlist};
use crate::macho::Arch;

/// The name of a file or folder without its extension and with the first number of its version alone: `mumble.77` of
/// `mumble.77.plugin`, `foo.2` of `foo.2.3.4` (`DiskRep::canonicalIdentifier`).
pub(super) fn canonical(file_name: &str) -> &str {
    let is_digit = |c: char| c.is_ascii_digit();
    let without_extension = match file_name.rsplit_once('.') {
        // A number, or nothing, is no extension; and a name has to be left.
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => {
            if extension.starts_with(is_digit) { file_name } else { stem }
        }
        _ => file_name,
    };
    if without_extension.starts_with(|c| is_digit(c) || c == '.') {
        return without_extension;
    }
    let name = without_extension.trim_end_matches(|c| is_digit(c) || c == '.');
    let version = without_extension.strip_prefix(name).unwrap_or_default();
    let (dot, number) = version.strip_prefix('.').map_or(("", version), |rest| (".", rest));
    let first = number.len() - number.trim_start_matches(is_digit).len();
    without_extension.get(..name.len() + dot.len() + first).unwrap_or(without_extension)
}

/// What a bundle's Info.plist calls it.
pub(super) fn of_info(info: &InfoPlist) -> Option<&str> {
    ["CFBundleIdentifier", "CFBundleName"]
        .into_iter()
        .find_map(|key| info.string(key))
        .filter(|name| is_usable(name))
}

/// `name`, made unique as ad hoc signing does when it has no dot: by the UUID of the code, else by a hash of the name.
pub(super) fn unique(name: &str, image: Option<&Image>) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    let slices = image.map(|image| &image.file.slices[..]).unwrap_or_default();
    let native = slices.iter().find(|slice| slice.arch == Arch::ARM64).or(slices.first());
    let uuid =
        native.and_then(|slice| slice.uuid.as_deref()).map(|uuid| uuid.replace('-', "").to_lowercase());
    // "UUID" in ASCII, then its bytes: MachORep::identificationFor.
    let suffix = match uuid {
        Some(uuid) => format!("55554944{uuid}"),
        None => hex(&HashType::Sha1.digest(name.as_bytes())),
    };
    format!("{name}-{suffix}")
}

/// An identifier ends at its first NUL and must have something in it.
pub(super) fn is_usable(identifier: &str) -> bool {
    !identifier.is_empty() && !identifier.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_and_all_of_a_version_but_its_first_number_go() {
        let names = [
            ("libz.dylib", "libz"),
            ("libfrotz7.3.5.dylib", "libfrotz7"),
            ("mumble.77.plugin", "mumble.77"),
            ("rumble.rb", "rumble"),
            ("foo.2.3.4", "foo.2"),
            ("foo.9", "foo.9"),
            ("libSDL2-2.0.0.dylib", "libSDL2-2"),
            ("Foo 1.2.3.dmg", "Foo 1"),
            ("Safent_0.9.0_aarch64.dmg", "Safent_0.9.0_aarch64"),
            ("Grüße.1.dmg", "Grüße.1"),
            ("7.1.zip", "7.1"),
            ("a.", "a."),
            ("tool", "tool"),
            (".x", ".x"),
            ("3", "3"),
            ("", ""),
        ];
        assert_eq!(names.map(|(name, _)| canonical(name)), names.map(|(_, identifier)| identifier));
    }

    #[test]
    fn only_a_name_without_a_dot_is_made_unique() {
        assert_eq!(unique("org.example", None), "org.example");
        assert_eq!(unique("tool", None).len(), "tool-".len() + 40);
    }
}
