//! What comes back from the jobs.

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use super::App;
use crate::failure::Failure;
use crate::jobs::{Event, Outcome, Request};
use crate::ui::command::Page;
use crate::ui::facts::{bytes, counted};
use crate::ui::pages::disk_image::Built;
use crate::ui::state::Activity;
use crate::workflow::Inspection;
use crate::workflow::picture::Picture;

impl App {
    /// Takes in everything that happened since the last frame; runs while the window is hidden, too.
    pub(super) fn receive(&mut self, ctx: &Context) {
        for event in self.jobs.poll() {
            match event {
                Event::Progress(step) => {
                    let elapsed = self.state.started.map(|started| started.elapsed()).unwrap_or_default();
                    if let Activity::Running { step: shown, pace, left, .. } = &mut self.state.activity {
                        *left = pace.left(&step, elapsed);
                        *shown = Some(step);
                    }
                }
                Event::Log(line) => self.state.note(line),
                Event::Done(outcome) => self.done(outcome),
                Event::Failed(failure) => self.failed(failure),
            }
        }
        for event in self.side.poll() {
            match event {
                Event::Done(outcome) => self.done_beside(ctx, outcome),
                Event::Failed(Failure::Cancelled) | Event::Progress(_) => {}
                Event::Failed(failure) => {
                    self.considering = false;
                    self.state.maps.give_up();
                    self.state.note(failure.to_string());
                    self.state.image.failure = Some(failure.to_string());
                    self.state.image.give_up();
                }
                Event::Log(line) => self.state.note(line),
            }
        }
    }

    fn seconds(&self) -> String {
        let spent = self.state.started.map(|started| started.elapsed().as_secs_f32()).unwrap_or_default();
        format!("{spent:.2} s")
    }

    fn say(&mut self, what: &'static str, words: String) {
        self.state.note(format!("{what}: {words}"));
        self.state.activity = Activity::Done(what, words);
    }

    fn done(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Inspected(inspection) => {
                self.arrived(inspection);
                let Some(opened) = &self.state.opened else { return };
                let facts = &opened.facts;
                let words = format!(
                    "{}, {} in {}",
                    counted(facts.images, "image"),
                    counted(facts.references, "reference"),
                    self.seconds()
                );
                let name = opened.inspection.bundle.name.clone();
                self.state.note(format!("Opened {name}"));
                self.say("Analysed", words);
            }
            Outcome::Planned(plan, starts, after) => {
                let words = format!("{}, nothing has been written yet", counted(plan.edits.len(), "edit"));
                let before = self.state.opened.as_ref().map(|opened| opened.inspection.findings.clone());
                self.state.plan.receive(plan, starts, &before.unwrap_or_default());
                self.state.plan.foresee(*after);
                self.say("Planned", words);
            }
            Outcome::Applied(receipt, inspection) => {
                let words = format!(
                    "{}, {} changed, {} made in {}",
                    counted(receipt.edits, "edit"),
                    counted(receipt.files_changed, "file"),
                    counted(receipt.signed, "signature"),
                    self.seconds()
                );
                self.arrived(inspection);
                if let Some(opened) = &mut self.state.opened {
                    opened.last_fix = Some(receipt.clone());
                }
                self.state.plan.receipt = Some(receipt);
                self.state.page = Some(Page::Plan);
                self.say("Applied", words);
            }
            Outcome::Undone(inspection) => {
                self.arrived(inspection);
                self.state.plan.receipt = None;
                if self.state.page() == Page::Plan {
                    self.state.page = Some(Page::Overview);
                }
                self.say("Undone", "The originals are back, byte for byte".to_owned());
            }
            Outcome::ImageOpened(path, design, minimum_system, problems) => {
                let words = format!("{}, {}", path.display(), counted(problems.len(), "problem"));
                self.image_opened(path, *design, minimum_system, problems);
                self.say("Opened", words);
            }
            Outcome::LayoutSaved(path) => self.say("Saved", path.display().to_string()),
            Outcome::LayoutRead(path, spec, notes) => {
                self.state.image.spec = Some(*spec);
                self.state.image.forget_result();
                let words = match &notes[..] {
                    [] => path.display().to_string(),
                    [first, ..] => format!("{}; {}: {first}", path.display(), counted(notes.len(), "remark")),
                };
                notes.into_iter().for_each(|note| self.state.note(note));
                self.say("Read", words);
            }
            Outcome::Built { path, bytes: length, sha256 } => {
                let words = format!("{} ({}) in {}", path.display(), bytes(length), self.seconds());
                self.state.identity.forget_password();
                self.state.image.made.insert(path.clone());
                self.state.image.built = Some(Built { path, bytes: length, sha256 });
                self.say("Built", words);
            }
            Outcome::InTheWay(path) => {
                self.state.activity =
                    Activity::Failed(format!("{} is already there; nothing was written", path.display()));
                self.state.image.in_the_way = Some(path);
            }
            Outcome::Exported(path) => self.say("Exported", path.display().to_string()),
            Outcome::Verified(path, checked) => {
                let problems = counted(checked.problems.len(), "problem");
                self.say("Verified", format!("{}: {problems}", path.display()));
            }
            Outcome::SigningPlanned(signed, options) => {
                let words = format!(
                    "{}, nothing has been written yet",
                    counted(signed.plan.steps.len(), "signature")
                );
                self.state.signature.sign.receive(signed, options);
                self.say("Planned", words);
            }
            Outcome::Signed(signed, inspection) => {
                self.arrived(inspection);
                let problems =
                    self.state.opened.as_ref().map_or(0, |opened| opened.inspection.seals.problems.len());
                let words = format!(
                    "{} in {}; {} found afterwards",
                    counted(signed.plan.steps.len(), "signature"),
                    self.seconds(),
                    counted(problems, "problem")
                );
                self.state.signature.sign.signed(signed);
                self.say("Signed", words);
            }
            Outcome::Preflighted(answer) => {
                let words = crate::ui::pages::signature::preflight::verdict(&answer);
                self.state.signature.preflight.receive(*answer);
                self.say("Checked", words);
            }
            Outcome::Triaged(triages) => {
                let words = counted(triages.len(), "report");
                self.state.crash.receive(triages);
                self.say("Read", format!("{words} in {}", self.seconds()));
            }
            Outcome::Compared(comparison) => {
                let words = crate::compare::verdict(&comparison);
                self.state.compare.receive(*comparison);
                self.say("Compared", format!("{words}, in {}", self.seconds()));
            }
            Outcome::Seals(..)
            | Outcome::SealChain(..)
            | Outcome::Designed(..)
            | Outcome::Beside { .. }
            | Outcome::Backdrop(..)
            | Outcome::ImageLookedInto(..)
            | Outcome::ImageEstimated(..)
            | Outcome::Reconsidered(..)
            | Outcome::Surveyed(..)
            | Outcome::Traced(..)
            | Outcome::Drawn(..) => {}
        }
    }

    fn arrived(&mut self, inspection: Inspection) {
        self.state.receive(inspection);
        self.tie_reports();
        self.reconsider(); // a Mac with Homebrew is only worked out while it is looked at
        if let Some(opened) = &self.state.opened {
            self.side.start(Request::LookBeside { bundle: opened.inspection.bundle.clone() });
            if self.state.image.spec.is_none() {
                self.side.start(Request::DesignImage { inspection: opened.inspection.clone() });
            }
        }
    }

    fn failed(&mut self, failure: Failure) {
        if failure == Failure::Cancelled {
            self.state.note("Cancelled; nothing was changed");
            self.state.activity = Activity::Cancelled;
            return;
        }
        let words = failure.to_string();
        self.state.note(words.clone());
        if let Activity::Running { what, .. } = &self.state.activity {
            match *what {
                "Opening" => self.state.refuse(failure),
                "Reading" => self.state.crash.fail(failure),
                "Planning signatures" | "Signing" => self.state.signature.sign.fail(words.clone()),
                "Checking" => self.state.signature.preflight.fail(words.clone()),
                "Comparing" => self.state.compare.fail(failure),
                "Building" => self.state.image.failure = Some(words.clone()),
                _ => {}
            }
        }
        self.state.activity = Activity::Failed(words);
    }

    fn done_beside(&mut self, ctx: &Context, outcome: Outcome) {
        match outcome {
            Outcome::Beside { icon, last_fix } => {
                if let Some(opened) = &mut self.state.opened {
                    opened.icon = icon.map(|icon| texture(ctx, "app-icon", &icon));
                    opened.last_fix = last_fix.or(opened.last_fix.take());
                }
            }
            Outcome::Designed(spec, name) => {
                if let Some(opened) = &self.state.opened {
                    let folder = opened.path().parent().map(std::path::PathBuf::from).unwrap_or_default();
                    self.state.image.design(spec, folder.join(name));
                    self.state.image.title = crate::workflow::package::app_title(&opened.inspection.bundle);
                }
            }
            Outcome::Backdrop(layout, picture) => {
                self.state.image.picture = picture.map(|picture| {
                    let points = |pixels: u32| pixels as f32 / picture.pixels_per_point as f32;
                    let size = egui::vec2(points(picture.width), points(picture.height));
                    (texture(ctx, "backdrop", &picture), size)
                });
                self.state.image.drawn_for = Some(layout);
            }
            Outcome::ImageLookedInto(spec, context) => self.state.image.looked_into(&spec, *context),
            Outcome::ImageEstimated(spec, estimates) => self.state.image.estimated(&spec, estimates),
            Outcome::Reconsidered(inspection, homebrew) => {
                self.considering = false;
                self.state.reconsidered(inspection, homebrew);
                if std::mem::take(&mut self.consider_again) {
                    self.reconsider();
                }
            }
            Outcome::Seals(bundle, tree) => self.state.signature.seals.receive(&bundle, tree),
            Outcome::SealChain(bundle, path, chain) => {
                self.state.signature.seals.receive_chain(&bundle, path, chain);
            }
            Outcome::Triaged(triages) => self.state.crash.receive(triages),
            Outcome::Surveyed(graph, survey) => self.state.maps.surveyed(graph, survey),
            Outcome::Traced(graph, target, why) => self.state.maps.traced(graph, target, why),
            Outcome::Drawn(graph, launch, network) => self.state.maps.drawn(graph, launch, network),
            other => self.done(other),
        }
    }
}

fn texture(ctx: &Context, name: &str, picture: &Picture) -> TextureHandle {
    let size = [picture.width as usize, picture.height as usize];
    let image = ColorImage::from_rgba_unmultiplied(size, &picture.rgba);
    ctx.load_texture(name, image, TextureOptions::LINEAR.with_mipmap_mode(Some(egui::TextureFilter::Linear)))
}
