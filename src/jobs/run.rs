//! Request → workflow → outcome.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::worker::Reporter;
use super::{Outcome, ReportSource, Request};
use crate::failure::Failure;
use crate::maps::network::network;
use crate::maps::why::why;
use crate::workflow::export::{self, Format};
use crate::workflow::{self, InspectOptions, Mac, Text, Tied, package, picture, sample, seals};

impl Request {
    /// The file it is about, for messages.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Request::Inspect { path, .. } => path.clone(),
            Request::Plan { inspection, .. }
            | Request::Apply { inspection, .. }
            | Request::Reconsider { inspection, .. }
            | Request::Survey { inspection, .. }
            | Request::ReadSeals { inspection }
            | Request::ReadSealChain { inspection, .. } => inspection.bundle.root.clone(),
            Request::Trace { target, .. } => {
                target.image().map(|image| PathBuf::from(image.to_string())).unwrap_or_default()
            }
            Request::Draw { .. } => PathBuf::from("the graph"),
            Request::Undo { bundle, .. } => bundle.clone(),
            Request::OpenSample => PathBuf::from("the sample"),
            Request::DesignImage { inspection } => inspection.bundle.root.clone(),
            Request::BuildImage { out, .. } | Request::ExportPlan { out, .. } => out.clone(),
            Request::Verify { path } | Request::OpenImage { path } | Request::ReadLayout { path, .. } => {
                path.clone()
            }
            Request::SaveLayout { out, .. } => out.clone(),
            Request::PlanSigning { path, .. }
            | Request::Sign { path, .. }
            | Request::Preflight { path, .. } => path.clone(),
            Request::Triage { reports, .. } => match reports.first() {
                Some(ReportSource::File(path)) => path.clone(),
                _ => PathBuf::from("the pasted report"),
            },
            Request::Compare { left, .. } => left.clone(),
            Request::LookBeside { bundle } => bundle.root.clone(),
            Request::DrawBackdrop { .. } => PathBuf::from("the background"),
            Request::LookIntoImage { .. } | Request::EstimateImage { .. } => PathBuf::from("the disk image"),
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
        Request::OpenImage { path } => {
            let (design, minimum_system) = package::open_image(&path)?;
            let checked = workflow::verify(&path, progress)?;
            let problems = checked.problems.into_iter().map(|problem| match problem.path.as_str() {
                "" => problem.message,
                path => format!("{path}: {}", problem.message),
            });
            Ok(Outcome::ImageOpened(path, Box::new(design), minimum_system, problems.collect()))
        }
        Request::LookIntoImage { spec, minimum_system } => {
            let context = package::lint::Context::read(&spec, minimum_system, progress)?;
            Ok(Outcome::ImageLookedInto(Box::new(spec), Box::new(context)))
        }
        Request::EstimateImage { spec } => {
            let estimates = crate::dmg::estimate(&spec, progress)?;
            Ok(Outcome::ImageEstimated(Box::new(spec), estimates))
        }
        Request::SaveLayout { layout, out } => {
            package::save_layout(&layout, &out)?;
            Ok(Outcome::LayoutSaved(out))
        }
        Request::ReadLayout { path, mut spec } => {
            let notes = package::read_layout(&path, &mut spec)?;
            Ok(Outcome::LayoutRead(path, Box::new(spec), notes))
        }
        Request::BuildImage { out, replace: false, .. } if out.symlink_metadata().is_ok() => {
            Ok(Outcome::InTheWay(out))
        }
        Request::BuildImage { spec, out, sign, .. } => {
            let built = match sign {
                None => package::package(&spec, &out, progress)?,
                Some(request) => package::package_signed(&spec, &out, &request.read()?, progress)?.0,
            };
            let sha256 = package::checksum(&built.path, progress)?;
            Ok(Outcome::Built { path: built.path, bytes: built.bytes, sha256 })
        }
        Request::Verify { path } => {
            let checked = workflow::verify(&path, progress)?;
            Ok(Outcome::Verified(path, checked))
        }
        Request::PlanSigning { path, request } => {
            let options = request.read()?;
            let signed = workflow::plan_signing(&path, &options, progress)?;
            Ok(Outcome::SigningPlanned(signed, options))
        }
        Request::Sign { path, signing, options } => {
            let signed = workflow::sign(&path, &signing, progress)?;
            workflow::inspect(&path, &options, progress).map(|after| Outcome::Signed(signed, after))
        }
        Request::Preflight { path, options } => {
            let answer = workflow::preflight(&path, &options, progress)?;
            Ok(Outcome::Preflighted(Box::new(answer)))
        }
        Request::ReadSeals { inspection } => {
            let tree = seals::seal_tree_of(&inspection);
            Ok(Outcome::Seals(inspection.bundle, Arc::new(tree)))
        }
        Request::ReadSealChain { inspection, path } => {
            let chain = seals::seal_chain_of(&inspection, &path);
            Ok(Outcome::SealChain(inspection.bundle, path, chain))
        }
        Request::Triage { reports, inspection } => {
            let texts = reports.into_iter().map(text).collect::<Result<Vec<_>, Failure>>()?;
            let shown = inspection.as_ref().map(|one| one.bundle.root.display().to_string());
            let tied = |(inspection, shown)| Tied { inspection, shown, as_reported: true };
            let bundle = inspection.as_ref().zip(shown.as_deref()).map(tied);
            workflow::triage_all(&texts, bundle, progress).map(Outcome::Triaged)
        }
        Request::Compare { left, right } => {
            let comparison = workflow::compare(&left, &right, progress)?;
            Ok(Outcome::Compared(Box::new(comparison)))
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

fn text(report: ReportSource) -> Result<Text, Failure> {
    match report {
        ReportSource::File(path) => workflow::read_report(&path),
        ReportSource::Pasted(text) => Ok(Text { name: "pasted report".to_owned(), bytes: text.into_bytes() }),
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
