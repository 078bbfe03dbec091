//! What `probe seen` has told.

/// The lines of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(Vec<String>);

impl Seen {
    /// From the output of `probe seen`.
    pub fn read(output: &str) -> Seen {
        Seen(output.lines().map(str::to_string).collect())
    }

    /// What follows `what` in each of its lines.
    pub fn all(&self, what: &str) -> Vec<&str> {
        let after =
            |line: &'_ str| line.split_once(' ').filter(|(word, _)| *word == what).map(|(word, _)| word.len() + 1);
        let lines = self.0.iter();
        lines.filter_map(|line| after(line).map(|at| &line[at..])).collect()
    }

    /// What follows `what` in its only line.
    #[track_caller]
    pub fn one(&self, what: &str) -> &str {
        match self.all(what)[..] {
            [only] => only,
            ref lines => panic!("{} lines of '{what}' in {self:#?}", lines.len()),
        }
    }

    /// All lines but those that begin with one of `whats`.
    pub fn without(&self, whats: &[&str]) -> Seen {
        let kept = |line: &&String| !whats.iter().any(|what| line.starts_with(&format!("{what} ")));
        Seen(self.0.iter().filter(kept).cloned().collect())
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}
