//! Edits on the model: what the bundle will be.
