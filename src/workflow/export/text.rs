//! The plan as plain text.

use std::fmt::Write;

use super::{by_file, called, phrase, summary};
use crate::fix::{FixPlan, Offer};

pub fn text(name: &str, plan: &FixPlan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, name, plan);
    out
}

fn write_plan(out: &mut String, name: &str, plan: &FixPlan) -> std::fmt::Result {
    writeln!(out, "Plan for {name}: {}", summary(plan))?;
    for (path, edits) in by_file(plan) {
        writeln!(out, "\n{}", called(path, name))?;
        for planned in edits {
            let (verb, before, after) = phrase(&planned.edit);
            match (before, after) {
                (Some(before), Some(after)) => {
                    writeln!(out, "  {verb}  [{}]\n      {before}\n    → {after}", planned.reason)?;
                }
                (only, other) => {
                    let text = only.or(other).map(|text| format!(" {text}")).unwrap_or_default();
                    writeln!(out, "  {verb}{text}  [{}]", planned.reason)?;
                }
            }
        }
        if let Some((before, after)) = plan.header_room.get(path).filter(|(before, after)| before != after) {
            writeln!(out, "  header room: {before} → {after} bytes")?;
        }
    }
    if !plan.sign.steps.is_empty() {
        writeln!(out, "\nSigned ad hoc, from the inside out")?;
        for step in &plan.sign.steps {
            writeln!(out, "  {} as {}", called(&step.path, name), step.identifier)?;
            for (word, texts) in [("keeps", &step.keeps), ("loses", &step.drops), ("mind", &step.warnings)] {
                texts.iter().try_for_each(|text| writeln!(out, "      {word}: {text}"))?;
            }
        }
    }
    let offers: Vec<&Offer> = plan.offers.iter().filter(|offer| !offer.taken).collect();
    if !offers.is_empty() {
        writeln!(out, "\nOffered besides, with --also RULE")?;
        for offer in offers {
            writeln!(out, "  {}  [{}]", offer.title, offer.rule)?;
        }
    }
    if !plan.remaining.is_empty() {
        writeln!(out, "\nLeft afterwards")?;
        for finding in &plan.remaining {
            writeln!(out, "  {}: {}  [{}]", finding.severity, finding.title, finding.rule)?;
            writeln!(out, "      {}", finding.message.replace('\n', "\n      "))?;
        }
    }
    Ok(())
}
