//! Edits of load commands with the verbs of `install_name_tool`, on bytes and on the model alike.
//!
//! Rules: dylib commands are never removed or reordered (their position is the ordinal that binds refer to); freed
//! bytes are zeroed; nothing is ever written at or past the first section; 16 bytes stay free for LC_CODE_SIGNATURE
//! while a slice has none.

use std::collections::BTreeMap;
use std::fmt;

use super::edit_names::Names;
pub use super::edit_names::respelled;
use super::edit_write::write;
use super::read::read_slice;
use super::{Arch, InstallName, ReadError, Rpath, SignatureState, Slice, fat};

/// One change to the load commands of one slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadCommandEdit {
    /// Replace the text of LC_ID_DYLIB.
    SetId(InstallName),
    /// Replace the text of every dylib command that names `from`; kind, versions and order stay. Where several do, each
    /// after the first gets another spelling of `to`. A `to` that is [`respelled`] `from` leaves the first as it is.
    ChangeUse { from: InstallName, to: InstallName },
    /// Append an LC_RPATH after the existing load commands.
    AddRpath(Rpath),
    /// Replace the text of the first LC_RPATH that says `from`.
    ReplaceRpath { from: Rpath, to: Rpath },
    /// Remove the last LC_RPATH that says this, so that of two equal ones the first keeps its place.
    DeleteRpath(Rpath),
}

/// Why a slice cannot be edited as asked. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditError {
    /// The commands would reach `missing` bytes past the room before the first section.
    NoRoom { arch: Arch, missing: u64 },
    /// There is no such command to change.
    NotFound { arch: Arch, what: String },
    /// The result would hold the same LC_RPATH or dylib name twice, which newer dyld refuses.
    WouldDuplicate { arch: Arch, what: String },
    /// The bytes are not a Mach-O slice that can be edited.
    Malformed(String),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EditError::NoRoom { arch, missing } => write!(
                f,
                "the {arch} header has {missing} bytes too few for this; relink with -Wl,-headerpad_max_install_names"
            ),
            EditError::NotFound { arch, what } => write!(f, "the {arch} slice has no {what}"),
            EditError::WouldDuplicate { arch, what } => write!(f, "the {arch} slice would have {what} twice"),
            EditError::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for EditError {}

impl From<ReadError> for EditError {
    fn from(error: ReadError) -> Self {
        EditError::Malformed(format!("the file {error}"))
    }
}

/// `sizeof(linkedit_data_command)`: kept free for LC_CODE_SIGNATURE while a slice has none.
pub(super) fn signature_reserve(slice: &Slice) -> u64 {
    if slice.signature.state == SignatureState::None { 16 } else { 0 }
}

/// Applies `edits` in order to the bytes of one slice, of which only the load commands change.
///
/// Commands that no edit names keep their bytes, unless space is short: then padding that names do not need is
/// taken back.
///
/// # Errors
/// [`EditError`]; the bytes are then as they were.
pub fn edit_bytes(slice: &mut [u8], edits: &[LoadCommandEdit]) -> Result<(), EditError> {
    if edits.is_empty() {
        return Ok(());
    }
    let before = read_slice(slice)?;
    let names = Names::edited(&before, edits)?;
    names.room_left(&before)?;
    write(slice, &names, signature_reserve(&before))
}

/// The same on the model: `read(edit_bytes(b, e)) == edit_model(read(b), e)`.
///
/// # Errors
/// The same [`EditError`] as [`edit_bytes`], but for [`EditError::Malformed`] about commands that no linker lays out
/// so: what the model cannot know.
pub fn edit_model(slice: &Slice, edits: &[LoadCommandEdit]) -> Result<Slice, EditError> {
    if edits.is_empty() {
        return Ok(slice.clone());
    }
    let names = Names::edited(slice, edits)?;
    let header_room = names.room_left(slice)?;
    let mut uses = slice.uses.clone();
    for (dylib_use, name) in uses.iter_mut().zip(&names.uses) {
        dylib_use.name = InstallName::new(name.text.clone());
    }
    Ok(Slice {
        install_name: names.id.map(|name| InstallName::new(name.text)),
        uses,
        rpaths: names.rpaths.into_iter().map(|name| Rpath::new(name.text)).collect(),
        header_room,
        ..slice.clone()
    })
}

/// A copy of the file with the edits of each architecture applied; every other slice stays byte for byte.
///
/// # Errors
/// [`EditError`], also when an architecture is not in the file.
pub fn edit_file(bytes: &[u8], edits: &BTreeMap<Arch, Vec<LoadCommandEdit>>) -> Result<Vec<u8>, EditError> {
    let places = fat::slices(bytes)?;
    let mut file = bytes.to_vec();
    for (arch, edits) in edits {
        let place = places.iter().find(|(known, _)| known == arch);
        let slice = place.and_then(|(_, range)| file.get_mut(range.clone()));
        let slice = slice.ok_or_else(|| EditError::Malformed(format!("the file has no {arch} slice")))?;
        edit_bytes(slice, edits)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::super::header::Header;
    use super::super::read::read;
    use super::super::sample::{Sample, signature};
    use super::LoadCommandEdit::{AddRpath, ChangeUse, DeleteRpath, ReplaceRpath, SetId};
    use super::*;
    use crate::macho::{Container, LoadKind};

    fn id(text: &str) -> InstallName {
        InstallName::new(text)
    }

    fn rpath(text: &str) -> Rpath {
        Rpath::new(text)
    }

    fn sample(room: usize) -> Sample {
        Sample {
            install_name: Some("/opt/lib/libme.1.dylib".into()),
            uses: vec![
                (LoadKind::Required, "/opt/lib/liba.dylib".into()),
                (LoadKind::Weak, "/opt/lib/libb.dylib".into()),
                (LoadKind::Delayed, "/opt/lib/liba.dylib".into()),
            ],
            rpaths: vec!["/opt/lib".into(), "@loader_path".into(), "/opt/lib".into()],
            room,
            ..Sample::new(Arch::ARM64)
        }
    }

    fn edited(bytes: &[u8], edits: &[LoadCommandEdit]) -> Slice {
        let mut changed = bytes.to_vec();
        edit_bytes(&mut changed, edits).unwrap();
        let low = Header::parse(bytes).unwrap().low_fileoff().unwrap() as usize;
        assert_eq!(changed[low..], bytes[low..], "only load commands change");
        let slice = read_slice(&changed).unwrap();
        assert_eq!(slice, edit_model(&read_slice(bytes).unwrap(), edits).unwrap());
        slice
    }

    fn refused(bytes: &[u8], edits: &[LoadCommandEdit]) -> EditError {
        let mut changed = bytes.to_vec();
        let error = edit_bytes(&mut changed, edits).unwrap_err();
        assert_eq!(changed, bytes, "a refused edit changes nothing");
        assert_eq!(edit_model(&read_slice(bytes).unwrap(), edits), Err(error.clone()));
        error
    }

    #[test]
    fn a_longer_id_moves_the_commands_after_it() {
        let bytes = sample(256).build();
        let long = id(&format!("@rpath/{}.dylib", "x".repeat(100)));
        let slice = edited(&bytes, &[SetId(long.clone())]);
        assert_eq!(slice.install_name, Some(long));
        assert_eq!(slice.rpaths, read_slice(&bytes).unwrap().rpaths);
    }

    #[test]
    fn changing_a_use_keeps_kind_versions_flags_and_order() {
        let bytes = sample(64).build();
        let before = read_slice(&bytes).unwrap();
        let slice =
            edited(&bytes, &[ChangeUse { from: id("/opt/lib/libb.dylib"), to: id("@rpath/libb.dylib") }]);
        assert_eq!(slice.uses[1].name.as_str(), "@rpath/libb.dylib");
        let rest = |slice: &Slice| {
            slice
                .uses
                .iter()
                .map(|it| (it.kind, it.current, it.compatibility, it.use_flags))
                .collect::<Vec<_>>()
        };
        assert_eq!(rest(&slice), rest(&before));
        let both =
            edited(&bytes, &[ChangeUse { from: id("/opt/lib/liba.dylib"), to: id("@rpath/liba.dylib") }]);
        let names = [0, 2].map(|at: usize| both.uses[at].name.as_str());
        assert_eq!(
            names,
            ["@rpath/liba.dylib", "@rpath/./liba.dylib"],
            "every command that names it is changed"
        );
        assert_eq!(both.uses[2].use_flags, 8);
    }

    #[test]
    fn freed_bytes_are_zeroed() {
        let bytes = sample(0).build();
        let mut changed = bytes.clone();
        edit_bytes(&mut changed, &[SetId(id("x")), DeleteRpath(rpath("@loader_path"))]).unwrap();
        let header = Header::parse(&changed).unwrap();
        let freed = header.commands_end()..header.low_fileoff().unwrap() as usize;
        assert_eq!(freed.len(), 16 + 32);
        assert!(changed[freed].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn an_rpath_is_added_last_replaced_first_and_deleted_from_the_end() {
        let bytes = sample(256).build();
        let paths = |edits: &[LoadCommandEdit]| {
            edited(&bytes, edits).rpaths.into_iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            paths(&[AddRpath(rpath("@executable_path/../Frameworks"))]),
            ["/opt/lib", "@loader_path", "/opt/lib", "@executable_path/../Frameworks"]
        );
        assert_eq!(paths(&[DeleteRpath(rpath("/opt/lib"))]), ["/opt/lib", "@loader_path"]);
        assert_eq!(
            paths(&[ReplaceRpath { from: rpath("/opt/lib"), to: rpath("@loader_path/..") }]),
            ["@loader_path/..", "@loader_path", "/opt/lib"]
        );
    }

    #[test]
    fn duplicates_are_judged_by_the_result_of_the_whole_list() {
        let bytes = sample(256).build();
        let twice = |what: &str| EditError::WouldDuplicate { arch: Arch::ARM64, what: what.into() };
        assert_eq!(refused(&bytes, &[AddRpath(rpath("@loader_path"))]), twice("LC_RPATH @loader_path"));
        edited(&bytes, &[AddRpath(rpath("@loader_path")), DeleteRpath(rpath("@loader_path"))]);
        let to_b = ChangeUse { from: id("/opt/lib/liba.dylib"), to: id("/opt/lib/libb.dylib") };
        assert_eq!(refused(&bytes, std::slice::from_ref(&to_b)), twice("dylib /opt/lib/libb.dylib"));
        edited(&bytes, &[ChangeUse { from: id("/opt/lib/libb.dylib"), to: id("b") }, to_b]);
    }

    #[test]
    fn a_name_that_was_there_twice_is_spelled_differently_the_second_time() {
        let uses = |uses: &[(LoadKind, &str)]| Sample {
            uses: uses.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect(),
            ..Sample::new(Arch::ARM64)
        };
        let twice =
            uses(&[(LoadKind::Required, "@rpath/a"), (LoadKind::Weak, "@rpath/a"), (LoadKind::Weak, "c")]);
        let names = |to: &str| -> Vec<String> {
            let edit = ChangeUse { from: id("@rpath/a"), to: id(to) };
            edited(&twice.build(), &[edit]).uses.iter().map(|used| used.name.to_string()).collect()
        };
        assert_eq!(names("@rpath/./a"), ["@rpath/a", "@rpath/./a", "c"]);
        assert_eq!(names("@loader_path/a"), ["@loader_path/a", "@loader_path/./a", "c"]);
        assert_eq!(respelled("/usr/lib/libz.1.dylib", 1), None);
    }

    #[test]
    fn what_is_not_there_cannot_be_changed() {
        let bytes = Sample::new(Arch::ARM64).build();
        let not_found = |what: &str| EditError::NotFound { arch: Arch::ARM64, what: what.into() };
        assert_eq!(refused(&bytes, &[SetId(id("x"))]), not_found("LC_ID_DYLIB"));
        assert_eq!(refused(&bytes, &[DeleteRpath(rpath("/x"))]), not_found("LC_RPATH /x"));
        assert_eq!(refused(&bytes, &[ChangeUse { from: id("/x"), to: id("/y") }]), not_found("dylib /x"));
    }

    #[test]
    fn room_for_a_signature_stays_free_until_there_is_one() {
        // LC_RPATH "/opt/more" takes 24 bytes.
        let more = [AddRpath(rpath("/opt/more"))];
        let missing = |missing| EditError::NoRoom { arch: Arch::ARM64, missing };
        assert_eq!(refused(&sample(24).build(), &more), missing(16));
        assert_eq!(refused(&sample(32).build(), &more), missing(8));
        assert_eq!(edited(&sample(40).build(), &more).header_room, 16);
        let signed = Sample { signature: Some(signature("me", 2)), ..sample(24) };
        assert_eq!(edited(&signed.build(), &more).header_room, 0);
        edited(&sample(0).build(), &[SetId(id("/opt/lib/libyou.1.dyli"))]);
    }

    #[test]
    fn padding_gives_way_when_space_is_short() {
        let padded = Sample { name_padding: 8, signature: Some(signature("me", 2)), ..sample(0) };
        assert_eq!(edited(&padded.build(), &[AddRpath(rpath("/opt/more"))]).header_room, 7 * 8 - 24);
    }

    #[test]
    fn a_nul_in_a_name_is_refused() {
        assert!(matches!(refused(&sample(99).build(), &[SetId(id("a\0b"))]), EditError::Malformed(_)));
    }

    #[test]
    fn other_slices_of_a_file_stay_byte_for_byte() {
        let pieces = [Arch::X86_64, Arch::ARM64].map(|arch| Sample { arch, ..sample(256) }.build());
        let file = fat::assemble_fat(Container::Fat, &pieces).unwrap();
        let edits = BTreeMap::from([(Arch::ARM64, vec![AddRpath(rpath("/new"))])]);
        let changed = edit_file(&file, &edits).unwrap();
        let arm64 = fat::slices(&file).unwrap()[1].1.clone();
        assert_eq!(changed.len(), file.len());
        assert_eq!(changed[..arm64.start], file[..arm64.start]);
        assert_eq!(read(&changed).unwrap().slices[1].rpaths.last(), Some(&rpath("/new")));
        let absent = BTreeMap::from([(Arch::ARM64E, vec![])]);
        assert_eq!(edit_file(&file, &absent).unwrap_err().to_string(), "the file has no arm64e slice");
    }
}
