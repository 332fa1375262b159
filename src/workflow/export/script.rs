//! The plan as a shell script of Apple's own tools: what a person would have typed on a Mac.

use std::fmt::Write;

use crate::codesign::SignKind;
use crate::fix::{Edit, FixPlan};
use crate::paths::BundlePath;

pub fn script(name: &str, plan: &FixPlan) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_script(&mut out, name, plan);
    out
}

fn write_script(out: &mut String, name: &str, plan: &FixPlan) -> std::fmt::Result {
    writeln!(
        out,
        "#!/bin/sh\n# The repair of {} with Apple's tools. Usage: sh FILE path/to/the.app",
        comment(name)
    )?;
    writeln!(out, "set -eu\ncd \"$1\"")?;
    for planned in &plan.edits {
        write_edit(out, &planned.edit)?;
    }
    for step in &plan.sign.steps {
        let identifier = quote(&step.identifier);
        let keep = match step.kind {
            SignKind::Code | SignKind::DiskImage | SignKind::Bundle
                if step.keeps.iter().any(|kept| kept.contains("entitlement")) =>
            {
                " --preserve-metadata=entitlements"
            }
            _ => "",
        };
        writeln!(out, "codesign --force --sign - --identifier {identifier}{keep} {}", place(&step.path))?;
    }
    Ok(())
}

fn write_edit(out: &mut String, edit: &Edit) -> std::fmt::Result {
    let tool = |flags: &str, texts: &[&str], path: &BundlePath| {
        let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
        format!("install_name_tool {flags} {} {}", texts.join(" "), place(path))
    };
    let line = match edit {
        Edit::CopyFile { from, to, .. } | Edit::CopyFramework { from, to, .. } => {
            let folder = to.parent().unwrap_or_default();
            format!(
                "mkdir -p {} && ditto {} {} && chmod -R u+w {}",
                place(&folder),
                quote(from.as_str()),
                place(to),
                place(to)
            )
        }
        Edit::Symlink { path, target } => format!("ln -sfh {} {}", quote(target), place(path)),
        Edit::WriteFile { path, contents } => {
            let folder = path.parent().unwrap_or_default();
            format!("mkdir -p {} && printf %s {} > {}", place(&folder), quote(contents), place(path))
        }
        Edit::Remove { path } => format!("rm -rf {}", place(path)),
        Edit::Move { from, to } => format!("mv {} {}", place(from), place(to)),
        Edit::SetMode { path, mode } => format!("chmod {mode:o} {}", place(path)),
        Edit::Thin { path, archs } => {
            let remove: Vec<String> = archs.iter().map(|arch| format!("-remove {arch}")).collect();
            format!("lipo {} {} -output {}", place(path), remove.join(" "), place(path))
        }
        Edit::SetInfo { path, key, to, .. } => {
            format!("plutil -replace {key} -string {} {}", quote(to), place(path))
        }
        Edit::SetId { path, to, .. } => tool("-id", &[to.as_str()], path),
        Edit::ChangeUse { path, from, to } => tool("-change", &[from.as_str(), to.as_str()], path),
        Edit::AddRpath { path, rpath } => tool("-add_rpath", &[rpath.as_str()], path),
        Edit::ReplaceRpath { path, from, to } => tool("-rpath", &[from.as_str(), to.as_str()], path),
        Edit::DeleteRpath { path, rpath, keep_first } => {
            let delete = tool("-delete_rpath", &[rpath.as_str()], path);
            match keep_first {
                // Whether the tool takes one or all of several equal ones depends on its age.
                true => {
                    format!("{delete}\n{} 2>/dev/null || true", tool("-add_rpath", &[rpath.as_str()], path))
                }
                false => delete,
            }
        }
    };
    writeln!(out, "{line}")
}

/// A path from inside the bundle; `./` keeps a leading dash from being an option.
fn place(path: &BundlePath) -> String {
    if path.is_root() { ".".to_owned() } else { quote(&format!("./{path}")) }
}

/// Quoted for the shell unless plainly harmless.
fn quote(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && text.chars().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// For a comment, which a line feed would end.
fn comment(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_written_with_its_lines() {
        let path = BundlePath::new("Contents/Resources/qt.conf").unwrap();
        let edit = Edit::WriteFile { path, contents: "[Paths]\nPlugins = PlugIns\n".to_owned() };
        let mut line = String::new();
        write_edit(&mut line, &edit).unwrap();
        assert_eq!(
            line,
            "mkdir -p ./Contents/Resources && printf %s '[Paths]\nPlugins = PlugIns\n' > ./Contents/Resources/qt.conf\n"
        );
        let words = ("write with the text", None, Some("[Paths]; Plugins = PlugIns".to_owned()));
        assert_eq!(super::super::phrase(&edit), words);
        assert_eq!(
            (edit.kind(), edit.key().0.as_str()),
            ("write_file", "write_file Contents/Resources/qt.conf ")
        );
    }

    #[test]
    fn the_shell_gets_names_as_they_are() {
        assert_eq!(quote("@rpath/libfoo.1.dylib"), "@rpath/libfoo.1.dylib");
        assert_eq!(quote("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(place(&BundlePath::root()), ".");
        assert_eq!(place(&BundlePath::new("-x").unwrap()), "./-x");
    }
}
