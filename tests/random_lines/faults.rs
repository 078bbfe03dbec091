//! Lines with two faults, one of which at least is not seen in the line alone, but by a look at the system: a file that is
//! not there, a name that is nobody's. Theirs opens a FILE when it meets the option; ours reads the whole line before it
//! looks at anything. Which of the two is told first is left open.

use super::{Both, Setting};
use crate::generate::Line;
use crate::runner::stage::Stage;
use nskit::internals::cli::{Parsed, nsenter, unshare};

/// The rows of docs/differences.md that tell of it.
pub const ROWS: [&str; 2] = [
    "`unshare --map-user=NAME` of a user who is not there, and another fault of the line",
    "`nsenter --net=FILE` that is not there, and another fault of the line",
];

const WHY: &str = "of two faults, one of the line and one of the system, either may be told";

/// How many words of a line, from its beginning on, are taken out: all of a line that is taken down to its faults.
const MOST_WORDS: usize = 8;

/// The reason, if it is one of those here.
pub fn explain(stage: &Stage, both: &Both, line: &Line) -> Option<&'static str> {
    let [ours, theirs] = &both.first_lines;
    if both.differs() != [super::FIRST_LINE] || ours.is_empty() || theirs.is_empty() {
        return None;
    }
    of_either_sort(stage, both, line).then_some(WHY)
}

/// Whether ours and theirs tell two faults of the line, each of which the other one tells as well where it stands alone:
/// some words of the line can be taken out, and both say the one of what is left; and others, and both say the other.
fn of_either_sort(stage: &Stage, both: &Both, line: &Line) -> bool {
    let [ours, theirs] = &both.first_lines;
    let alone = |said: &String| rests(line).find(|rest| both_say(stage, &both.setting, rest, said));
    let (Some(with_ours), Some(with_theirs)) = (alone(ours), alone(theirs)) else { return false };
    let while_reading = |line, said| is_told_while_reading(stage, &both.setting, line, said);
    let is_readable = |line| options(&both.setting, line).is_some();
    // Of two faults of the line itself, the first one is told.
    (is_readable(&with_ours) || is_readable(&with_theirs))
        && while_reading(&with_ours, ours)
        && while_reading(&with_theirs, theirs)
}

/// Whether theirs tells it as soon as it meets the option: `--version` behind all options does not save the line.
fn is_told_while_reading(stage: &Stage, setting: &Setting, line: &Line, said: &String) -> bool {
    let Some(options) = options(setting, line) else { return true };
    let mut line = line.clone();
    line.insert(options, vec!["--version".to_string()]);
    Both::run(stage, setting, &line).first_lines[1] == *said
}

/// How many words of the line belong to options; `None` if the line cannot be read.
fn options(setting: &Setting, line: &Line) -> Option<usize> {
    let words = line.concat();
    let arguments = words.iter().map(Into::into).collect();
    let program = match setting.tool {
        "unshare" => match unshare::parse(arguments).ok()? {
            Parsed::Run(args) => args.program,
            _ => return None,
        },
        _ => match nsenter::parse(arguments).ok()? {
            Parsed::Run(args) => args.program,
            _ => return None,
        },
    };
    let behind = words.len() - program.len();
    let ends_in_dashes = behind > 0 && words[behind - 1] == "--" && !program.is_empty();
    Some(behind - usize::from(ends_in_dashes))
}

/// The line without some of its words: first without few.
fn rests(line: &Line) -> impl Iterator<Item = Line> {
    let words = line.concat();
    let mut left_out: Vec<u32> = (1..1u32 << words.len().min(MOST_WORDS)).collect();
    left_out.sort_by_key(|left_out| left_out.count_ones());
    left_out.into_iter().map(move |left_out| {
        let stays = |at: &usize| *at >= MOST_WORDS || left_out & 1 << at == 0;
        (0..words.len()).filter(stays).map(|at| vec![words[at].clone()]).collect()
    })
}

fn both_say(stage: &Stage, setting: &Setting, line: &Line, said: &String) -> bool {
    let both = Both::run(stage, setting, line);
    both.differs().is_empty() && both.first_lines.iter().all(|line| line == said)
}
