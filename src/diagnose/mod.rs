//! Findings: what is wrong with the bundle, why it matters, and what would mend it.

mod amounts;
#[cfg(test)]
pub(crate) mod case;
mod described;
mod finding;
mod loaded;
mod missing_symbols;
mod names;
mod processes;
mod references;
mod reuse;
pub mod rules;
mod system_uses;
mod wording;

pub use finding::{Finding, Remedy, Severity};
pub use missing_symbols::Symbols;
pub use references::{Reference, references};
pub use rules::{RULES, Rule, id_mismatch::right_id, no_header_room, rule};

use crate::bundle::{Bundle, Contents};
use crate::codesign::Verification;
use crate::dyld::Graph;

/// Everything that a rule may look at.
pub struct Facts<'a> {
    pub bundle: &'a Bundle,
    /// As the build machine would load it, as far as the search roots bring it here.
    pub build: &'a Graph,
    /// As a Mac would that has nothing but the bundle.
    pub clean: &'a Graph,
    pub seals: &'a Verification,
    /// `None` where symbols were not looked up, as for the rounds of a plan.
    pub symbols: Option<Symbols<'a>>,
    /// What is in the files; `None` while a repair is planned, which no such fault needs.
    pub contents: Option<&'a Contents>,
}

/// Every finding of every rule, most severe first, then by subject.
pub fn diagnose(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.check)(facts)).collect();
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings.dedup();
    findings
}
