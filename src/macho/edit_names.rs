//! What edits make of the names of one slice: the half of an edit that bytes and model share.

use std::collections::BTreeMap;

use super::edit::{EditError, LoadCommandEdit, signature_reserve};
use super::name_command::{NameKind, fixed_size, smallest_size};
use super::{Arch, Slice};

/// One name, with what it was before the edits.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub text: String,
    /// Which command of its kind carried it, and what it said; `None` for an added one.
    pub source: Option<(usize, String)>,
    fixed: usize,
}

/// The names of one slice; each list is in the order of the load commands, added ones last.
#[derive(Debug, Clone)]
pub(super) struct Names {
    arch: Arch,
    pub id: Option<Name>,
    pub uses: Vec<Name>,
    pub rpaths: Vec<Name>,
}

impl Names {
    /// The names after `edits`.
    pub fn edited(slice: &Slice, edits: &[LoadCommandEdit]) -> Result<Names, EditError> {
        let mut names = Names::of(slice);
        for edit in edits {
            names.apply(edit)?;
        }
        for (kind, list) in [("dylib", &names.uses), ("LC_RPATH", &names.rpaths)] {
            if let Some(text) = new_duplicate(list) {
                return Err(EditError::WouldDuplicate { arch: slice.arch, what: format!("{kind} {text}") });
            }
        }
        Ok(names)
    }

    /// What [`Slice::header_room`] becomes.
    pub fn room_left(&self, slice: &Slice) -> Result<u64, EditError> {
        let (before, after) = (Names::of(slice).size(), self.size());
        let available = slice.header_room.saturating_add(before);
        let wanted = after.saturating_add(signature_reserve(slice));
        // What shrinks always fits, even where there never was room for a signature.
        if after > before && wanted > available {
            return Err(EditError::NoRoom { arch: slice.arch, missing: wanted - available });
        }
        Ok(available.saturating_sub(after))
    }

    fn of(slice: &Slice) -> Names {
        let name = |index, text: &str, kind, use_flags| Name {
            text: text.to_owned(),
            source: Some((index, text.to_owned())),
            fixed: fixed_size(kind, use_flags),
        };
        let uses = slice.uses.iter().enumerate();
        let rpaths = slice.rpaths.iter().enumerate();
        Names {
            arch: slice.arch,
            id: slice.install_name.as_ref().map(|id| name(0, id.as_str(), NameKind::Id, 0)),
            uses: uses.map(|(at, it)| name(at, it.name.as_str(), NameKind::Use, it.use_flags)).collect(),
            rpaths: rpaths.map(|(at, it)| name(at, it.as_str(), NameKind::Rpath, 0)).collect(),
        }
    }

    fn apply(&mut self, edit: &LoadCommandEdit) -> Result<(), EditError> {
        let arch = self.arch;
        let missing = |what: String| EditError::NotFound { arch, what };
        match edit {
            LoadCommandEdit::SetId(id) => {
                let name = self.id.as_mut().ok_or_else(|| missing("LC_ID_DYLIB".to_owned()))?;
                name.text = checked(id.as_str())?;
            }
            LoadCommandEdit::ChangeUse { from, to } => {
                let to = checked(to.as_str())?;
                let mut named = self.uses.iter_mut().filter(|name| name.text == from.as_str()).peekable();
                if named.peek().is_none() {
                    return Err(missing(format!("dylib {from}")));
                }
                let is_for_repeats = respelled(from.as_str(), 1).as_ref() == Some(&to);
                let first = if is_for_repeats { from.as_str() } else { &to };
                for (repeat, name) in named.enumerate() {
                    name.text = respelled(first, repeat).unwrap_or_else(|| to.clone());
                }
            }
            LoadCommandEdit::AddRpath(path) => {
                let fixed = fixed_size(NameKind::Rpath, 0);
                self.rpaths.push(Name { text: checked(path.as_str())?, source: None, fixed });
            }
            LoadCommandEdit::ReplaceRpath { from, to } => {
                let first = self.rpaths.iter_mut().find(|name| name.text == from.as_str());
                first.ok_or_else(|| missing(format!("LC_RPATH {from}")))?.text = checked(to.as_str())?;
            }
            LoadCommandEdit::DeleteRpath(path) => {
                let last = self.rpaths.iter().rposition(|name| name.text == path.as_str());
                self.rpaths.remove(last.ok_or_else(|| missing(format!("LC_RPATH {path}")))?);
            }
        }
        Ok(())
    }

    /// Bytes of all commands with a name, without padding.
    fn size(&self) -> u64 {
        let alignment = if self.arch.is_64_bit() { 8 } else { 4 };
        let names = self.id.iter().chain(&self.uses).chain(&self.rpaths);
        names.map(|name| smallest_size(name.fixed, &name.text, alignment) as u64).sum()
    }
}

/// `@rpath/libx.dylib` → `@rpath/./libx.dylib` and so on: the same file under a text of its own. dyld compares the texts of one
/// image with `strcmp` (`mach_o/Policy.cpp`) and knows the file again by its inode (`Loader.cpp`). Only for names that
/// lead to a file: those of macOS must be what the shared cache has.
pub fn respelled(name: &str, times: usize) -> Option<String> {
    let (variable, rest) = name.split_once('/').filter(|(variable, _)| variable.starts_with('@'))?;
    Some(format!("{variable}/{}{rest}", "./".repeat(times)))
}

/// A name that two commands have now and had not before: not one that merely was there twice already.
fn new_duplicate(names: &[Name]) -> Option<&str> {
    let mut first_with: BTreeMap<&str, &Name> = BTreeMap::new();
    names.iter().find_map(|name| {
        let first = *first_with.entry(&name.text).or_insert(name);
        let was = |name: &Name| name.source.as_ref().map(|(_, text)| text.clone());
        let is_new = !std::ptr::eq(first, name) && (was(name).is_none() || was(name) != was(first));
        is_new.then_some(name.text.as_str())
    })
}

fn checked(text: &str) -> Result<String, EditError> {
    if text.contains('\0') {
        return Err(EditError::Malformed(format!("a name in a load command cannot hold a NUL: {text:?}")));
    }
    Ok(text.to_owned())
}
