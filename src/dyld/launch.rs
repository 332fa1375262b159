//! The verdict of a launch, in dyld's own words.

use super::graph::Launch;
use crate::bundle::Bundle;

/// Whether dyld would start it, and if not, exactly what it prints after `dyld[PID]: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub ok: bool,
    pub message: Option<String>,
}

/// The first fault in load order decides, as in dyld.
pub fn verdict(bundle: &Bundle, launch: &Launch) -> Verdict {
    let _ = (bundle, launch);
    todo!("dyld room")
}
