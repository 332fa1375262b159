//! Entry points: what starts a process, and what is opened by name.
