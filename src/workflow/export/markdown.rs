//! The plan as Markdown, for an issue or a pull request.

use std::fmt::Write;

use super::{by_file, called, phrase, summary};
use crate::fix::{FixPlan, Offer};

pub fn markdown(name: &str, plan: &FixPlan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_plan(&mut out, name, plan);
    out
}

fn write_plan(out: &mut String, name: &str, plan: &FixPlan) -> std::fmt::Result {
    writeln!(out, "# Plan for {}\n\n{}.", plain(name), summary(plan))?;
    for (path, edits) in by_file(plan) {
        writeln!(
            out,
            "\n## {}\n\n| what | before | after | why |\n|---|---|---|---|",
            code(called(path, name))
        )?;
        for planned in edits {
            let (verb, before, after) = phrase(&planned.edit);
            let cell = |text: Option<String>| text.map_or_else(String::new, |text| code(&text));
            writeln!(out, "| {verb} | {} | {} | {} |", cell(before), cell(after), planned.reason)?;
        }
    }
    if !plan.sign.steps.is_empty() {
        writeln!(out, "\n## Signatures, from the inside out\n")?;
        for step in &plan.sign.steps {
            writeln!(out, "1. {} as {}", code(called(&step.path, name)), code(&step.identifier))?;
            for (word, texts) in [("keeps", &step.keeps), ("loses", &step.drops), ("mind", &step.warnings)] {
                texts.iter().try_for_each(|text| writeln!(out, "   - {word}: {}", plain(text)))?;
            }
        }
    }
    let offers: Vec<&Offer> = plan.offers.iter().filter(|offer| !offer.taken).collect();
    if !offers.is_empty() {
        writeln!(out, "\n## Offered besides\n")?;
        for offer in offers {
            writeln!(out, "- {} (`--also {}`)", plain(&offer.title), offer.rule)?;
        }
    }
    if !plan.remaining.is_empty() {
        writeln!(out, "\n## Left afterwards\n")?;
        for finding in &plan.remaining {
            let title = plain(&finding.title);
            writeln!(
                out,
                "- **{}**: {title} ({}). {}",
                finding.severity,
                finding.rule,
                plain(&finding.message)
            )?;
        }
    }
    Ok(())
}

/// As code, in a table's cell or out of it: backticks and bars in the text end neither.
pub(in crate::workflow) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace('|', "\\|").replace(['\n', '\r'], " "))
}

/// As running text: what Markdown would take for markup is escaped.
pub(in crate::workflow) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '*' | '_' | '`' | '<' | '>' | '[' | ']' | '|' | '\\' | '#' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_cell() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(plain("lib_*.dylib"), "lib\\_\\*.dylib");
    }
}
