//! Undo and redo of a design: one step for each change, however long the drag or the typing that made it.

use crate::dmg::DmgSpec;

/// Steps that are kept.
const KEPT: usize = 200;

/// What the design was, and what was taken back. The volume's icon is left out: nothing here changes it, and it is large.
#[derive(Default)]
pub struct History {
    past: Vec<DmgSpec>,
    future: Vec<DmgSpec>,
    /// As it was when it last came to rest.
    rest: Option<DmgSpec>,
}

pub fn light(spec: &DmgSpec) -> DmgSpec {
    DmgSpec { volume_icon: None, ..spec.clone() }
}

pub fn same(a: &DmgSpec, b: &DmgSpec) -> bool {
    (&a.volume_name, &a.items, &a.layout, a.format, a.partition_map, a.level)
        == (&b.volume_name, &b.items, &b.layout, b.format, b.partition_map, b.level)
}

impl History {
    /// Takes note of a design that nothing is being dragged in or typed into.
    pub fn rest(&mut self, spec: &DmgSpec) {
        match &self.rest {
            Some(rest) if same(rest, spec) => return,
            Some(rest) => {
                self.past.push(rest.clone());
                self.past.drain(..self.past.len().saturating_sub(KEPT));
                self.future.clear();
            }
            None => {}
        }
        self.rest = Some(light(spec));
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Takes the last change of `spec` back.
    pub fn undo(&mut self, spec: &mut DmgSpec) {
        self.rest(spec); // what was changed in this very frame
        let Some(before) = self.past.pop() else { return };
        self.future.push(light(spec));
        self.take(before, spec);
    }

    pub fn redo(&mut self, spec: &mut DmgSpec) {
        let Some(after) = self.future.pop() else { return };
        self.past.push(light(spec));
        self.take(after, spec);
    }

    fn take(&mut self, other: DmgSpec, spec: &mut DmgSpec) {
        *spec = DmgSpec { volume_icon: spec.volume_icon.take(), ..other.clone() };
        self.rest = Some(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn changes_are_taken_back_and_made_again_in_order_and_the_icon_stays() {
        let mut spec = DmgSpec::for_app(Path::new("/x/Foo.app"), "Foo", 0).unwrap();
        spec.volume_icon = Some(b"icns".to_vec());
        let mut history = History::default();
        history.rest(&spec);
        history.rest(&spec);
        assert!(!history.can_undo(), "nothing was changed");
        let first = spec.clone();
        spec.layout.icon_size = 96;
        history.rest(&spec);
        spec.volume_name = "Bar".to_owned(); // in this frame
        history.undo(&mut spec);
        assert_eq!((spec.volume_name.as_str(), spec.layout.icon_size), ("Foo", 96));
        history.undo(&mut spec);
        assert_eq!(spec, first);
        assert!(!history.can_undo());
        history.redo(&mut spec);
        history.redo(&mut spec);
        assert_eq!((spec.volume_name.as_str(), spec.layout.icon_size), ("Bar", 96));
        history.undo(&mut spec);
        spec.layout.text_size = 11;
        history.rest(&spec);
        assert!(!history.can_redo(), "a new change ends what was taken back");
        assert!(spec.volume_icon.is_some());
    }
}
