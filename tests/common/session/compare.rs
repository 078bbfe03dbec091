//! Whether a session went as the page shows it. What the kernel numbers is compared by what it stands for: the numbers of
//! namespaces, and PIDs, are other ones in each run.

use super::Step;

/// Whether the steps print the same. `…` on the page stands for anything in a line.
pub fn same(expected: &[Step], printed: &[Step]) -> bool {
    let (mut known, mut met) = (Numbers::default(), Numbers::default());
    expected.len() == printed.len()
        && expected.iter().zip(printed).all(|(expected, printed)| {
            // A table is in the order of the numbers, which the kernel gives in any order. Which process is drawn below
            // which depends on that order, too, but not which namespace belongs to which.
            let is_table = expected.command.contains("lsns") && expected.printed.len() > 2;
            let has_tree = expected.command.contains("--tree");
            let lines = |step: &Step, numbers: &mut Numbers| -> Vec<String> {
                let lines = step.printed.iter();
                match is_table {
                    true => sorted(
                        lines
                            .map(|line| bare(line, &mut |_| "#".to_string()))
                            .map(|line| if has_tree { line } else { line.replace("└ ", "") })
                            .collect(),
                    ),
                    false => lines.map(|line| bare(line, &mut |number| numbers.name(number))).collect(),
                }
            };
            let (page, run) = (lines(expected, &mut known), lines(printed, &mut met));
            expected.command == printed.command
                && page.len() == run.len()
                && page.iter().zip(&run).all(|(page, run)| matches(page, run))
        })
}

/// The numbers of a session, in the order of their appearance.
#[derive(Default)]
struct Numbers(Vec<String>);

impl Numbers {
    /// What stands for this one: the same each time.
    fn name(&mut self, number: &str) -> String {
        let at = self.0.iter().position(|known| known == number).unwrap_or_else(|| {
            self.0.push(number.to_string());
            self.0.len() - 1
        });
        format!("#{at}")
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Whether the kernel has chosen this number: that of a namespace, or a PID of the scene.
fn is_chosen(number: &str) -> bool {
    (number.len() == 10 && number.starts_with("402")) || (number.len() == 4 && number.starts_with('5'))
}

/// A line without what depends on the width of numbers, and with a name for each number that is chosen.
fn bare(line: &str, name: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        let run_of = |wanted: fn(char) -> bool| rest.find(|c: char| !wanted(c)).unwrap_or(rest.len());
        let length = match first {
            '0'..='9' => {
                let length = run_of(|c| c.is_ascii_digit());
                let number = &rest[..length];
                out += &if is_chosen(number) { name(number) } else { number.to_string() };
                length
            }
            ' ' | '─' | '│' | '├' | '└' => {
                let length = run_of(|c| " ─│├└".contains(c));
                // Which branch of a tree is the last depends on the numbers, too.
                out += if rest[..length].contains('─') { " └ " } else { " " };
                length
            }
            _ => {
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out.trim().to_string()
}

/// Whether a line is as expected, `…` standing for anything.
fn matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
