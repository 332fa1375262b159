//! Remedies → edits.
