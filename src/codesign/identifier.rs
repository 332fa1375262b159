//! What signed code calls itself when its old signature does not say (Security, `DiskRep::recommendedIdentifier`,
//! `canonicalIdentifier` and `signer.cpp`).

use super::digest::{HashType, hex};
use crate::bundle::{Image, InfoPlist};
use crate::macho::Arch;

/// The name of a file or folder without its extension and without a version in numbers.
pub(super) fn canonical(file_name: &str) -> &str {
    let mut name = file_name;
    if let Some((stem, extension)) = name.rsplit_once('.')
        && !stem.is_empty()
        && !is_number(extension)
    {
        name = stem;
    }
    while let Some((stem, number)) = name.rsplit_once('.')
        && !stem.is_empty()
        && is_number(number)
    {
        name = stem;
    }
    name
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

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_and_versions_go() {
        let names =
            ["libz.dylib", "libssl.3.dylib", "libFLAC.8.2.0.dylib", "tool", "libSDL2-2.0.0.dylib", ".x", "3"];
        assert_eq!(names.map(canonical), ["libz", "libssl", "libFLAC", "tool", "libSDL2-2", ".x", "3"]);
    }

    #[test]
    fn only_a_name_without_a_dot_is_made_unique() {
        assert_eq!(unique("org.example", None), "org.example");
        assert_eq!(unique("tool", None).len(), "tool-".len() + 40);
    }
}
