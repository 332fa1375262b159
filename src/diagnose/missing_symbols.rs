//! Missing symbols gathered as people read them: one image, one place where they are expected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Facts, Finding, Rule, Severity};
use crate::bundle::ImageId;
use crate::dyld::symbols::{Expected, MissingSymbol, SymbolReport, When};
use crate::macho::Arch;
use crate::paths::BundlePath;

/// What the symbols of a bundle came to at both places.
#[derive(Clone, Copy)]
pub struct Symbols<'a> {
    pub build: &'a SymbolReport,
    pub clean: &'a SymbolReport,
}

/// The symbols that one image of the bundle expects at one place and does not find there.
pub(super) struct Group<'a> {
    pub user: &'a BundlePath,
    /// The first of them in dyld's order; those that stop a launch come before those that stop a call.
    pub first: &'a MissingSymbol,
    symbols: Vec<&'a str>,
    archs: BTreeSet<Arch>,
}

/// Groups of the missing symbols that `wanted` picks, at either place, in a fixed order. Images outside the bundle are
/// left out: they become the bundle's once they are copied in.
pub(super) fn groups<'a>(facts: &Facts<'a>, wanted: impl Fn(&MissingSymbol) -> bool) -> Vec<Group<'a>> {
    let Some(symbols) = facts.symbols else { return Vec::new() };
    let mut missing: Vec<&MissingSymbol> =
        symbols.clean.all().into_iter().chain(symbols.build.all()).map(Arc::as_ref).collect();
    missing.sort_by_key(|missing| missing.when);
    let mut groups: BTreeMap<(&BundlePath, &Expected), Group<'a>> = BTreeMap::new();
    for first in missing.into_iter().filter(|missing| wanted(missing)) {
        let ImageId::Bundled(user) = &first.image else { continue };
        let group = groups.entry((user, &first.expected)).or_insert_with(|| Group {
            user,
            first,
            symbols: Vec::new(),
            archs: BTreeSet::new(),
        });
        group.archs.insert(first.arch);
        if !group.symbols.contains(&first.symbol.as_str()) {
            group.symbols.push(&first.symbol);
        }
    }
    groups.into_values().collect()
}

impl Group<'_> {
    /// `_a`, `_a and _b`, or `_a, _b and 7 more`.
    pub fn names(&self) -> String {
        match &self.symbols[..] {
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} and {two}"),
            [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
            [] => String::new(),
        }
    }

    /// `_a` or `9 symbols`, for titles.
    pub fn count(&self) -> String {
        match &self.symbols[..] {
            [one] => (*one).to_owned(),
            all => format!("{} symbols", all.len()),
        }
    }

    /// `it` or `them`.
    pub fn them(&self) -> &'static str {
        if self.symbols.len() == 1 { "it" } else { "them" }
    }

    /// What comes of it.
    pub fn consequence(&self) -> &'static str {
        match self.first.when {
            When::Bind => "dyld stops there with \"Symbol not found\"",
            When::Call => "the first call ends the process",
        }
    }

    pub fn finding(&self, rule: &Rule, facts: &Facts<'_>, title: String, message: String) -> Finding {
        let slices = facts.bundle.image(self.user).map_or(0, |image| image.file.slices.len());
        let arch = (self.archs.len() < slices).then(|| self.archs.first().copied()).flatten();
        let related = match &self.first.expected {
            Expected::Image(image) | Expected::MainExecutable(image) => vec![image.clone()],
            _ => Vec::new(),
        };
        let severity = match self.first.when {
            When::Call if rule.severity == Severity::Error => Severity::Warning,
            _ => rule.severity,
        };
        Finding {
            severity,
            arch,
            reference: self.first.reference.clone(),
            related,
            ..Finding::new(rule, self.user, title, message)
        }
    }
}
