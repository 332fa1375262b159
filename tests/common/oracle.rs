//! The independent verifier, one process for all bundles.

use std::path::PathBuf;
use std::process::Command;

pub struct Oracle {
    tools: PathBuf,
}

/// Calls the verifier's own `main` once a path, each time with nothing remembered, and prints its exit codes.
const DRIVER: &str = "
import contextlib, io, sys
sys.path.insert(0, sys.argv[1])
import verify_codesign as verifier
for path in sys.argv[2:]:
    for known in (verifier.DONE, verifier.SEEN, verifier.TOPS):
        known.clear()
    sys.argv = ['verify_codesign.py', '-q', path]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            verifier.main()
        code = 0
    except SystemExit as end:
        code = end.code
    except Exception:
        code = 1
    print(code)
";

impl Oracle {
    pub fn find() -> Option<Oracle> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let shared = std::env::var_os("BUNDLEWRIGHT_SHARED").map_or_else(beside, PathBuf::from);
        let tools = shared.join("tools");
        let python = Command::new("python3").arg("--version").output().is_ok_and(|ran| ran.status.success());
        (tools.join("verify_codesign.py").is_file() && python).then_some(Oracle { tools })
    }

    /// Whether it passes each.
    pub fn verdicts(&self, paths: &[PathBuf]) -> Vec<bool> {
        let ran = Command::new("python3").args(["-c", DRIVER]).arg(&self.tools).args(paths).output();
        let ran = ran.expect("Python to run");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).lines().map(|code| code == "0").collect()
    }
}
