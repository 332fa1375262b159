//! `fix --dry-run --json`: field names are the command line's contract.

use serde::Serialize;

use crate::codesign::SignStep;
use crate::diagnose::{Finding, Severity};
use crate::fix::{FixPlan, PlannedEdit, Safety};
use crate::macho::Arch;

#[derive(Serialize)]
pub struct PlanJson<'a> {
    schema: u32,
    edits: Vec<EditJson<'a>>,
    sign: Vec<SignJson<'a>>,
    remaining: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct EditJson<'a> {
    kind: &'static str,
    path: &'a str,
    /// Edits are made to every slice.
    arch: Option<Arch>,
    from: Option<String>,
    to: Option<String>,
    reason: &'static str,
    safety: &'static str,
}

#[derive(Serialize)]
struct SignJson<'a> {
    path: &'a str,
    identifier: &'a str,
    keeps: &'a [String],
    drops: &'a [String],
    warnings: &'a [String],
}

#[derive(Serialize)]
pub struct FindingJson<'a> {
    rule: &'static str,
    severity: Severity,
    subject: &'a str,
    arch: Option<Arch>,
    title: &'a str,
    message: &'a str,
    reference: Option<&'a str>,
    fixable: bool,
}

impl<'a> PlanJson<'a> {
    pub fn new(plan: &'a FixPlan) -> Self {
        PlanJson {
            schema: 1,
            edits: plan
                .edits
                .iter()
                .map(EditJson::new)
                .chain(plan.sign.steps.iter().map(EditJson::sign))
                .collect(),
            sign: plan
                .sign
                .steps
                .iter()
                .map(|step| SignJson {
                    path: step.path.as_str(),
                    identifier: &step.identifier,
                    keeps: &step.keeps,
                    drops: &step.drops,
                    warnings: &step.warnings,
                })
                .collect(),
            remaining: plan.remaining.iter().map(FindingJson::new).collect(),
        }
    }
}

impl<'a> PlanJson<'a> {
    /// The same when it has been carried out and `left` was found afterwards.
    pub fn after(plan: &'a FixPlan, left: &'a [Finding]) -> Self {
        PlanJson { remaining: left.iter().map(FindingJson::new).collect(), ..PlanJson::new(plan) }
    }
}

impl<'a> EditJson<'a> {
    fn new(planned: &'a PlannedEdit) -> Self {
        EditJson {
            kind: planned.edit.kind(),
            path: planned.edit.path().as_str(),
            arch: None,
            from: planned.edit.before(),
            to: planned.edit.after(),
            reason: planned.reason,
            safety: match planned.safety {
                Safety::Safe => "safe",
                Safety::Review => "review",
                Safety::Manual => "manual",
            },
        }
    }

    fn sign(step: &'a SignStep) -> Self {
        let (from, to) = (None, Some("ad hoc".to_owned()));
        let (path, reason) = (step.path.as_str(), "signature-invalid");
        EditJson { kind: "sign", path, arch: None, from, to, reason, safety: "safe" }
    }
}

impl<'a> FindingJson<'a> {
    pub fn new(finding: &'a Finding) -> Self {
        FindingJson {
            rule: finding.rule,
            severity: finding.severity,
            subject: finding.subject.as_str(),
            arch: finding.arch,
            title: &finding.title,
            message: &finding.message,
            reference: finding.reference.as_ref().map(|name| name.as_str()),
            fixable: finding.remedy.is_some(),
        }
    }
}

pub fn json(plan: &FixPlan) -> String {
    // Strings, numbers and lists of them always serialise.
    serde_json::to_string_pretty(&PlanJson::new(plan)).unwrap_or_default() + "\n"
}
