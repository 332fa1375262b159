//! `rules`: all rules in a line each, or one rule's full explanation.

use clap::Args;
use serde::Serialize;

use super::answer::{Answer, Trouble};
use super::render::{self, FAINT, Page, SCHEMA, STRONG};
use crate::diagnose::{RULES, Rule, Severity};

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
}

#[derive(Serialize)]
struct RuleJson {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    doc: &'static str,
}

impl Rules {
    pub fn run(&self) -> Result<Answer, Trouble> {
        let chosen = match &self.rule {
            Some(id) => vec![named(id)?],
            None => RULES.to_vec(),
        };
        if self.json {
            let rules = chosen.iter().map(|rule| RuleJson {
                id: rule.id,
                title: rule.title,
                severity: rule.severity,
                doc: rule.doc,
            });
            return Ok(Answer::done(render::json(&RulesJson { schema: SCHEMA, rules: rules.collect() })));
        }
        let mut page = Page::default();
        match (&self.rule, chosen.as_slice()) {
            (Some(_), [rule]) => explain(&mut page, rule),
            _ => list(&mut page, &chosen),
        }
        Ok(Answer::done(page.into_text()))
    }
}

/// The rule called `id`, or a refusal that says where the names stand.
pub fn named(id: &str) -> Result<&'static Rule, Trouble> {
    crate::diagnose::rule(id)
        .ok_or_else(|| Trouble::Usage(format!("there is no rule {id}; `bundlewright rules` lists them all.")))
}

fn list(page: &mut Page, rules: &[&Rule]) {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        page.paint(STRONG, format!("{:width$}", rule.id));
        page.paint(FAINT, format!("  {:7}  ", rule.severity.to_string())).put(rule.title).end();
    }
}

fn explain(page: &mut Page, rule: &Rule) {
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
        assert_eq!(all.text.lines().count(), RULES.len());
        for rule in RULES {
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
