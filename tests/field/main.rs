//! What happened in the field, each with the outcome that a release manager wants: the tests bear the names of the issues.
//! `app.rs` makes the app of a test and holds every repair to its laws, `bytes.rs` writes and reads Mach-O without the
//! project's own code, `generated.rs` holds the laws over bundles that nobody thought of, `found.rs` keeps what it found.
//!
//! | what happened | test |
//! |---|---|
//! | LC_RPATH twice, by a bundler (dune3d, limusic) | `dune3d_307_…` (two), `limusic_178_…` |
//! | LC_RPATH twice, by build tools (zstd, conda-build) | `conda_build_5671_…` |
//! | one dylib named twice (MAUI.Sherpa) | `maui_sherpa_232_…` (two) |
//! | rpaths that Gatekeeper rejects (IINA, LÖVE) | `iina_5416_…` |
//! | bottles newer than the app claims (AetherSDR, KeePassXC) | `aethersdr_4713_…`: said; raising the key is a person's choice |
//! | header pad too small (pydantic, MoltenVK, delocate) | `llvm_53550_…`, `cloudsmith_335_…` (two), `executorch_flutter_51_…` |
//! | no room for a signature (python-build-standalone) | `python_build_standalone_749_…` (two) |
//! | frameworks not handled (macdylibbundler) | `macdylibbundler_12_…`, t1 in `tests/repair` |
//! | siblings by `@loader_path` and `@rpath` (brotli, mpv) | `brotli_…`, `scantailor_16_…` |
//! | absolute LC_RPATH not tried (MeshLib) | `macdylibbundler_88_…` |
//! | the same rpath for each architecture (alibuild) | `macdylibbundler_68_…` |
//! | a second run fails | `macdylibbundler_83_…`, and every `App::fix` |
//! | system libraries not on disk | `macdylibbundler_27_…` |
//! | forced bundling of a system path | no test: no option asks for it; `delocate_278_…` for what only looks like one |
//! | a sub-dependency's reference lost | `macdylibbundler_18_…` |
//! | rpaths followed from the copy's place, split kegs | `homebrew_core_140930_…` |
//! | indirect rpath, ignoring, namesakes, shadowing (delocate) | `delocate_271_…`, `_252_…`, `_85_…`, `_53_…`, `_119_…` |
//! | one library under two names (wxMaxima) | `wxmaxima_…` |
//! | framework links lost (PyInstaller, ActivityWatch) | `activitywatch_1260_…`, `cx_freeze_2959_…`, `pyinstaller_9335_…` |
//! | ad hoc and hardened | `downkyicore_250_…`; other teams: no repair without their key, found by `team-mismatch` |
//! | a file edited in place is killed | `fb8914243_…` |
//! | hard links broken (Spack) | `spack_47691_…` |
//! | the linker's signature after an edit (osxcross) | `osxcross_410_…` |
//! | strings outside load commands replaced (zerobrew) | `zerobrew_300_…` |
//! | the Nix store | `nixpkgs_165682_…`, `nixos_bundlers_7_…`; `loaders.cache` belongs to the recipes of plug-ins |
//! | malformed commands, equal rpaths (LIEF, ruby-macho) | `lief_1236_…`, `ruby_macho_356_…` |
//! | torture bundles t1, rp, wx, col, pad | `tests/repair`, `t1_…` to `pad_…`; rp also `delocate_271_…` |
//! | 200 libraries in a chain | `two_hundred_libraries_in_a_chain_come_in_at_once` |
//! | webp of SDL2_image, 32 bytes of room | `sdl2_image_webp_…` |

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests make what they look at")]

mod app;
mod bytes;
mod found;
mod frameworks;
mod generated;
mod homebrew;
#[path = "../common/model.rs"]
mod model;
mod names;
mod room;
mod rpaths;
mod signatures;
mod system;
mod torture;
