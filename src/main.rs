//! Arguments → the window or a headless command.

fn main() -> std::process::ExitCode {
    bundlewright::cli::main()
}
