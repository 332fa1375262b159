//! What is to change in the load commands of one file, kept as the wished-for result so that planning may change its mind.

use std::collections::BTreeMap;

use super::edit::{Edit, PlannedEdit, Safety};
use crate::macho::{InstallName, Rpath};
use crate::paths::BundlePath;

/// The rule that asked for something.
pub(super) type Reason = &'static str;

/// One file's wishes. Keys are the texts that the file on disk has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rewrite {
    pub id: Option<(InstallName, InstallName, Reason)>,
    pub uses: BTreeMap<InstallName, (InstallName, Reason)>,
    /// `true` keeps the first of equal ones.
    pub delete: BTreeMap<Rpath, (bool, Reason)>,
    pub add: Option<(Rpath, Reason)>,
}

impl Rewrite {
    /// The text that the file on disk has where the model now says `name`.
    pub fn original(&self, name: &InstallName) -> InstallName {
        let mut changed = self.uses.iter().filter(|(_, (to, _))| to == name);
        changed.next().map_or_else(|| name.clone(), |(from, _)| from.clone())
    }

    /// In the order in which they are shown and made. A new rpath takes the place of one that goes.
    pub fn edits(&self, path: &BundlePath) -> Vec<PlannedEdit> {
        let mut edits = Vec::new();
        let mut push = |edit: Edit, reason: Reason| {
            let header_bytes = edit.header_bytes();
            edits.push(PlannedEdit { edit, reason, safety: Safety::Safe, header_bytes });
        };
        if let Some((from, to, reason)) = &self.id {
            push(Edit::SetId { path: path.clone(), from: from.clone(), to: to.clone() }, reason);
        }
        for (from, (to, reason)) in self.uses.iter().filter(|(from, (to, _))| *from != to) {
            push(Edit::ChangeUse { path: path.clone(), from: from.clone(), to: to.clone() }, reason);
        }
        let replaced =
            self.add.as_ref().and_then(|_| self.delete.iter().find(|(_, (keep_first, _))| !keep_first));
        match (&self.add, replaced) {
            (Some((to, _)), Some((from, (_, reason)))) => {
                push(Edit::ReplaceRpath { path: path.clone(), from: from.clone(), to: to.clone() }, reason);
            }
            (Some((rpath, reason)), None) => {
                push(Edit::AddRpath { path: path.clone(), rpath: rpath.clone() }, reason)
            }
            _ => {}
        }
        for (rpath, (keep_first, reason)) in &self.delete {
            if replaced.is_none_or(|(taken, _)| taken != rpath) {
                let edit =
                    Edit::DeleteRpath { path: path.clone(), rpath: rpath.clone(), keep_first: *keep_first };
                push(edit, reason);
            }
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_rpath_takes_the_place_of_one_that_goes() {
        let path = BundlePath::new("Contents/MacOS/app").unwrap();
        let rewrite = Rewrite {
            delete: BTreeMap::from([(Rpath::new("/out"), (false, "r")), (Rpath::new("/twice"), (true, "d"))]),
            add: Some((Rpath::new("@executable_path/../Frameworks"), "a")),
            ..Rewrite::default()
        };
        let kinds: Vec<&str> = rewrite.edits(&path).iter().map(|planned| planned.edit.kind()).collect();
        assert_eq!(kinds, ["replace_rpath", "delete_rpath"]);
    }
}
