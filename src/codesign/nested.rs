//! Inside-out order: which bundle or code encloses which.
