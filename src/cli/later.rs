//! What is asked for and not there yet: refused, never half done.

use super::answer::Trouble;

pub fn not_yet(what: &str) -> Trouble {
    Trouble::Usage(format!("{what} is not available yet; `bundlewright --help` lists what is."))
}
