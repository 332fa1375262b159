//! Submissions for the tests of the checks, described like the bundles of other tests (`tests/laws/README.md`).

use crate::codesign::{Authority, Credentials};
use crate::diagnose::preflight::{Code, Kind, Outcome, Rule, Submission};
use crate::diagnose::{Finding, RULES};
use crate::macho::{Arch, SignatureState};
use crate::model;
use crate::paths::BundlePath;

/// What Apple takes: `signed=` in a description.
pub const GOOD: &str = "TEAM123456+developer-id+timestamp+hardened";

/// An app whose code is what the lines say.
pub fn app(description: &str) -> Submission {
    let mut submission =
        Submission { name: "App.app".to_owned(), bundles: vec![String::new()], ..Submission::default() };
    for item in model::items(description) {
        for slice in item.slices {
            let is_signed = slice.signature.state != SignatureState::None;
            let authority = slice.signature.cms.map(|cms| Authority {
                not_developer_id: (!cms.developer_id).then(|| "signed as Apple Development".to_owned()),
                timestamp: cms.timestamp.then_some(0),
                ..Authority::default()
            });
            let credentials = Credentials {
                signature: slice.signature,
                sha1_only: false,
                authority,
                entitlements: None,
                has_ticket: false,
            };

            submission.codes.push(Code {
                path: item.path.clone(),
                arch: slice.arch,
                file_type: slice.file_type,
                platform: slice.build.map(|build| build.platform),
                sdk: slice.build.map(|build| build.sdk),
                credentials: is_signed.then_some(credentials),
            });
        }
    }
    submission
}

/// A universal program and a library of a team, as they should be.
pub fn healthy() -> Submission {
    let lines = format!(
        "Contents/MacOS/App execute arm64 x86_64 signed={GOOD} may=allow-jit\n\
         Contents/Frameworks/liba.dylib dylib signed={GOOD}\n"
    );
    Submission { kind: Kind::App, ..app(&lines) }
}

/// A finding of an ordinary rule.
pub fn finding(rule: &str) -> Finding {
    let rule = RULES.iter().find(|known| known.id == rule).expect("a rule");
    Finding::new(rule, &BundlePath::new("Contents/x").unwrap(), "a title", "A message.")
}

/// What a check fails for: path, architectures and message.
pub fn hits(rule: &Rule, submission: &Submission) -> Vec<String> {
    let shown = |archs: &[Arch]| archs.iter().map(Arch::to_string).collect::<Vec<_>>().join(" ");
    match (rule.check)(submission) {
        Outcome::Failed(hits) => {
            hits.iter().map(|hit| format!("{} [{}] {}", hit.path, shown(&hit.archs), hit.message)).collect()
        }
        _ => Vec::new(),
    }
}
