//! Bundlewright: how a macOS app bundle will really load, and the repair of what would break.
//!
//! The modules stand in the order in which data flows:
//!
//! ```text
//! path ─► bundle::scan ─► Bundle ─► dyld::resolve ─► Graph ─► diagnose ─► Vec<Finding>
//!                           ▲                                     │ remedy
//!                           │ expected == rescanned               ▼
//!                     fix::apply ◄─ FixPlan{edits, expected, remaining} ◄─ fix::plan ⟲ (simulate, resolve, diagnose)
//!                           │
//!                           ▼
//!                 codesign::sign ─► verify (= inspect again) ─► dmg::build ─► verify (= read it back)
//! ```
//!
//! `ARCHITECTURE.md` says which room may import which, and a test holds it to that.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

// What tests share says `bundlewright::…`, inside the crate as outside.
#[cfg(test)]
extern crate self as bundlewright;

/// Bundles from descriptions.
#[cfg(test)]
#[path = "../tests/common/model.rs"]
mod model;

pub mod failure;
mod os;
pub mod paths;
pub mod progress;

pub mod bundle;
pub mod codesign;
pub mod compare;
pub mod crash;
pub mod diagnose;
pub mod dmg;
pub mod dyld;
pub mod fix;
pub mod jobs;
pub mod macho;
pub mod maps;
pub mod triage;
pub mod workflow;

pub mod cli;
#[cfg(feature = "gui")]
pub mod ui;
