//! Repair: findings → remedies → edits, on the model first, then as one transaction on disk.

pub mod apply;
mod edit;
mod expand;
mod plan;
mod simulate;

pub use apply::{Receipt, apply, last_fix, recover, undo};
pub use edit::{Edit, EditKey, PlannedEdit, Safety};
pub use plan::{FixOptions, FixPlan, Selection, plan};
