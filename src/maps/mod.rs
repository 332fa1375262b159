//! The bundle seen from above: who needs what and why, what goes in circles, what nothing needs, and what it all takes.
//!
//! Each map is a pure function over the snapshot and the graphs; [`unused::mentions`] alone reads files.

pub mod architectures;
#[cfg(test)]
mod case;
pub mod cycles;
mod dominators;
mod layers;
mod links;
pub mod minimum_system;
pub mod network;
mod order;
pub mod size;
pub mod unused;
pub mod why;

pub use order::components;
