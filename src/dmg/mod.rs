//! dmg
