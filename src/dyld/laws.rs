//! The laws of dyld, a page each: what dyld does, a small bundle that shows it, and the answers.
//!
//! The pages are the manual's chapter on how bundles find their libraries, in the order in which one would teach it. Each
//! is a test too: `tests/laws` builds its bundle, resolves it and compares every answer to the letter.

/// One page. Its text is Markdown and begins with the law as a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Law {
    /// The file's name without `.md`.
    pub id: &'static str,
    pub text: &'static str,
}

impl Law {
    /// The law in a sentence: the page's heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

/// A part of the chapter.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub title: &'static str,
    pub laws: &'static [Law],
}

macro_rules! laws {
    ($($id:literal),* $(,)?) => {
        &[$(Law { id: $id, text: include_str!(concat!("../../assets/laws/", $id, ".md")) }),*]
    };
}

/// Every law, in the order of the chapter.
pub static CHAPTER: &[Section] = &[
    Section {
        title: "Names and places",
        laws: laws![
            "rpath-belongs-to-its-declarer",
            "nearest-rpath-first",
            "no-rpath-at-all",
            "executable-path-is-the-process",
            "loader-path-follows-links",
            "old-frameworks-mean-their-top-folder",
            "framework-names",
            "relative-names",
            "absolute-outside-through-links",
            "second-round-with-the-real-path",
        ],
    },
    Section {
        title: "Order",
        laws: laws![
            "order-is-breadth-then-depth",
            "executable-rpaths-are-tried-twice",
            "chain-goes-through-the-first-parent",
            "cycles-end",
            "first-fault-decides",
        ],
    },
    Section {
        title: "One image or two",
        laws: laws![
            "install-name-reuse",
            "same-file-through-a-link",
            "same-leaf-is-not-the-same-library",
            "renamed-copy-is-loaded-again",
            "old-id-hides-an-outside-reference",
            "relative-id-answers",
        ],
    },
    Section {
        title: "Kinds of references, and files that will not do",
        laws: laws![
            "weak-may-be-missing",
            "lazy-is-ignored",
            "delayed-initialisation",
            "only-dylibs-are-linked",
            "wrong-architecture-goes-on",
            "wrong-architecture-alone-fails",
            "strict-formats",
            "every-process-needs-libsystem",
        ],
    },
    Section {
        title: "Plug-ins",
        laws: laws!["plug-ins-see-their-host", "plug-in-rpaths-are-tried-twice", "a-bundle-by-itself"],
    },
    Section { title: "Signatures", laws: laws!["unsigned-code-on-apple-silicon", "library-validation"] },
    Section {
        title: "Variables, and who ignores them",
        laws: laws![
            "variables-come-first",
            "fallback-variables-replace-the-folders",
            "image-suffix",
            "embedded-variables",
            "inserted-libraries-load-first",
            "inserted-library-that-is-missing",
            "hardened-programs-ignore-variables",
            "hardened-programs-refuse-relative-paths",
            "restricted-programs-expand-nothing",
        ],
    },
    Section {
        title: "The system and its versions",
        laws: laws![
            "system-libraries-by-name",
            "fallback-folders-by-sdk",
            "a-mac-with-homebrew",
            "built-for-a-newer-system",
            "catalyst-looks-in-its-support-folder",
            "without-the-shared-cache",
            "macos-12",
        ],
    },
];

/// Every law of the chapter.
pub fn all() -> impl Iterator<Item = &'static Law> {
    CHAPTER.iter().flat_map(|section| section.laws)
}
