//! `rules`: all rules in a line each, those of the preflight behind the others, or one rule's full explanation.

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::render::{self, FAINT, Page, SCHEMA, STRONG};
use crate::diagnose::preflight::CHECKLIST;
use crate::diagnose::{self, RULES, Severity, preflight};

/// All rules in a line each, or one rule's full explanation.
#[derive(Args)]
pub struct Rules {
    /// The rule to explain.
    rule: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct RulesJson {
    schema: u32,
    rules: Vec<RuleJson>,
    /// The checks of `preflight`.
    preflight: Vec<RuleJson>,
}

/// A rule of either table.
#[derive(Serialize, Clone, Copy)]
struct RuleJson {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    doc: &'static str,
}

impl From<&diagnose::Rule> for RuleJson {
    fn from(rule: &diagnose::Rule) -> Self {
        RuleJson { id: rule.id, title: rule.title, severity: rule.severity, doc: rule.doc }
    }
}

impl From<&preflight::Rule> for RuleJson {
    fn from(rule: &preflight::Rule) -> Self {
        RuleJson { id: rule.id, title: rule.title, severity: rule.severity, doc: rule.doc }
    }
}

impl Rules {
    pub fn run(&self) -> Result<Answer, Trouble> {
        let wanted = |rule: &RuleJson| self.rule.as_ref().is_none_or(|id| rule.id == id);
        let rules: Vec<RuleJson> = RULES.iter().map(|rule| RuleJson::from(*rule)).filter(wanted).collect();
        let checks: Vec<RuleJson> =
            CHECKLIST.iter().map(|rule| RuleJson::from(*rule)).filter(wanted).collect();
        if let (Some(id), true, true) = (&self.rule, rules.is_empty(), checks.is_empty()) {
            return Err(unknown(id));
        }
        if self.json {
            let document = RulesJson { schema: SCHEMA, rules, preflight: checks };
            return Ok(Answer::done(render::json(&document)));
        }
        let mut page = Page::default();
        match (&self.rule, rules.first().or(checks.first())) {
            (Some(_), Some(rule)) => explain(&mut page, rule),
            _ => {
                list(&mut page, &rules);
                page.end();
                page.line("What `bundlewright preflight` checks:");
                page.end();
                list(&mut page, &checks);
            }
        }
        Ok(Answer::done(page.into_text()))
    }
}

/// The rule called `id`, or a refusal that says where the names stand.
pub fn named(id: &str) -> Result<&'static diagnose::Rule, Trouble> {
    diagnose::rule(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Trouble {
    Trouble::Usage(format!("there is no rule {id}; `bundlewright rules` lists them all."))
}

fn list(page: &mut Page, rules: &[RuleJson]) {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        page.paint(STRONG, format!("{:width$}", rule.id));
        page.paint(FAINT, format!("  {:7}  ", rule.severity.to_string())).put(rule.title).end();
    }
}

fn explain(page: &mut Page, rule: &RuleJson) {
    page.paint(STRONG, rule.id).paint(FAINT, format!(" ({})", rule.severity)).put(": ").put(rule.title).end();
    page.end();
    page.block(0, rule.doc.trim());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_and_explained() {
        let all = Rules { rule: None, json: false }.run().unwrap();
        let rules = RULES.iter().map(|rule| RuleJson::from(*rule));
        let both: Vec<RuleJson> = rules.chain(CHECKLIST.iter().map(|rule| RuleJson::from(*rule))).collect();
        assert_eq!(all.text.lines().count(), both.len() + 3, "with the heading");
        for rule in both {
            let one = Rules { rule: Some(rule.id.to_owned()), json: false }.run().unwrap();
            assert!(one.text.contains(rule.title) && one.text.contains("## What it is"), "{}", one.text);
        }
    }

    #[test]
    fn an_unknown_rule_is_wrong_usage() {
        let Err(trouble) = (Rules { rule: Some("nonsense".to_owned()), json: false }).run() else { panic!() };
        assert_eq!((trouble.code(), trouble.line().contains("nonsense")), (2, true));
    }
}
