//! Request → workflow → outcome.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::worker::Reporter;
use super::{Outcome, Request};
use crate::failure::Failure;
use crate::maps::network::network;
use crate::maps::why::why;
use crate::workflow::export::{self, Format};
use crate::workflow::{self, InspectOptions, Mac, package, picture, sample};

impl Request {
    /// The file it is about, for messages.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Request::Inspect { path, .. } => path.clone(),
            Request::Plan { inspection, .. }
            | Request::Apply { inspection, .. }
            | Request::Reconsider { inspection, .. }
            | Request::Survey { inspection, .. } => inspection.bundle.root.clone(),
            Request::Trace { target, .. } => {
                target.image().map(|image| PathBuf::from(image.to_string())).unwrap_or_default()
            }
            Request::Draw { .. } => PathBuf::from("the graph"),
            Request::Undo { bundle, .. } => bundle.clone(),
            Request::OpenSample => PathBuf::from("the sample"),
            Request::DesignImage { inspection } => inspection.bundle.root.clone(),
            Request::BuildImage { out, .. } | Request::ExportPlan { out, .. } => out.clone(),
            Request::Verify { path } => path.clone(),
            Request::LookBeside { bundle } => bundle.root.clone(),
            Request::DrawBackdrop { .. } => PathBuf::from("the background"),
        }
    }
}

/// How many ways to an image are shown.
const CHAINS: usize = 40;

/// Carries out one request; blocks.
pub(super) fn run(request: Request, reporter: &Reporter) -> Result<Outcome, Failure> {
    let progress = &reporter.progress;
    match request {
        Request::Inspect { path, options } => {
            tidy(&path, reporter)?;
            workflow::inspect(&path, &options, progress).map(Outcome::Inspected)
        }
        Request::Plan { inspection, options } => {
            let plan = workflow::plan(&inspection, &options, progress)?;
            let starts = workflow::starts(&plan.expected);
            let after = workflow::foresee(&inspection, &plan);
            Ok(Outcome::Planned(Arc::new(plan), starts, Box::new(after)))
        }
        Request::Apply { inspection, plan } => {
            let (receipt, after) = workflow::apply(&inspection, &plan, progress)?;
            Ok(Outcome::Applied(receipt, after))
        }
        Request::Undo { bundle, options } => workflow::undo(&bundle, &options, progress).map(Outcome::Undone),
        Request::OpenSample => {
            let sample = sample::unpack(&temporary_folder()?)?;
            let options = InspectOptions::new(sample.search_roots());
            workflow::inspect(&sample.app, &options, progress).map(Outcome::Inspected)
        }
        Request::DesignImage { inspection } => {
            let spec = package::disk_image(&inspection, None)?;
            Ok(Outcome::Designed(spec, package::image_name(&inspection)))
        }
        Request::BuildImage { out, replace: false, .. } if out.symlink_metadata().is_ok() => {
            Ok(Outcome::InTheWay(out))
        }
        Request::BuildImage { spec, out, .. } => {
            let built = package::package(&spec, &out, progress)?;
            Ok(Outcome::Built { path: built.path, bytes: built.bytes })
        }
        Request::Verify { path } => {
            let checked = workflow::verify(&path, progress)?;
            Ok(Outcome::Verified(path, checked))
        }
        Request::LookBeside { bundle } => {
            let (icon, last_fix) = (picture::icon(&bundle), workflow::last_fix(&bundle.root));
            Ok(Outcome::Beside { icon, last_fix })
        }
        Request::DrawBackdrop { layout } => {
            let picture = picture::backdrop(&layout)?;
            Ok(Outcome::Backdrop(layout, picture))
        }
        Request::Reconsider { inspection, conditions, homebrew } => {
            let now = workflow::reconsider(&inspection, &conditions, progress)?;
            let brew = homebrew.then(|| workflow::on(&now, Mac::Homebrew).0);
            Ok(Outcome::Reconsidered(now, brew))
        }
        Request::Survey { inspection, graph } => {
            let survey = workflow::survey(&inspection, &graph, progress)?;
            Ok(Outcome::Surveyed(graph, Arc::new(survey)))
        }
        Request::Trace { graph, target } => {
            let why = why(&graph, &target, CHAINS);
            Ok(Outcome::Traced(graph, target, Arc::new(why)))
        }
        Request::Draw { graph, launch, options } => {
            let network = graph.launches.get(launch).map(|launch| network(launch, &options));
            let network = network.unwrap_or_default();
            Ok(Outcome::Drawn(graph, launch, Arc::new(network)))
        }
        Request::ExportPlan { inspection, plan, out } => {
            export::write(&inspection.bundle.name, &plan, Format::for_file(&out), &out)?;
            Ok(Outcome::Exported(out))
        }
    }
}

/// Cleans up after a fix that was killed, and says so.
fn tidy(bundle: &Path, reporter: &Reporter) -> Result<(), Failure> {
    if let Some(note) = workflow::recover(bundle)? {
        reporter.log(note);
    }
    Ok(())
}

/// A new folder that stays when the program ends: the user may save what was made of the sample.
fn temporary_folder() -> Result<PathBuf, Failure> {
    let made = tempfile::Builder::new().prefix("bundlewright-sample-").tempdir();
    let made = made.map_err(|error| Failure::io(Path::new("the temporary folder"), "write to", &error))?;
    Ok(made.keep())
}
