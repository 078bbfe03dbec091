//! What the planter (planting/planter/main.rs) has planted, and whether lsns shows it and nsenter enters it.

use std::collections::BTreeMap;

/// A namespace that has been planted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// Its kind, as in /proc/PID/ns.
    pub kind: String,
    /// Its inode number.
    pub inode: String,
    /// Its 64-bit id, where the kernel tells one.
    pub id: Option<String>,
    /// Where it is hidden.
    pub place: String,
    /// What HELD-BY has to show.
    pub holder: String,
}

impl Planted {
    /// `net:[4026531840]`.
    pub fn name(&self) -> String {
        format!("{}:[{}]", self.kind, self.inode)
    }

    /// The words by which nsenter is to find it.
    pub fn references(&self) -> Vec<String> {
        let by_inode = [format!("[{}]", self.inode), self.name()];
        let by_id = self.id.iter().map(|id| format!(":{id}"));
        by_inode.into_iter().chain(by_id).collect()
    }

    /// The long option of nsenter for it.
    pub fn option(&self) -> &str {
        match &*self.kind {
            "mnt" => "mount",
            kind => kind,
        }
    }

    /// The link in /proc/PID/ns of one that has entered it and not forked.
    pub fn link(&self) -> &str {
        match &*self.kind {
            "pid" => "pid_for_children",
            kind => kind,
        }
    }
}

/// Reads the lines of the planter.
pub fn read_planted(report: &str) -> Vec<Planted> {
    let lines = report.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let planted = lines.filter_map(|fields| match fields[..] {
        [kind, inode, id, place, holder] => Some(Planted {
            kind: kind.to_string(),
            inode: inode.to_string(),
            id: (id != "-").then(|| id.to_string()),
            place: place.to_string(),
            holder: holder.to_string(),
        }),
        _ => None,
    });
    planted.collect()
}

/// Those of the planted ones that `lsns -rn -o NS,TYPE,NSID,HELD-BY` shows with kind, id and holder as they are; of the
/// others, what it shows instead.
pub fn listed<'p>(planted: &'p [Planted], output: &str) -> (Vec<&'p Planted>, Vec<String>) {
    let rows = output.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let rows: BTreeMap<&str, Vec<&str>> = rows.map(|row| (row[0], row)).collect();
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for one in planted {
        let id = one.id.as_deref().unwrap_or_default();
        let expected = format!("{} {id} {}", one.kind, one.holder.replace(' ', "\\x20"));
        match rows.get(&*one.inode).map(|row| row[1..].join(" ")) {
            Some(row) if row == expected => right.push(one),
            row => wrong.push(format!("{one:?}: {row:?}")),
        }
    }
    (right, wrong)
}

/// What has gone wrong with entering, of lines `KIND REFERENCE LINK` with tabs between: each is to be entered by inode
/// number and, where it has one, by id.
pub fn entered(planted: &[Planted], output: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in planted {
        let references = one.references();
        let mut by_inode = 0;
        let mut by_id = 0;
        for line in output.lines().map(|line| line.split('\t').collect::<Vec<_>>()) {
            let [kind, reference, came_to] = line[..] else {
                continue;
            };
            if kind != one.kind || !references.iter().any(|word| word == reference) {
                continue;
            }
            match reference.starts_with(':') {
                true => by_id += 1,
                false => by_inode += 1,
            }
            if came_to != one.name() {
                wrong.push(format!("{one:?} by {reference}: {came_to}"));
            }
        }
        if by_inode == 0 || by_id != usize::from(one.id.is_some()) {
            wrong.push(format!("{one:?}: {by_inode} times by inode, {by_id} by id"));
        }
    }
    wrong
}
