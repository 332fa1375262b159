//! What real bundles hold and other signers stumble over: one test a case. Nothing gets lost, nothing stays unsealed, and
//! what cannot be sealed is refused with the bundle as it was. Where Python and the independent verifier of ../shared are at
//! hand, it has to agree.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/oracle.rs"]
mod oracle;

mod again;
mod app;
mod kept;
mod nested;
mod refused;
mod resources;
mod same;
