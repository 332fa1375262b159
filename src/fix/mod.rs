//! Repair: findings → remedies → edits, on the model first, then as one transaction on disk.

pub mod apply;
#[cfg(test)]
mod described;
mod draft;
mod edit;
mod expand;
#[cfg(test)]
pub(crate) mod faults;
mod framework;
mod journal;
mod licences;
mod old_place;
mod place;
mod plan;
mod plug_ins;
mod recipes;
mod removal;
mod rewrite;
mod simulate;
mod stage;

pub use apply::{Receipt, apply, apply_to_verified, last_fix, recover, undo};
pub use edit::{Edit, EditKey, PlannedEdit, Safety};
pub use plan::{FixOptions, FixPlan, Offer, Selection, plan};
pub use simulate::difference;
