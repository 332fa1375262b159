//! Workflows on a named thread: closed [`Request`] and [`Event`] enums over bounded channels. Knows no egui.
//!
//! ```no_run
//! # use bundlewright::jobs::{Event, Jobs, Request};
//! # let (repaint, path) = (|| (), std::path::PathBuf::new());
//! let jobs = Jobs::new(repaint);
//! jobs.start(Request::Inspect { path, options: Default::default() });
//! for event in jobs.poll() {
//!     if let Event::Failed(failure) = event {
//!         println!("{failure}");
//!     }
//! }
//! ```

mod run;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use crate::dyld::{Conditions, Graph, Resolution};
use crate::failure::Failure;
use crate::maps::network::{self, Network};
use crate::maps::why::Why;
use crate::paths::BundlePath;
use crate::progress::Step;
use crate::workflow::package::{Design, DmgLayout, DmgSpec, Estimate, lint};
use crate::workflow::picture::Picture;
use crate::workflow::seals::{SealLink, SealTree};
use crate::workflow::{
    Arch, Bundle, Checked, Comparison, FixOptions, FixPlan, InspectOptions, Inspection, Preflight,
    PreflightOptions, Receipt, SignOptions, SignRequest, Signed, Survey, Triage,
};

pub use worker::Jobs;

/// What the window asks for. One job runs at a time, in the order asked.
#[derive(Clone)]
pub enum Request {
    Inspect {
        path: PathBuf,
        options: InspectOptions,
    },
    Plan {
        inspection: Inspection,
        options: FixOptions,
    },
    Apply {
        inspection: Inspection,
        plan: Arc<FixPlan>,
    },
    Undo {
        bundle: PathBuf,
        options: InspectOptions,
    },
    /// Write the sample somewhere temporary and inspect it.
    OpenSample,
    /// The usual disk image of a bundle, for the user to change.
    DesignImage {
        inspection: Inspection,
    },
    /// An existing image, to be looked at, changed and built anew.
    OpenImage {
        path: PathBuf,
    },
    /// What the checks of a design need beside it; its app asks for this macOS at least.
    LookIntoImage {
        spec: DmgSpec,
        minimum_system: Option<(u32, u32)>,
    },
    /// How large the image will be in each format.
    EstimateImage {
        spec: DmgSpec,
    },
    SaveLayout {
        layout: DmgLayout,
        out: PathBuf,
    },
    /// A layout of ours, or what another tool was given, taken over into this design.
    ReadLayout {
        path: PathBuf,
        spec: DmgSpec,
    },
    BuildImage {
        spec: DmgSpec,
        out: PathBuf,
        /// Whether a file that stands at `out` may go.
        replace: bool,
        /// Who signs the image itself, if anybody does.
        sign: Option<Box<SignRequest>>,
    },
    /// A bundle, a Mach-O file or a disk image.
    Verify {
        path: PathBuf,
    },
    /// What signing would do to a bundle.
    PlanSigning {
        path: PathBuf,
        request: SignRequest,
    },
    /// Sign a bundle as it was planned, and inspect it again.
    Sign {
        path: PathBuf,
        signing: SignOptions,
        options: InspectOptions,
    },
    /// Would Apple's notary accept it?
    Preflight {
        path: PathBuf,
        options: PreflightOptions,
    },
    /// Everything that is signed in a bundle, under what seals it.
    ReadSeals {
        inspection: Inspection,
    },
    /// What vouches for a file of a bundle, up to the app's signature.
    ReadSealChain {
        inspection: Inspection,
        path: BundlePath,
    },
    /// Crash reports, tied to the bundle when one is open.
    Triage {
        reports: Vec<ReportSource>,
        inspection: Option<Inspection>,
    },
    /// Two builds: bundles, folders, files of code or disk images.
    Compare {
        left: PathBuf,
        right: PathBuf,
    },
    /// What stands beside a bundle: its icon, and the fix that can be undone.
    LookBeside {
        bundle: Arc<Bundle>,
    },
    /// The picture behind the icons of a disk image, as it would be written.
    DrawBackdrop {
        layout: DmgLayout,
    },
    /// The same bundle under other conditions, without reading it again; with `homebrew` on a Mac that has it, too.
    Reconsider {
        inspection: Inspection,
        conditions: Conditions,
        homebrew: bool,
    },
    /// Every map of the bundle as a whole.
    Survey {
        inspection: Inspection,
        graph: Arc<Graph>,
    },
    /// Why `target` is loaded.
    Trace {
        graph: Arc<Graph>,
        target: Resolution,
    },
    /// The picture of one launch: its position in the graph.
    Draw {
        graph: Arc<Graph>,
        launch: usize,
        options: network::Options,
    },
    /// Write a plan to a file, in the format that its name says.
    ExportPlan {
        inspection: Inspection,
        plan: Arc<FixPlan>,
        out: PathBuf,
    },
}

/// Where a crash report comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportSource {
    File(PathBuf),
    Pasted(String),
}

/// What comes back. Every request is answered by exactly one `Done` or `Failed`, also when it was cancelled.
#[derive(Clone)]
pub enum Event {
    /// At most one each 16 ms; steps in between are left out.
    Progress(Step),
    Log(String),
    Done(Outcome),
    Failed(Failure),
}

/// What a finished job yields.
#[derive(Clone)]
pub enum Outcome {
    Inspected(Inspection),
    /// The plan, for each launch of the app's executable whether it would then start on another Mac, and the bundle as it
    /// would be.
    Planned(Arc<FixPlan>, Vec<(Arch, bool)>, Box<Inspection>),
    /// The receipt, and the bundle read again from disk.
    Applied(Receipt, Inspection),
    Undone(Inspection),
    /// The image, and the name of the file that it would usually be.
    Designed(DmgSpec, String),
    /// An image at this path, what the app in it asks of macOS, and what is wrong with its checksums and signatures.
    ImageOpened(PathBuf, Box<Design>, Option<(u32, u32)>, Vec<String>),
    /// For the layout and the items of this design.
    ImageLookedInto(Box<DmgSpec>, Box<lint::Context>),
    ImageEstimated(Box<DmgSpec>, Vec<Estimate>),
    LayoutSaved(PathBuf),
    /// The design with it, and what could not be taken over.
    LayoutRead(PathBuf, Box<DmgSpec>, Vec<String>),
    Built {
        path: PathBuf,
        bytes: u64,
        /// SHA-256 of the file, in hexadecimal digits.
        sha256: String,
    },
    /// Nothing was built: this file is already there and was not to be replaced.
    InTheWay(PathBuf),
    Verified(PathBuf, Checked),
    /// What would be signed, and with what.
    SigningPlanned(Signed, SignOptions),
    Signed(Signed, Inspection),
    Preflighted(Box<Preflight>),
    /// Of this bundle.
    Seals(Arc<Bundle>, Arc<SealTree>),
    SealChain(Arc<Bundle>, BundlePath, Vec<SealLink>),
    Triaged(Vec<Triage>),
    Compared(Box<Comparison>),
    Beside {
        icon: Option<Picture>,
        last_fix: Option<Receipt>,
    },
    Backdrop(DmgLayout, Option<Picture>),
    Exported(PathBuf),
    Reconsidered(Inspection, Option<Arc<Graph>>),
    /// The maps of this graph.
    Surveyed(Arc<Graph>, Arc<Survey>),
    Traced(Arc<Graph>, Resolution, Arc<Why>),
    Drawn(Arc<Graph>, usize, Arc<Network>),
}
