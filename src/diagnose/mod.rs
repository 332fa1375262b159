//! Findings: what is wrong with the bundle, why it matters, and what would mend it.

mod amounts;
#[cfg(test)]
pub(crate) mod case;
mod described;
mod facts;
mod finding;
pub mod gdk_pixbuf;
pub mod gio;
mod loaded;
mod missing_symbols;
mod names;
mod prefix;
pub mod preflight;
mod processes;
pub mod qml;
pub mod qt;
mod references;
mod reuse;
pub mod rules;
mod system_uses;
mod wording;

pub use facts::Facts;
pub use finding::{Finding, Remedy, Severity, Toolkit};
pub use missing_symbols::Symbols;
pub use prefix::Prefix;
pub use references::{Reference, references};
pub use rules::two_majors_together::generation;
pub use rules::{RULES, Rule, id_mismatch::right_id, no_header_room, rule};

use rayon::prelude::*;

/// Every finding of every rule, most severe first, then by subject.
pub fn diagnose(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.par_iter().flat_map_iter(|rule| (rule.check)(facts)).collect();
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings.dedup();
    findings
}
