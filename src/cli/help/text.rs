//! The texts of `--help` and `--version`.

use clap::{Arg, ArgAction, Command};

use super::Page;
use crate::cli::getopt::{HasArg, Opt};

/// How wide a line is at most: a terminal has at least 80 columns.
const WIDTH: usize = 80;

/// The text of `--help`: every option of the table, in groups.
pub fn render<A>(page: &Page, table: &[Opt<A>]) -> String {
    let mut command = Command::new(page.tool)
        .about(page.about)
        .override_usage(page.usage)
        .after_help(page.after)
        .disable_help_flag(true)
        .disable_version_flag(true);
    for group in page.groups {
        let named = |name: &&str| table.iter().find(|opt| opt.long == *name);
        let options: Vec<&Opt<A>> = group.options.iter().filter_map(named).collect();
        // clap gives each group a column for the texts: behind two blanks, four for the letter, the longest option, and two.
        let longest = options.iter().map(|opt| width_of(opt)).max().unwrap_or_default();
        let args = options.iter().map(|opt| arg(opt).help(wrapped(opt.help, WIDTH - longest - 8)));
        command = command.next_help_heading(group.title).args(args);
    }
    let mut text = command.render_help().to_string();
    text.push('\n');
    text
}

/// How wide an option is without its letter: `--name`, `--name <VALUE>` or `--name[=<VALUE>]`.
fn width_of<A>(opt: &Opt<A>) -> usize {
    let around = match opt.has_arg {
        HasArg::No => 0,
        HasArg::Required => " <>".len(),
        HasArg::Optional => "[=<>]".len(),
    };
    "--".len() + opt.long.len() + around + opt.value.len()
}

/// An option as clap describes one, without its text.
fn arg<A>(opt: &Opt<A>) -> Arg {
    let action = match opt.has_arg {
        HasArg::No => ArgAction::SetTrue,
        _ => ArgAction::Append,
    };
    let mut arg = Arg::new(opt.long).long(opt.long).action(action);
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
}

/// The text in lines of at most this width, broken at blanks. No line begins with an option that the text names, since it
/// would read as a row.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    let kept_together = text.replace(" -", "\u{a0}-");
    for word in kept_together.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.replace('\u{a0}', " ")
}

/// The version of util-linux whose options and messages we have.
const COMPATIBLE_WITH: &str = "2.43";

/// The text of `--version`. Programs parse it: they take the fourth word, the first number with a dot, or everything
/// after "util-linux". Some compare the last word as a string with "2.38": a `v` sorts after that.
pub fn version(program: &std::ffi::OsStr) -> String {
    let (program, ours) = (program.display(), env!("CARGO_PKG_VERSION"));
    format!("{program} from util-linux {COMPATIBLE_WITH} compatible nskit v{ours}\n")
}
