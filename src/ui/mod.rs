//! The window: reads values, sends requests, never touches files.
//!
//! ```text
//! pages ─► Outbox of Actions ─► App ─► jobs::Request ─► worker ─► jobs::Event ─► State ─► pages
//! ```

mod app;
mod command;
mod dialogs;
mod facts;
mod icons;
mod markdown;
mod pages;
mod palette;
mod search;
mod shell;
mod state;
mod theme;
mod what_if;
mod widgets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use egui::ViewportBuilder;

pub use app::App;

use crate::bundle::SearchRoots;
use crate::failure::Failure;

/// What the window takes from its surroundings.
#[derive(Debug, Clone)]
pub struct Outside {
    /// The time in seconds since 1970.
    pub clock: fn() -> u64,
    /// The time of signatures where it is not the clock's.
    pub source_date: Option<u64>,
    /// The system's temporary folder.
    pub temporary: PathBuf,
    /// The proxy to timestamp servers.
    pub http_proxy: Option<String>,
    /// Shows a file in the system's file manager.
    pub reveal: fn(&Path) -> Result<(), Failure>,
}

impl Default for Outside {
    /// Nothing: the clock stands at 1970.
    fn default() -> Self {
        Outside {
            clock: || 0,
            source_date: None,
            temporary: PathBuf::from("."),
            http_proxy: None,
            reveal: |_| Ok(()),
        }
    }
}

/// Must be the same in the desktop file and the metainfo: window systems match icons by it.
const APP_ID: &str = "io.github.bundlewright.Bundlewright";

/// Opens the window, on `open` when there is one, and returns when it is closed. Without `roots` the user's usual search
/// roots hold.
pub fn run(open: Option<PathBuf>, roots: Option<SearchRoots>, outside: Outside) -> ExitCode {
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon/bundlewright-256.png"));
    let (smallest, usual) = theme::WINDOW;
    let mut viewport = ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Bundlewright")
        .with_inner_size(usual)
        .with_min_inner_size(smallest)
        .with_drag_and_drop(true);
    if let Ok(icon) = icon {
        viewport = viewport.with_icon(icon);
    }
    let options = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let start = |cc: &eframe::CreationContext<'_>| {
        let mut app = App::new(cc, None);
        app.surround(outside);
        if let Some(path) = open {
            app.open_with(path, roots);
        }
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    match eframe::run_native(APP_ID, options, Box::new(start)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bundlewright: {}", refusal(&error));
            ExitCode::from(2)
        }
    }
}

/// Why there is no window, without the source paths that the libraries put into their errors.
fn refusal(error: &eframe::Error) -> String {
    let text = error.to_string();
    let library = text.split('"').find(|part| part.contains("lib") && part.contains(".so"));
    let why = match (error, library) {
        (_, Some(library)) => format!("the window system's library is missing ({library})"),
        (eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_), None) => {
            "there is no graphical display that a window could open on".to_owned()
        }
        _ => "this display offers no OpenGL that a window could be drawn with".to_owned(),
    };
    format!("{why}; run `bundlewright --help` for the commands that need no window.")
}
