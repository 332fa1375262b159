//! `inspect --json` and its parts. Field names and order are the contract's.

use serde::Serialize;

use super::loaded::Loaded;
use super::{SCHEMA, words};
use crate::bundle::{Bundle, Image, ImageId};
use crate::codesign;
use crate::dyld::graph::{Dependency, Launch};
use crate::dyld::{Candidate, Problem, Verdict};
use crate::macho::{Arch, PackedVersion, Slice};
use crate::workflow::export::FindingJson;
use crate::workflow::{Inspection, launches};

#[derive(Serialize)]
pub struct InspectionJson<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub images: Vec<ImageJson<'a>>,
    pub findings: Vec<FindingJson<'a>>,
    pub launch: Vec<LaunchJson<'a>>,
}

/// `check --json`: the same with findings alone.
#[derive(Serialize)]
pub struct CheckJson<'a> {
    #[serde(flatten)]
    pub head: Head<'a>,
    pub findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
pub struct Head<'a> {
    schema: u32,
    bundle: String,
    identifier: Option<&'a str>,
    version: Option<&'a str>,
    minimum_system: Option<&'a str>,
    executable: Option<&'a str>,
}

#[derive(Serialize)]
pub struct ImageJson<'a> {
    path: String,
    origin: &'static str,
    slices: Vec<SliceJson<'a>>,
}

#[derive(Serialize)]
struct SliceJson<'a> {
    arch: Arch,
    file_type: String,
    platform: Option<String>,
    min_os: Option<String>,
    sdk: Option<String>,
    uuid: Option<&'a str>,
    install_name: Option<&'a str>,
    rpaths: Vec<&'a str>,
    header_room: u64,
    signature: SignatureJson<'a>,
    uses: Vec<UseJson<'a>>,
}

#[derive(Serialize)]
struct SignatureJson<'a> {
    state: &'static str,
    identifier: Option<&'a str>,
    team: Option<&'a str>,
    flags: Vec<&'static str>,
}

#[derive(Serialize)]
struct UseJson<'a> {
    name: &'a str,
    kind: &'static str,
    compatibility: String,
    current: String,
    resolution: ResolutionJson<'a>,
}

#[derive(Serialize)]
pub struct ResolutionJson<'a> {
    state: &'static str,
    path: Option<&'a str>,
    candidates: Vec<CandidateJson<'a>>,
}

#[derive(Serialize)]
struct CandidateJson<'a> {
    rule: &'static str,
    declared_by: Option<String>,
    rpath: Option<&'a str>,
    tried: &'a str,
    outcome: String,
}

#[derive(Serialize)]
pub struct LaunchJson<'a> {
    entry: &'a str,
    arch: Arch,
    os: &'static str,
    ok: bool,
    message: Option<String>,
    /// Everything that would end the launch, in dyld's order; `message` is the first of them.
    problems: Vec<ProblemJson>,
}

#[derive(Serialize)]
pub struct ProblemJson {
    image: String,
    reference: Option<String>,
    message: String,
}

impl<'a> InspectionJson<'a> {
    pub fn new(inspection: &'a Inspection) -> Self {
        let bundle = &inspection.bundle;
        let loaded = Loaded::new(&inspection.build);
        let invalid = |path: &str, arch: Arch| {
            inspection.seals.problems.iter().any(|problem| {
                problem.path.as_str() == path
                    && problem.code != "unsigned"
                    && problem.arch.is_none_or(|its| its == arch)
            })
        };
        let externals = inspection.build.externals.values();
        let images = bundle.images.values().chain(externals);
        InspectionJson {
            head: Head::new(bundle),
            images: images.map(|image| ImageJson::new(image, &loaded, &invalid)).collect(),
            findings: inspection.findings.iter().map(FindingJson::new).collect(),
            launch: launches(inspection, &inspection.clean, &inspection.symbols)
                .map(|(launch, verdict)| LaunchJson::new(launch, &verdict))
                .collect(),
        }
    }
}

impl<'a> LaunchJson<'a> {
    pub fn new(launch: &'a Launch, verdict: &Verdict) -> Self {
        LaunchJson {
            entry: launch.entry.as_str(),
            arch: launch.arch,
            os: launch.config.os.name(),
            ok: verdict.ok,
            message: verdict.message.clone(),
            problems: verdict.problems.iter().map(ProblemJson::new).collect(),
        }
    }
}

impl ProblemJson {
    fn new(problem: &Problem) -> Self {
        ProblemJson {
            image: problem.image.to_string(),
            reference: problem.reference.as_ref().map(|name| name.as_str().to_owned()),
            message: problem.message.clone(),
        }
    }
}

impl<'a> CheckJson<'a> {
    pub fn new(inspection: &'a Inspection) -> Self {
        CheckJson {
            head: Head::new(&inspection.bundle),
            findings: inspection.findings.iter().map(FindingJson::new).collect(),
        }
    }
}

impl<'a> Head<'a> {
    pub fn new(bundle: &'a Bundle) -> Self {
        let info = |key| bundle.info.as_ref().and_then(|info| info.string(key));
        Head {
            schema: SCHEMA,
            bundle: bundle.root.to_string_lossy().into_owned(),
            identifier: info("CFBundleIdentifier"),
            version: info("CFBundleShortVersionString").or_else(|| info("CFBundleVersion")),
            minimum_system: info("LSMinimumSystemVersion"),
            executable: bundle.main_executable.as_ref().map(|path| path.as_str()),
        }
    }
}

impl<'a> ImageJson<'a> {
    fn new(image: &'a Image, loaded: &Loaded<'a>, invalid: &impl Fn(&str, Arch) -> bool) -> Self {
        let (path, origin) = match &image.id {
            ImageId::Bundled(path) => (path.to_string(), "bundled"),
            ImageId::External(path) => (path.to_string(), "external"),
        };
        let slices = image.file.slices.iter();
        let slices = slices
            .map(|slice| SliceJson::new(slice, loaded.of(&image.id, slice.arch), invalid(&path, slice.arch)))
            .collect();
        ImageJson { path, origin, slices }
    }
}

impl<'a> SliceJson<'a> {
    fn new(slice: &'a Slice, dependencies: Option<&'a [Dependency]>, invalid: bool) -> Self {
        let build = slice.build.as_ref();
        let known = |version: PackedVersion| (version.0 != 0).then(|| version.to_string());
        SliceJson {
            arch: slice.arch,
            file_type: slice.file_type.to_string(),
            platform: build.map(|build| build.platform.to_string()),
            min_os: build.and_then(|build| known(build.min_os)),
            sdk: build.and_then(|build| known(build.sdk)),
            uuid: slice.uuid.as_deref(),
            install_name: slice.install_name.as_ref().map(|name| name.as_str()),
            rpaths: slice.rpaths.iter().map(|rpath| rpath.as_str()).collect(),
            header_room: slice.header_room,
            signature: SignatureJson {
                state: if invalid { "invalid" } else { words::signature_state(&slice.signature) },
                identifier: slice.signature.identifier.as_deref(),
                team: slice.signature.team.as_deref(),
                flags: codesign::flag_names(slice.signature.flags),
            },
            uses: slice
                .uses
                .iter()
                .enumerate()
                .map(|(position, used)| UseJson {
                    name: used.name.as_str(),
                    kind: words::kind(used.kind),
                    compatibility: used.compatibility.dotted(),
                    current: used.current.dotted(),
                    resolution: ResolutionJson::new(dependencies.and_then(|all| all.get(position))),
                })
                .collect(),
        }
    }
}

impl<'a> ResolutionJson<'a> {
    /// `None`: no launch loads this slice, so nobody searches.
    pub fn new(dependency: Option<&'a Dependency>) -> Self {
        let Some(dependency) = dependency else {
            return ResolutionJson { state: "not-loaded", path: None, candidates: Vec::new() };
        };
        let (state, path) = words::resolution(&dependency.resolution);
        ResolutionJson {
            state,
            path,
            candidates: dependency.candidates.iter().map(CandidateJson::new).collect(),
        }
    }
}

impl<'a> CandidateJson<'a> {
    fn new(candidate: &'a Candidate) -> Self {
        CandidateJson {
            rule: words::rule(candidate.rule),
            declared_by: candidate.declared_by.as_ref().map(ImageId::to_string),
            rpath: candidate.rpath.as_ref().map(|rpath| rpath.as_str()),
            tried: candidate.tried.as_str(),
            outcome: candidate.outcome.to_string(),
        }
    }
}
