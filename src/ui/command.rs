//! What the user can ask for: one table feeds the menus, the palette and the shortcuts.

use std::path::PathBuf;

use egui::{Context, Key, KeyboardShortcut, Modifiers, ThemePreference};

use crate::bundle::ImageId;
use crate::dyld::Conditions;
use crate::fix::{EditKey, Selection};
use crate::jobs::{ReportSource, Request};
use crate::macho::InstallName;
use crate::ui::dialogs::Kind;
use crate::ui::icons::Icon;
use crate::ui::pages::compare::Side;
use crate::workflow::{Mac, SignRequest};

/// The steps of the rail, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    Overview,
    InfoPlist,
    Dependencies,
    Maps,
    Findings,
    Plan,
    Signature,
    DiskImage,
    /// Crash reports: alone, or tied to the open bundle.
    Crash,
    /// Two builds side by side: it needs no open bundle.
    Compare,
    /// The laws of dyld and the rules: it needs no bundle.
    Manual,
}

impl Page {
    /// Whether there is something to do on it without an open bundle.
    pub fn stands_alone(self) -> bool {
        matches!(self, Page::Crash | Page::Compare | Page::Manual)
    }
}

/// A command without further particulars: it stands in a menu and in the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Open,
    TypePath,
    OpenSample,
    Reanalyse,
    CloseBundle,
    Quit,
    UndoLastFix,
    CopyReport,
    Find,
    Go(Page),
    Theme(Look),
    ShowLog,
    /// Over the table, in a window too narrow for both.
    Inspector,
    Palette,
    ReviewFixes,
    ApplyFixes,
    ExportPlan,
    BuildFolders,
    BuildImage,
    UndoDesign,
    RedoDesign,
    OpenLayout,
    SaveLayout,
    CentreIcon,
    SpaceIcons,
    /// How the bundle would be signed, and with what.
    Sign,
    Preflight,
    OpenReport,
    /// A report from the clipboard.
    PasteReport,
    /// Choose the second of two builds.
    CompareWith,
    /// No what-if any more.
    UsualConditions,
    Cancel,
}

/// [`ThemePreference`] without its lack of `Hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Look {
    System,
    Light,
    Dark,
}

impl Look {
    pub fn preference(self) -> ThemePreference {
        match self {
            Look::System => ThemePreference::System,
            Look::Light => ThemePreference::Light,
            Look::Dark => ThemePreference::Dark,
        }
    }
}

/// Anything that a page or a command asks the application to do.
#[derive(Clone)]
pub enum Action {
    Run(Command),
    Open(PathBuf),
    ForgetRecents,
    ShowFinding(usize),
    /// Select this reference of this image in the tree; without a name, the image itself.
    ShowInTree(ImageId, Option<InstallName>),
    /// Open the maps with this image selected.
    ShowInMaps(ImageId),
    Plan(Selection),
    SwitchEdit(EditKey),
    /// Take what this rule offers into the plan, or leave it out again.
    SwitchOffer(&'static str),
    /// Copy the licence texts of what is copied, or not.
    SwitchLicences,
    PickBuildFolder(usize),
    SetRoots(crate::bundle::SearchRoots),
    PickBackground,
    PickIdentity,
    PickEntitlements,
    /// See what signing like this would do.
    PlanSigning(Box<SignRequest>),
    /// Sign as it was planned.
    Sign,
    /// Read these crash reports, in the place of those on the page.
    ReadReports(Vec<ReportSource>),
    /// Choose a folder or a file for one side of the comparison.
    PickSide(Side, Kind),
    /// Compare what stands at these two paths.
    Compare(PathBuf, PathBuf),
    /// Ask for the disk image's name and folder, then build it.
    ChooseOutput,
    /// Build the disk image there, in the place of another file only with `replace`.
    Build {
        output: PathBuf,
        replace: bool,
    },
    /// Build it although the bundle has errors.
    BuildDespiteErrors,
    /// Choose a file or a folder for the volume.
    PickItem(Kind),
    /// Show this file in the system's file manager.
    Reveal(PathBuf),
    Copy(String),
    /// Look at the bundle again as it would load elsewhere or under other conditions.
    WhatIf(Mac, Conditions),
    /// Open this page of the manual: a law's or a rule's id.
    Read(&'static str),
    /// Work out a map of the maps page.
    Ask(Box<Request>),
}

pub type Outbox = Vec<Action>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Menu {
    File,
    Edit,
    View,
    Tools,
    Help,
}

impl Menu {
    pub const ALL: [Menu; 5] = [Menu::File, Menu::Edit, Menu::View, Menu::Tools, Menu::Help];

    pub fn name(self) -> &'static str {
        match self {
            Menu::File => "File",
            Menu::Edit => "Edit",
            Menu::View => "View",
            Menu::Tools => "Tools",
            Menu::Help => "Help",
        }
    }
}

/// One line of the table.
pub struct Entry {
    pub command: Command,
    pub menu: Menu,
    pub name: &'static str,
    pub icon: Option<Icon>,
    pub keys: Option<KeyboardShortcut>,
    /// A line stands above it in its menu.
    pub apart: bool,
    /// Makes sense only with a bundle open.
    pub needs_bundle: bool,
}

const fn entry(command: Command, menu: Menu, name: &'static str, icon: Option<Icon>) -> Entry {
    Entry { command, menu, name, icon, keys: None, apart: false, needs_bundle: true }
}

impl Entry {
    const fn keys(mut self, modifiers: Modifiers, key: Key) -> Self {
        self.keys = Some(KeyboardShortcut::new(modifiers, key));
        self
    }

    const fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Whether a text field has another use for the keys.
    fn is_of_a_field(&self) -> bool {
        matches!(self.command, Command::UndoDesign | Command::RedoDesign)
    }

    const fn always(mut self) -> Self {
        self.needs_bundle = false;
        self
    }
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

pub static COMMANDS: &[Entry] = &[
    entry(Command::Open, Menu::File, "Open app…", Some(Icon::Folder)).keys(CTRL, Key::O).always(),
    entry(Command::TypePath, Menu::File, "Open by path…", Some(Icon::ArrowRight))
        .keys(CTRL_SHIFT, Key::O)
        .always(),
    entry(Command::OpenSample, Menu::File, "Open sample", Some(Icon::Play)).always(),
    entry(Command::Reanalyse, Menu::File, "Re-analyse", Some(Icon::Refresh))
        .keys(Modifiers::NONE, Key::F5)
        .apart(),
    entry(Command::CloseBundle, Menu::File, "Close bundle", None).keys(CTRL, Key::W),
    entry(Command::Quit, Menu::File, "Quit", None).keys(CTRL, Key::Q).always().apart(),
    entry(Command::UndoLastFix, Menu::Edit, "Undo last fix", Some(Icon::Undo)).keys(CTRL_SHIFT, Key::Z),
    entry(Command::UndoDesign, Menu::Edit, "Undo design change", Some(Icon::Undo))
        .keys(CTRL, Key::Z)
        .always(),
    entry(Command::RedoDesign, Menu::Edit, "Redo design change", None).keys(CTRL, Key::Y).always(),
    entry(Command::CopyReport, Menu::Edit, "Copy report", Some(Icon::Copy)).keys(CTRL_SHIFT, Key::C).apart(),
    entry(Command::Find, Menu::Edit, "Find in this page", Some(Icon::Search)).keys(CTRL, Key::F),
    entry(Command::Go(Page::Overview), Menu::View, "Overview", Some(Icon::Overview)).keys(CTRL, Key::Num1),
    entry(Command::Go(Page::InfoPlist), Menu::View, "Info.plist", Some(Icon::List)).keys(CTRL, Key::Num2),
    entry(Command::Go(Page::Dependencies), Menu::View, "Dependencies", Some(Icon::Tree))
        .keys(CTRL, Key::Num3),
    entry(Command::Go(Page::Findings), Menu::View, "Findings", Some(Icon::Flag)).keys(CTRL, Key::Num4),
    entry(Command::Go(Page::Signature), Menu::View, "Signature", Some(Icon::Shield)).keys(CTRL, Key::Num5),
    entry(Command::Go(Page::DiskImage), Menu::View, "Disk image", Some(Icon::Drive)).keys(CTRL, Key::Num6),
    entry(Command::Go(Page::Maps), Menu::View, "Maps", Some(Icon::Map)).keys(CTRL, Key::Num7),
    entry(Command::Go(Page::Crash), Menu::View, "Crash report", Some(Icon::Pulse))
        .keys(CTRL, Key::Num8)
        .always(),
    entry(Command::Go(Page::Compare), Menu::View, "Compare", Some(Icon::Columns))
        .keys(CTRL, Key::Num9)
        .always(),
    entry(Command::ShowLog, Menu::View, "Show or hide the log", Some(Icon::Log))
        .keys(CTRL, Key::L)
        .always()
        .apart(),
    entry(Command::Inspector, Menu::View, "Show or hide the inspector", Some(Icon::Note))
        .keys(Modifiers::ALT, Key::Enter),
    entry(Command::Theme(Look::System), Menu::View, "Theme of the system", Some(Icon::Half)).always().apart(),
    entry(Command::Theme(Look::Light), Menu::View, "Light theme", None).always(),
    entry(Command::Theme(Look::Dark), Menu::View, "Dark theme", None).always(),
    entry(Command::ReviewFixes, Menu::Tools, "Review fixes…", Some(Icon::Wrench)).keys(CTRL, Key::R),
    entry(Command::ApplyFixes, Menu::Tools, "Apply edits and sign", None).keys(CTRL, Key::Enter),
    entry(Command::ExportPlan, Menu::Tools, "Export plan…", Some(Icon::File)).keys(CTRL, Key::E),
    entry(Command::BuildFolders, Menu::Tools, "Build Mac folders…", Some(Icon::Folder)).apart(),
    entry(Command::BuildImage, Menu::Tools, "Build disk image…", Some(Icon::Drive))
        .keys(CTRL, Key::B)
        .apart(),
    entry(Command::OpenLayout, Menu::Tools, "Open image layout…", None).always(),
    entry(Command::SaveLayout, Menu::Tools, "Save image layout…", None).always(),
    entry(Command::CentreIcon, Menu::Tools, "Centre the icon in the window", None).always(),
    entry(Command::SpaceIcons, Menu::Tools, "Space icons evenly", None).always(),
    entry(Command::Sign, Menu::Tools, "Sign…", Some(Icon::Shield)).keys(CTRL_SHIFT, Key::S).apart(),
    entry(Command::Preflight, Menu::Tools, "Notarization preflight", None).keys(CTRL_SHIFT, Key::N),
    entry(Command::OpenReport, Menu::Tools, "Open crash report…", Some(Icon::Pulse))
        .keys(CTRL_SHIFT, Key::R)
        .always()
        .apart(),
    entry(Command::PasteReport, Menu::Tools, "Paste crash report", None).keys(CTRL_SHIFT, Key::V).always(),
    entry(Command::CompareWith, Menu::Tools, "Compare with…", Some(Icon::Columns))
        .keys(CTRL, Key::D)
        .always(),
    entry(Command::Cancel, Menu::Tools, "Cancel what is running", Some(Icon::Close))
        .keys(CTRL, Key::Period)
        .apart(),
    entry(Command::Go(Page::Manual), Menu::Help, "How dyld finds libraries", Some(Icon::Book))
        .keys(Modifiers::NONE, Key::F1)
        .always(),
    entry(Command::UsualConditions, Menu::Tools, "Back to usual conditions", Some(Icon::Undo)),
    entry(Command::Palette, Menu::Help, "Commands and shortcuts", Some(Icon::Search))
        .keys(CTRL, Key::K)
        .always(),
];

/// The keys of `command`, as this system writes them.
pub fn keys(ctx: &Context, command: Command) -> Option<String> {
    let keys = COMMANDS.iter().find(|entry| entry.command == command)?.keys?;
    Some(shown(ctx, &keys))
}

/// "Ctrl K" here, "⌘K" on a Mac.
pub fn shown(ctx: &Context, keys: &KeyboardShortcut) -> String {
    let text = ctx.format_shortcut(keys);
    let text = text.replace("Period", ".");
    if ctx.os().is_mac() { text } else { text.replace('+', " ") }
}

/// The command whose keys were pressed in this frame.
pub fn pressed(ctx: &Context) -> Option<Command> {
    let typing = ctx.text_edit_focused();
    // Longer combinations first, so that Ctrl Shift O is not taken for Ctrl O.
    let mut known: Vec<&Entry> = COMMANDS.iter().filter(|entry| entry.keys.is_some()).collect();
    known.sort_by_key(|entry| !entry.keys.is_some_and(|keys| keys.modifiers.shift));
    ctx.input_mut(|input| {
        // A text field takes back what was typed into it.
        let known = known.into_iter().filter(|entry| !(typing && entry.is_of_a_field()));
        known.into_iter().find(|entry| entry.keys.is_some_and(|keys| input.consume_shortcut(&keys)))
    })
    .map(|entry| entry.command)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_commands_share_their_keys_or_their_name() {
        let keys: Vec<String> =
            COMMANDS.iter().filter_map(|e| e.keys).map(|keys| format!("{keys:?}")).collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        let names: BTreeSet<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), COMMANDS.len());
    }
}
