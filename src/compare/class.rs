//! The classes of differences: why two builds differ in one thing.

use serde::Serialize;

/// Why two builds differ in one thing. The order is that in which they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// What the program is or has.
    Content,
    /// Which libraries are asked for, and how.
    Linkage,
    /// How the code is signed.
    Signature,
    /// What the build machine, its tools and its settings left.
    Environment,
    /// The same said in another form, or at another place of the file.
    Format,
    /// What no two builds share.
    Always,
}

impl Class {
    pub const ALL: [Class; 6] =
        [Class::Content, Class::Linkage, Class::Signature, Class::Environment, Class::Format, Class::Always];

    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Class::Content => "content",
            Class::Linkage => "linkage",
            Class::Signature => "signature",
            Class::Environment => "environment",
            Class::Format => "format",
            Class::Always => "always",
        }
    }

    /// What it stands for, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            Class::Content => "True content",
            Class::Linkage => "Linkage",
            Class::Signature => "Signature",
            Class::Environment => "Build environment",
            Class::Format => "Format",
            Class::Always => "Always differs",
        }
    }

    /// What it stands for, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Class::Content => {
                "What the program is or has: code, data, files and values that no build setting explains."
            }
            Class::Linkage => {
                "Which libraries are asked for, by which names and versions, and where they are searched."
            }
            Class::Signature => "How the code is signed, and the hashes that follow from it.",
            Class::Environment => {
                "What the build machine, its tools and its settings left: versions, folders, dates."
            }
            Class::Format => "The same said in another form, or at another place of the file.",
            Class::Always => "What every build has anew, such as the UUID of each link.",
        }
    }
}
