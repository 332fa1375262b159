//! The application: turns actions into requests, and events into state.

mod arrive;
mod image;
mod investigate;
mod signing;

use std::path::PathBuf;
use std::time::Instant;

use egui::{Context, Key, Ui, ViewportCommand};

use super::command::{self, Action, Command, Look, Outbox, Page};
use super::dialogs::{Asked, Dialogs, Kind};
use super::state::{self, Activity, State};
use super::widgets::note_input;
use super::{Outside, pages, palette, shell, theme};
use crate::bundle::SearchRoots;
use crate::dmg::Background;
use crate::dyld::Conditions;
use crate::fix::{FixOptions, Selection};
use crate::jobs::{Jobs, ReportSource, Request};
use crate::progress::Pace;
use crate::workflow::{InspectOptions, Mac};

pub struct App {
    pub(super) state: State,
    /// What the user waits for; one at a time.
    jobs: Jobs,
    /// Pictures and looks beside the bundle: nobody waits for them.
    side: Jobs,
    dialogs: Dialogs,
    outbox: Outbox,
    outside: Outside,
    title: String,
    /// Other conditions are being worked out.
    considering: bool,
    /// They have changed meanwhile.
    consider_again: bool,
}

const RECENTS: &str = "recents";
const ROOTS: &str = "roots";
const THEME: &str = "theme";

impl App {
    pub fn new(cc: &eframe::CreationContext<'_>, open: Option<PathBuf>) -> Self {
        let ctx = &cc.egui_ctx;
        theme::install(ctx);
        ctx.options_mut(|options| options.quit_shortcuts = Vec::new());
        let wake = |ctx: Context| move || ctx.request_repaint();
        let mut app = App {
            state: State::default(),
            jobs: Jobs::new(wake(ctx.clone())),
            side: Jobs::new(wake(ctx.clone())),
            dialogs: Dialogs::default(),
            outbox: Vec::new(),
            outside: Outside::default(),
            title: String::new(),
            considering: false,
            consider_again: false,
        };
        if let Some(storage) = cc.storage {
            app.state.recents =
                storage.get_string(RECENTS).map(|text| state::read_recents(&text)).unwrap_or_default();
            app.state.roots =
                storage.get_string(ROOTS).map(|text| state::read_roots(&text)).unwrap_or_default();
            let look = match storage.get_string(THEME).as_deref() {
                Some("light") => Look::Light,
                Some("dark") => Look::Dark,
                _ => Look::System,
            };
            app.set_theme(ctx, look);
        }
        if let Some(path) = open {
            app.open(path);
        }
        app
    }

    /// What the window takes from outside, in place of nothing.
    pub fn surround(&mut self, outside: Outside) {
        self.outside = outside;
    }

    /// Whether the user waits for something.
    pub fn is_busy(&self) -> bool {
        self.jobs.busy() || self.side.busy()
    }

    fn set_theme(&mut self, ctx: &Context, look: Look) {
        self.state.theme = Some(look.preference());
        ctx.set_theme(look.preference());
    }

    fn begin(&mut self, what: &'static str, request: Request) {
        if self.jobs.busy() {
            self.state.note(format!("{what}: something else is still running; cancel it first"));
            return;
        }
        self.state.started = Some(Instant::now());
        self.state.activity = Activity::Running { what, step: None, pace: Pace::default(), left: None };
        if !self.jobs.start(request) {
            self.state.activity = Activity::Failed("the system gives no thread to work on".to_owned());
        }
    }

    fn open(&mut self, path: PathBuf) {
        self.open_with(path, None);
    }

    /// Opens the bundle, or reads the crash report, at `path`: a bundle with `roots`, or with the user's usual ones.
    pub fn open_with(&mut self, path: PathBuf, roots: Option<SearchRoots>) {
        if investigate::is_report(&path) {
            self.triage(vec![ReportSource::File(path)]);
            return;
        }
        if image::is_disk_image(&path) {
            self.begin("Opening the image", Request::OpenImage { path });
            return;
        }
        self.state.refused = None;
        self.state.start.asked(&path);
        let options = InspectOptions::new(roots.unwrap_or_else(|| self.state.roots.clone()));
        self.begin("Opening", Request::Inspect { path, options });
    }

    fn inspect_again(&mut self, roots: Option<SearchRoots>) {
        let Some(opened) = &self.state.opened else { return };
        let mut options = opened.inspection.options.clone();
        if let Some(roots) = roots {
            options.roots = roots;
        }
        self.begin("Analysing", Request::Inspect { path: opened.path(), options });
    }

    fn plan(&mut self, selection: Selection) {
        self.state.plan.ask(selection);
        self.state.page = Some(Page::Plan);
        self.plan_again();
    }

    fn plan_again(&mut self) {
        let (Some(opened), Some(selection)) = (&self.state.opened, self.state.plan.selection()) else {
            return;
        };
        let options = FixOptions {
            selection: selection.clone(),
            switched_off: self.state.plan.switched_off().clone(),
            licences: self.state.plan.with_licences(),
            also: self.state.plan.also().iter().map(|rule| (*rule).to_owned()).collect(),
            roots: opened.inspection.options.roots.clone(),
            os: opened.inspection.options.conditions.os,
            ..FixOptions::default()
        };
        self.begin("Planning", Request::Plan { inspection: opened.inspection.clone(), options });
    }

    /// Looks at the bundle as it would load under the conditions asked for; the last wish counts.
    pub(super) fn reconsider(&mut self) {
        let Some(opened) = &self.state.opened else { return };
        if self.considering {
            self.consider_again = true;
            return;
        }
        let homebrew = self.state.place == Mac::Homebrew;
        let same = opened.inspection.options.conditions == self.state.conditions;
        if same && (!homebrew || opened.homebrew.is_some()) {
            return;
        }
        self.considering = self.side.start(Request::Reconsider {
            inspection: opened.inspection.clone(),
            conditions: self.state.conditions.clone(),
            homebrew,
        });
    }

    fn enabled(&self, command: Command) -> bool {
        let opened = self.state.opened.is_some();
        let needs = command::COMMANDS
            .iter()
            .find(|entry| entry.command == command)
            .is_some_and(|entry| entry.needs_bundle);
        let page = self.state.page();
        let reads = match command {
            Command::Find | Command::Inspector | Command::Go(Page::Overview) => page.stands_alone(),
            Command::CopyReport if page == Page::Crash => self.state.crash.has_reports(),
            Command::Reanalyse | Command::CopyReport => page == Page::Compare,
            Command::BuildImage | Command::CloseBundle | Command::Go(Page::DiskImage) => {
                self.state.image.source.is_some()
            }
            _ => false,
        };
        if needs && !opened && command != Command::Cancel && !reads {
            return false;
        }
        let busy = self.jobs.busy();
        match command {
            Command::Cancel => busy,
            Command::Reanalyse if page == Page::Compare => !busy && self.sides().is_some(),
            Command::CopyReport if page == Page::Compare => self.state.compare.comparison().is_some(),
            Command::Open | Command::OpenSample | Command::Reanalyse | Command::BuildImage => !busy,
            Command::UndoDesign => page == Page::DiskImage && self.state.image.history.can_undo(),
            Command::RedoDesign => page == Page::DiskImage && self.state.image.history.can_redo(),
            Command::CentreIcon | Command::SpaceIcons => {
                page == Page::DiskImage && self.state.image.spec.is_some()
            }
            Command::OpenLayout | Command::SaveLayout => {
                !busy && page == Page::DiskImage && self.state.image.spec.is_some()
            }
            Command::Sign | Command::Preflight => !busy,
            Command::OpenReport | Command::PasteReport | Command::CompareWith => !busy,
            Command::ReviewFixes => {
                !busy && self.state.opened.as_ref().is_some_and(|opened| opened.facts.fixable > 0)
            }
            Command::ApplyFixes => !busy && page == Page::Plan && self.state.plan.can_apply(),
            Command::Inspector => {
                self.state.narrow && !matches!(page, Page::Overview | Page::InfoPlist | Page::Manual)
            }
            Command::UsualConditions => self.state.conditions != Conditions::default(),
            Command::ExportPlan => !busy && self.state.plan.plan().is_some(),
            Command::UndoLastFix => {
                !busy && self.state.opened.as_ref().is_some_and(|opened| opened.last_fix.is_some())
            }
            _ => true,
        }
    }

    fn act(&mut self, action: Action, ctx: &Context, frame: &eframe::Frame) {
        match action {
            Action::Run(command) if self.enabled(command) => self.run(command, ctx, frame),
            Action::Run(_) => {}
            Action::Open(path) => self.open(path),
            Action::ForgetRecents => self.state.recents.clear(),
            Action::ShowFinding(index) => {
                self.state.findings.select(index);
                self.state.page = Some(Page::Findings);
            }
            Action::ShowInTree(image, name) => {
                self.state.dependencies.look_at(image, name);
                self.state.page = Some(Page::Dependencies);
            }
            Action::ShowInMaps(image) => {
                self.state.maps.select(image);
                self.state.page = Some(Page::Maps);
            }
            Action::Plan(selection) => self.plan(selection),
            Action::SwitchEdit(key) if !self.jobs.busy() => {
                self.state.plan.flip(&key);
                self.plan_again();
            }
            Action::SwitchOffer(rule) if !self.jobs.busy() => {
                self.state.plan.flip_offer(rule);
                self.plan_again();
            }
            Action::SwitchLicences if !self.jobs.busy() => {
                self.state.plan.flip_licences();
                self.plan_again();
            }
            Action::SwitchEdit(_) | Action::SwitchOffer(_) | Action::SwitchLicences => {}
            Action::PickBuildFolder(row) => self.dialogs.pick_folder(ctx, frame, row),
            Action::PickBackground => self.dialogs.pick_background(ctx, frame),
            Action::PickIdentity => self.dialogs.pick_identity(ctx, frame),
            Action::PickEntitlements => self.dialogs.pick_entitlements(ctx, frame),
            Action::PlanSigning(request) => self.plan_signing(*request),
            Action::Sign => self.sign(),
            Action::ReadReports(reports) => self.triage(reports),
            Action::PickSide(side, kind) => self.dialogs.pick_side(ctx, frame, side, kind),
            Action::Compare(left, right) => self.compare(left, right),
            Action::SetRoots(roots) => {
                self.state.roots = roots.clone();
                self.state.place = Mac::Build;
                self.inspect_again(Some(roots));
            }
            Action::Build { output, replace } => self.build(output, replace),
            Action::BuildDespiteErrors => self.build_despite_errors(),
            Action::PickItem(kind) => self.dialogs.pick_item(ctx, frame, kind),
            Action::Reveal(path) => {
                if let Err(failure) = (self.outside.reveal)(&path) {
                    self.state.activity = Activity::Failed(failure.to_string());
                }
            }
            Action::ChooseOutput => {
                let output = PathBuf::from(self.state.image.output.trim());
                self.dialogs.save(ctx, frame, Asked::Image, &output);
            }
            Action::Copy(text) => {
                ctx.copy_text(text);
                self.state.activity = Activity::Done("Copied", "It is on the clipboard".to_owned());
            }
            Action::WhatIf(place, conditions) => {
                self.state.place = place;
                self.state.conditions = conditions;
                self.reconsider();
            }
            Action::Read(id) => {
                let from = self.state.page();
                self.state.manual.read(id, from);
                self.state.page = Some(Page::Manual);
            }
            Action::Ask(request) => {
                if !self.side.start(*request) {
                    self.state.maps.give_up();
                }
            }
        }
    }

    fn run(&mut self, command: Command, ctx: &Context, frame: &eframe::Frame) {
        match command {
            Command::Open => self.dialogs.pick_app(ctx, frame),
            Command::TypePath => self.type_path(),
            Command::OpenSample => self.begin("Opening", Request::OpenSample),
            Command::Reanalyse if self.state.page() == Page::Compare => self.compare_again(),
            Command::Reanalyse => self.inspect_again(None),
            Command::CloseBundle => self.close(),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Command::UndoLastFix => self.undo(),
            Command::CopyReport if self.state.page() == Page::Compare => self.copy_comparison(ctx),
            Command::CopyReport => {
                let crash = self.state.crash.summary().filter(|_| self.state.page() == Page::Crash);
                let report = || self.state.opened.as_ref().map(pages::overview::report);
                if let Some(text) = crash.or_else(report) {
                    ctx.copy_text(text);
                    self.state.activity =
                        Activity::Done("Copied", "The report is on the clipboard".to_owned());
                }
            }
            Command::Find => self.find(ctx),
            Command::Go(page) => {
                if page == Page::Manual {
                    let from = self.state.page();
                    self.state.manual.come_from(from);
                }
                self.state.page = Some(page);
            }
            Command::Theme(look) => self.set_theme(ctx, look),
            Command::ShowLog => self.state.show_log = !self.state.show_log,
            Command::Inspector => self.state.inspector_open = !self.state.inspector_open,
            Command::Palette => self.state.palette.toggle(),
            Command::ReviewFixes => self.plan(Selection::Everything),
            Command::ApplyFixes => self.apply(),
            Command::ExportPlan => {
                if let Some(opened) = &self.state.opened {
                    let folder = opened.path().parent().map(PathBuf::from).unwrap_or_default();
                    self.dialogs.save(
                        ctx,
                        frame,
                        Asked::Plan,
                        &folder.join(format!("{} fix plan.md", opened.facts.name)),
                    );
                }
            }
            Command::BuildFolders => {
                let roots = self
                    .state
                    .opened
                    .as_ref()
                    .map_or(&self.state.roots, |opened| &opened.inspection.options.roots);
                self.state.folders.open(&roots.clone());
            }
            Command::BuildImage => self.build_image(),
            Command::UndoDesign => self.state.image.undo(),
            Command::RedoDesign => self.state.image.redo(),
            Command::CentreIcon => self.state.image.centre(),
            Command::SpaceIcons => self.state.image.space_evenly(),
            Command::OpenLayout => self.dialogs.pick_layout(ctx, frame),
            Command::SaveLayout => {
                let proposal = PathBuf::from(self.state.image.output.trim()).with_extension("layout.json");
                self.dialogs.save(ctx, frame, Asked::SavedLayout, &proposal);
            }
            Command::Sign => self.show_signing(),
            Command::Preflight => self.preflight(),
            Command::OpenReport => self.dialogs.pick_report(ctx, frame),
            Command::PasteReport => {
                self.state.page = Some(Page::Crash);
                ctx.send_viewport_cmd(ViewportCommand::RequestPaste);
            }
            Command::CompareWith => {
                let side = self.compare_with();
                self.dialogs.pick_side(ctx, frame, side, Kind::Folder);
            }
            Command::UsualConditions => {
                self.state.conditions = Conditions::default();
                self.reconsider();
            }
            Command::Cancel => self.jobs.cancel(),
        }
    }

    fn type_path(&mut self) {
        self.close();
        self.state.start.type_path();
    }

    fn close(&mut self) {
        if !self.jobs.busy() {
            if self.state.image.source.is_some() {
                (self.state.image, self.state.page) = (Default::default(), None);
            }
            self.state.opened = None;
            self.state.activity = Activity::Idle;
            self.tie_reports();
        }
    }

    fn undo(&mut self) {
        let Some(opened) = &self.state.opened else { return };
        let request = Request::Undo { bundle: opened.path(), options: opened.inspection.options.clone() };
        self.begin("Undoing", request);
    }

    fn apply(&mut self) {
        let (Some(opened), Some(plan)) = (&self.state.opened, self.state.plan.plan()) else { return };
        let request = Request::Apply { inspection: opened.inspection.clone(), plan: plan.clone() };
        self.begin("Applying", request);
    }

    fn find(&self, ctx: &Context) {
        let id = match self.state.page() {
            Page::Dependencies => pages::dependencies::filter_id(),
            Page::Findings => pages::findings::filter_id(),
            Page::InfoPlist => pages::info_plist::filter_id(),
            Page::Signature => pages::signature::filter_id(),
            Page::Maps => pages::maps::filter_id(),
            Page::Manual => pages::manual::filter_id(),
            Page::Crash => pages::crash::filter_id(),
            Page::Compare => pages::compare::filter_id(),
            _ => return,
        };
        ctx.memory_mut(|memory| memory.request_focus(id));
    }

    /// What was chosen in the system's dialogs.
    fn chosen(&mut self, asked: Asked, path: PathBuf) {
        match asked {
            Asked::App => self.open(path),
            Asked::Identity => {
                self.state.identity.choose(path);
                self.state.signature.sign.change();
            }
            Asked::Entitlements => self.state.signature.sign.choose_entitlements(path),
            Asked::Report => self.triage(vec![ReportSource::File(path)]),
            Asked::Side(side) => {
                let root = self.state.opened.as_ref().map(state::Opened::path);
                if let Some((left, right)) = self.state.compare.chosen(side, path, root.as_deref()) {
                    self.compare(left, right);
                }
            }
            Asked::BuildFolder(row) => self.state.folders.chosen(row, path),
            Asked::Image => {
                self.state.image.output = path.display().to_string();
                self.build(path, true); // the dialog has asked
            }
            Asked::Item => self.add_item(&path),
            Asked::Layout => {
                if let Some(spec) = self.state.image.spec.clone() {
                    self.begin("Reading the layout", Request::ReadLayout { path, spec });
                }
            }
            Asked::SavedLayout => {
                if let Some(spec) = &self.state.image.spec {
                    let layout = spec.layout.clone();
                    self.begin("Saving the layout", Request::SaveLayout { layout, out: path });
                }
            }
            Asked::Background => {
                if let Some(spec) = &mut self.state.image.spec {
                    spec.layout.background = Background::Picture { picture: path, retina: None };
                }
            }
            Asked::Plan => {
                if let (Some(opened), Some(plan)) = (&self.state.opened, self.state.plan.plan()) {
                    let (inspection, plan) = (opened.inspection.clone(), plan.clone());
                    self.begin("Exporting", Request::ExportPlan { inspection, plan, out: path });
                }
            }
        }
    }

    fn shortcuts(&mut self, ctx: &Context) {
        // Keys of the palette's own go to it; its shortcut closes it again.
        if let Some(command) = command::pressed(ctx)
            && (!self.state.palette.is_open() || command == Command::Palette)
        {
            self.outbox.push(Action::Run(command));
        }
        let free = !self.state.palette.is_open() && ctx.memory(|memory| memory.focused()).is_none();
        if self.state.narrow && free && ctx.input(|input| input.key_pressed(Key::Escape)) {
            self.state.inspector_open = false;
        }
        self.take_in(ctx);
    }

    fn page(&mut self, ui: &mut Ui) {
        let busy = self.jobs.busy();
        let page = self.state.page();
        let state = &mut self.state;
        if page == Page::Manual {
            let opened = state.opened.is_some();
            pages::manual::show(ui, &mut state.manual, opened, &mut self.outbox);
            return;
        }
        if page == Page::Crash {
            let (opened, called) = (state.opened.as_ref(), &mut state.inspector_open);
            pages::crash::show(ui, &mut state.crash, opened, busy, called, &mut self.outbox);
            return;
        }
        if page == Page::Compare {
            let (opened, called) = (state.opened.as_ref(), &mut state.inspector_open);
            pages::compare::show(ui, &mut state.compare, opened, busy, called, &mut self.outbox);
            return;
        }
        if page == Page::DiskImage && (state.opened.is_some() || state.image.source.is_some()) {
            let (opened, called) = (state.opened.as_ref(), state.inspector_open);
            let (view, form) = (&mut state.image, &mut state.identity);
            pages::disk_image::show(ui, view, form, opened, busy, called, &mut self.outbox);
            return;
        }
        let Some(opened) = &state.opened else {
            pages::start::show(ui, state, busy, &mut self.outbox);
            return;
        };
        let (out, called) = (&mut self.outbox, &mut state.inspector_open);
        match page {
            Page::Overview => {
                egui::CentralPanel::default()
                    .frame(super::widgets::panel_frame(theme::tokens(ui).panel))
                    .show(ui, |ui| {
                        pages::overview::show(ui, opened, state.image.is_built(), out);
                    });
            }
            Page::InfoPlist => pages::info_plist::show(ui, &mut state.plist, opened, out),
            Page::Dependencies => {
                let fixable = opened.facts.fixable > 0;
                let mut scope = pages::dependencies::Scope {
                    place: state.place,
                    conditions: &state.conditions,
                    variables: &mut state.variables,
                };
                pages::dependencies::show(
                    ui,
                    &mut state.dependencies,
                    &mut scope,
                    opened,
                    fixable,
                    called,
                    out,
                );
            }
            Page::Maps => {
                let place = state.place;
                pages::maps::show(ui, &mut state.maps, &mut state.dependencies, place, opened, called, out);
            }
            Page::Crash | Page::Compare | Page::Manual | Page::DiskImage => {}
            Page::Findings => pages::findings::show(ui, &mut state.findings, opened, called, out),
            Page::Plan => pages::plan::show(ui, &mut state.plan, opened, busy, *called, out),
            Page::Signature => pages::signature::show(
                ui,
                &mut state.signature,
                &mut state.identity,
                opened,
                busy,
                called,
                out,
            ),
        }
    }

    fn rename_window(&mut self, ctx: &Context) {
        let title = match &self.state.opened {
            Some(opened) => format!("{} — Bundlewright", opened.inspection.bundle.name),
            None => "Bundlewright".to_owned(),
        };
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        note_input(ctx);
        self.receive(ctx);
        self.rename_window(ctx);
        // Closing the window in the middle of a fix would be safe, but surprising: it waits for a clean end.
        if ctx.input(|input| input.viewport().close_requested()) && self.jobs.busy() {
            self.jobs.cancel();
        }
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.state.narrow = ctx.content_rect().width() < shell::NARROW;
        self.shortcuts(&ctx);
        let mut outbox = std::mem::take(&mut self.outbox);
        shell::top_bar(ui, &self.state, |command| self.enabled(command), &mut outbox);
        shell::activity(ui, &self.state, self.jobs.busy(), &mut outbox);
        shell::log(ui, &mut self.state);
        shell::rail(ui, &self.state, &mut outbox);
        shell::what_if(ui, &self.state, &mut outbox);
        pages::build_folders::show(ui, &mut self.state.folders, &mut outbox);
        self.outbox = outbox;
        self.page(ui);
        let mut outbox = std::mem::take(&mut self.outbox);
        let mut view = std::mem::take(&mut self.state.palette);
        palette::show(ui, &mut view, |command| self.enabled(command), &mut outbox);
        self.state.palette = view;
        shell::drop_overlay(ui, self.state.page());
        for (asked, path) in self.dialogs.poll() {
            self.chosen(asked, path);
        }
        for action in outbox {
            self.act(action, &ctx, frame);
        }
        self.keep_image_up(&ctx);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        storage.set_string(RECENTS, state::write_recents(&self.state.recents));
        storage.set_string(ROOTS, state::write_roots(&self.state.roots));
        let theme = match self.state.theme {
            Some(egui::ThemePreference::Light) => "light",
            Some(egui::ThemePreference::Dark) => "dark",
            _ => "system",
        };
        storage.set_string(THEME, theme.to_owned());
    }

    /// Sizes and selections are not worth a surprise at the next start; the settings above are kept by name.
    fn persist_egui_memory(&self) -> bool {
        false
    }
}
