//! The system's file dialogs. A dialog is made on the main thread and waited for on another, never in the frame.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::Context;
use rfd::{AsyncFileDialog, FileHandle};

use crate::ui::pages::compare::Side;

/// How the files of crash reports end; a log of dyld or objc may have any name.
pub const REPORTS: [&str; 9] = ["ips", "crash", "txt", "log", "md", "spin", "hang", "diag", "beta"];

/// What a dialog was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    App,
    Plan,
    Image,
    Background,
    /// Another file or folder for the volume.
    Item,
    /// A layout to be read.
    Layout,
    /// Where the layout is saved.
    SavedLayout,
    BuildFolder(usize),
    Identity,
    Entitlements,
    Report,
    Side(Side),
}

/// What the system's dialog offers: one of them shows files or folders, never both, but on a Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File,
}

pub struct Dialogs {
    outbox: Sender<(Asked, Option<PathBuf>)>,
    answers: Receiver<(Asked, Option<PathBuf>)>,
    /// One at a time: a second click must not open a second dialog.
    open: bool,
}

impl Default for Dialogs {
    fn default() -> Self {
        let (outbox, answers) = unbounded();
        Dialogs { outbox, answers, open: false }
    }
}

impl Dialogs {
    /// A bundle: a file to a Mac's picker, a folder to every other.
    pub fn pick_app(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Open an app bundle").set_parent(frame);
        if ctx.os().is_mac() {
            self.wait(ctx, Asked::App, dialog.add_filter("App", &["app", "framework"]).pick_file());
        } else {
            self.wait(ctx, Asked::App, dialog.pick_folder());
        }
    }

    pub fn pick_folder(&mut self, ctx: &Context, frame: &eframe::Frame, row: usize) {
        let dialog =
            AsyncFileDialog::new().set_title("Mac this folder of the build Mac is here").set_parent(frame);
        self.wait(ctx, Asked::BuildFolder(row), dialog.pick_folder());
    }

    pub fn pick_identity(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Sign with this identity").set_parent(frame);
        let dialog = dialog.add_filter("Identities", &["p12", "pfx", "pem"]).add_filter("All files", &["*"]);
        self.wait(ctx, Asked::Identity, dialog.pick_file());
    }

    pub fn pick_entitlements(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Entitlements of the app").set_parent(frame);
        let dialog = dialog.add_filter("Entitlements", &["entitlements", "plist", "xml"]);
        self.wait(ctx, Asked::Entitlements, dialog.add_filter("All files", &["*"]).pick_file());
    }

    pub fn pick_report(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Open a crash report").set_parent(frame);
        let dialog = dialog.add_filter("Crash reports", &REPORTS).add_filter("All files", &["*"]);
        self.wait(ctx, Asked::Report, dialog.pick_file());
    }

    /// One side of a comparison.
    pub fn pick_side(&mut self, ctx: &Context, frame: &eframe::Frame, side: Side, kind: Kind) {
        let dialog = AsyncFileDialog::new().set_title("Compare with").set_parent(frame);
        match kind {
            Kind::Folder if !ctx.os().is_mac() => self.wait(ctx, Asked::Side(side), dialog.pick_folder()),
            _ => self.wait(ctx, Asked::Side(side), dialog.pick_file()),
        }
    }

    pub fn pick_background(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Background picture").set_parent(frame);
        let pictures = ["png", "jpg", "jpeg", "tif", "tiff"];
        self.wait(ctx, Asked::Background, dialog.add_filter("Pictures", &pictures).pick_file());
    }

    pub fn pick_item(&mut self, ctx: &Context, frame: &eframe::Frame, kind: Kind) {
        let dialog = AsyncFileDialog::new().set_title("Add to the volume").set_parent(frame);
        match kind {
            Kind::Folder => self.wait(ctx, Asked::Item, dialog.pick_folder()),
            Kind::File => self.wait(ctx, Asked::Item, dialog.pick_file()),
        }
    }

    pub fn pick_layout(&mut self, ctx: &Context, frame: &eframe::Frame) {
        let dialog = AsyncFileDialog::new().set_title("Open an image layout").set_parent(frame);
        self.wait(
            ctx,
            Asked::Layout,
            dialog
                .add_filter("Layouts of ours and of other tools", &["json", "sh"])
                .add_filter("All files", &["*"])
                .pick_file(),
        );
    }

    pub fn save(&mut self, ctx: &Context, frame: &eframe::Frame, asked: Asked, proposal: &std::path::Path) {
        let title = match asked {
            Asked::Plan => "Export the plan",
            Asked::SavedLayout => "Save the image layout",
            _ => "Build the disk image",
        };
        let mut dialog = AsyncFileDialog::new().set_title(title).set_parent(frame);
        if let Some(name) = proposal.file_name() {
            dialog = dialog.set_file_name(name.to_string_lossy());
        }
        if let Some(folder) = proposal.parent() {
            dialog = dialog.set_directory(folder);
        }
        self.wait(ctx, asked, dialog.save_file());
    }

    fn wait(
        &mut self,
        ctx: &Context,
        asked: Asked,
        dialog: impl Future<Output = Option<FileHandle>> + Send + 'static,
    ) {
        if self.open {
            return;
        }
        let (outbox, ctx) = (self.outbox.clone(), ctx.clone());
        let waiting = std::thread::Builder::new().name("bundlewright-dialog".to_owned()).spawn(move || {
            let chosen = pollster::block_on(dialog).map(|file| file.path().to_path_buf());
            let _ = outbox.send((asked, chosen)); // the window may be gone
            ctx.request_repaint();
        });
        self.open = waiting.is_ok();
    }

    /// What was chosen since the last call.
    pub fn poll(&mut self) -> Vec<(Asked, PathBuf)> {
        let answers: Vec<_> = self.answers.try_iter().collect();
        self.open &= answers.is_empty();
        answers.into_iter().filter_map(|(asked, path)| Some((asked, path?))).collect()
    }
}
