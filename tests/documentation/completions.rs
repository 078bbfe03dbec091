//! What the completions say of the options: written from the tables when `NSKIT_WRITE` is set, and else compared.

use nskit::internals::cli::getopt::{HasArg, Opt};

use super::{project, read};

const START: &str = "# The table of options, as `NSKIT_WRITE=1 cargo test --test documentation` writes it.\n";
const END: &str = "# The end of the table.\n";
/// As code of ours has it.
const WIDTH: usize = 120;

/// What a completion needs to know of an option.
pub struct Row {
    short: Option<char>,
    /// Without its dashes.
    pub long: &'static str,
    has_arg: HasArg,
    short_has_arg: HasArg,
    value: &'static str,
    words: &'static [&'static str],
    repeatable: bool,
    help: &'static str,
}

impl<Id> From<&Opt<Id>> for Row {
    fn from(opt: &Opt<Id>) -> Row {
        Row {
            short: opt.short.map(char::from),
            long: opt.long,
            has_arg: opt.has_arg,
            short_has_arg: opt.short_has_arg,
            value: opt.value,
            words: opt.words,
            repeatable: opt.repeatable,
            help: match opt.words {
                [] => opt.help,
                // They are offered themselves.
                _ => opt.help.split(": ").next().unwrap(),
            },
        }
    }
}

impl Row {
    /// As they are typed.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.short.map(|letter| format!("-{letter}")).into_iter().chain([format!("--{}", self.long)])
    }
}

/// The three completions of a tool have its table.
pub fn check(tool: &str, table: &[Row]) {
    for (path, block) in [
        (format!("completions/bash/{tool}"), bash(table)),
        (format!("completions/zsh/_{tool}"), zsh(table)),
        (format!("completions/fish/{tool}.fish"), fish(tool, table)),
    ] {
        let file = project(&path);
        let text = read(&file);
        let (before, rest) = text.split_once(START).unwrap_or_else(|| panic!("{path}: no table"));
        let (found, after) = rest.split_once(END).unwrap_or_else(|| panic!("{path}: no end of the table"));
        // The last line of a block in a function is the indentation of the end.
        let indentation = &before[before.rfind('\n').unwrap() + 1..];
        let block = block.lines().map(|line| format!("{indentation}{line}\n")).collect::<String>() + indentation;
        if std::env::var_os("NSKIT_WRITE").is_some() {
            std::fs::write(&file, [before, START, &block, END, after].concat()).unwrap();
        } else {
            assert!(found == block, "{path} is not as the table has it: NSKIT_WRITE=1 writes it\n{found}\n{block}");
        }
    }
}

/// Words of a list between `head` and `tail`, in as many lines as it takes.
fn wrapped(head: &str, words: &[String], tail: &str) -> String {
    let mut lines = vec![head.to_string()];
    for (at, word) in words.iter().enumerate() {
        let line = lines.last_mut().unwrap();
        // The block itself is indented by four.
        if at > 0 && line.len() + word.len() + tail.len() + 5 > WIDTH {
            lines.push(format!("    {word}"));
        } else {
            line.push_str(if at > 0 { " " } else { "" });
            line.push_str(word);
        }
    }
    lines.join("\n") + tail + "\n"
}

/// A list of options, with `=` where an argument follows and `[=]` where one may; and the words that arguments may be.
fn bash(table: &[Row]) -> String {
    let mut options = Vec::new();
    let mut choices = Vec::new();
    for row in table {
        let short = row.short.map(|letter| (format!("-{letter}"), row.short_has_arg));
        for (name, has_arg) in short.into_iter().chain([(format!("--{}", row.long), row.has_arg)]) {
            options.push(match has_arg {
                HasArg::No => name.clone(),
                HasArg::Required => format!("{name}="),
                HasArg::Optional => format!("{name}[=]"),
            });
            if !row.words.is_empty() {
                choices.push(format!("[{name}]='{}'", row.words.join(" ")));
            }
        }
    }
    let mut block = wrapped("local options='", &options, "'");
    if !choices.is_empty() {
        block += &wrapped("local -A choices=(", &choices, ")");
    }
    block
}

/// The specifications of _arguments.
fn zsh(table: &[Row]) -> String {
    let quote = |text: &str| text.replace('\'', r"'\''");
    let mut block = String::from("local -a specs=(\n");
    for row in table {
        let help = quote(&row.help.replace('[', r"\[").replace(']', r"\]"));
        let value = quote(&row.value.replace(':', r"\:"));
        let action = match row.words {
            [] => format!("'\"$argument[{}]\"", row.long),
            words => format!("({})'", words.join(" ")),
        };
        let long = format!("--{}", row.long);
        let spec = |prefix: &str, name: &str, has_arg: HasArg| match has_arg {
            HasArg::No => format!("  '{prefix}{name}[{help}]'\n"),
            HasArg::Required if name == long => format!("  '{prefix}{name}=[{help}]:{value}:{action}\n"),
            HasArg::Required => format!("  '{prefix}{name}+[{help}]:{value}:{action}\n"),
            HasArg::Optional if name == long => format!("  '{prefix}{name}=-[{help}]::{value}:{action}\n"),
            HasArg::Optional => format!("  '{prefix}{name}-[{help}]::{value}:{action}\n"),
        };
        let prefix = match row.short {
            _ if row.repeatable => "*".to_string(),
            Some(letter) => format!("(-{letter} {long})"),
            None => String::new(),
        };
        if let Some(letter) = row.short {
            block += &spec(&prefix, &format!("-{letter}"), row.short_has_arg);
        }
        block += &spec(&prefix, &long, row.has_arg);
    }
    block + ")\n"
}

/// Commands of complete. Those of tools that run a program hold before it only.
fn fish(tool: &str, table: &[Row]) -> String {
    let quote = |text: &str| text.replace('\\', r"\\").replace('\'', r"\'");
    let mut block = String::new();
    let mut begin = format!("complete -c {tool}");
    if tool != "lsns" {
        begin += &format!(" -n __nskit_{tool}_options");
        block += &wrapped(&format!("set -g __nskit_{tool}_next "), &next_words(table), "").replace("\n   ", " \\\n   ");
    }
    for row in table {
        let help = quote(row.help);
        let words = row.words.join(" ");
        let mut variable = row.long.replace('-', "_");
        // Fish has a variable of this name, and does not let it be set.
        if variable == "hostname" {
            variable.push('_');
        }
        let argument = match (row.has_arg, row.words) {
            (HasArg::No, _) => String::new(),
            (HasArg::Required, []) => format!(" -x ${variable}"),
            (HasArg::Required, _) => format!(" -x -a '{words}'"),
            (HasArg::Optional, []) => format!(" ${variable}"),
            (HasArg::Optional, _) => format!(" -f -a '{words}'"),
        };
        let long = format!("-l {}", row.long);
        let names = match row.short {
            Some(letter) if row.short_has_arg == row.has_arg => format!("-s {letter} {long}"),
            Some(letter) => {
                block += &format!("{begin} -s {letter} -d '{help}'\n");
                long
            }
            None => long,
        };
        block += &format!("{begin} {names} -d '{help}'{argument}\n");
    }
    block
}

/// The options whose argument is the next word, and the letters (with `=`) whose argument is attached.
fn next_words(table: &[Row]) -> Vec<String> {
    let mut words = Vec::new();
    for row in table {
        let letter = row.short.map(|letter| format!("-{letter}"));
        match row.short_has_arg {
            HasArg::Required => words.extend(letter),
            HasArg::Optional => words.extend(letter.map(|letter| letter + "=")),
            HasArg::No => {}
        }
        if row.has_arg == HasArg::Required {
            words.push(format!("--{}", row.long));
        }
    }
    words
}
