//! Whole screens, as they are read: `tests/transcripts/*.trycmd`. `TRYCMD=overwrite cargo test --test transcripts` renews them.
//!
//! The fixtures stand in the current folder of every transcript, one folder each: `t1/T1.app`.
#![allow(clippy::disallowed_methods)] // tests write the files they need

mod common;

use std::path::Path;

use common::{unpack, unpack_sample};

#[test]
fn screens() {
    let (sample, repair) = (unpack_sample(), unpack_sample());
    let (t1, faults, twice) = (unpack("t1"), unpack("faults"), unpack("twice"));
    let stage = tempfile::tempdir().expect("a folder");
    let fixtures =
        [("sample", &sample), ("repair", &repair), ("t1", &t1), ("faults", &faults), ("twice", &twice)];
    for (name, fixture) in fixtures {
        std::fs::rename(fixture.path(), stage.path().join(name)).expect("a fixture");
    }
    let report = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts/quill-twice.crash");
    std::fs::copy(report, stage.path().join("sample/quill-twice.crash")).expect("the report");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/*.trycmd");
    std::env::set_current_dir(stage.path()).expect("the folder");
    trycmd::TestCases::new().case(cases).run();
}
