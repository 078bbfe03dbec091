//! `--help` and `--version`.

use clap::{Arg, ArgAction, Command};

use super::getopt::{HasArg, Opt};

/// The words around a tool's table of options.
pub struct Page {
    /// The name of the tool.
    pub tool: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What stands under the options.
    pub after: &'static str,
}

/// The text of `--help`: every option of the table, in its order.
pub fn render<A>(page: &Page, table: &[Opt<A>]) -> String {
    let options = table.iter().map(|opt| {
        let action = match opt.has_arg {
            HasArg::No => ArgAction::SetTrue,
            _ => ArgAction::Append,
        };
        let mut arg = Arg::new(opt.long).long(opt.long).action(action).help(opt.help);
        if let Some(letter) = opt.short {
            arg = arg.short(letter as char);
        }
        if opt.has_arg == HasArg::Optional {
            arg = arg.num_args(0..=1).require_equals(true);
        }
        if opt.has_arg != HasArg::No {
            arg = arg.value_name(opt.value);
        }
        arg
    });
    let mut command = Command::new(page.tool)
        .about(page.about)
        .override_usage(page.usage)
        .after_help(page.after)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(options);
    let mut text = command.render_help().to_string();
    text.push('\n');
    text
}

/// The version of util-linux whose options and messages we have.
const COMPATIBLE_WITH: &str = "2.43";

/// The text of `--version`. Programs parse it: they take the fourth word, the first number with a dot, or everything
/// after "util-linux". Some compare the last word as a string with "2.38": a `v` sorts after that.
pub fn version(program: &std::ffi::OsStr) -> String {
    let (program, ours) = (program.display(), env!("CARGO_PKG_VERSION"));
    format!("{program} from util-linux {COMPATIBLE_WITH} compatible nskit v{ours}\n")
}
