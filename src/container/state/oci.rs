//! runc and crun: a directory for each container. What runs them for others (podman, Docker) keeps its ids there as well.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{FirstProcess, Known, Look, json};

/// The first process, by the text of a state.
type Parse = fn(&[u8]) -> Option<FirstProcess>;

/// Each runtime, the file that it keeps for a container, and how it is read.
pub const RUNTIMES: [(&str, &[u8], Parse); 2] = [("runc", b"state.json", of_runc), ("crun", b"status", of_crun)];

/// Adds the containers that both keep below `run`.
pub(super) fn read(look: &mut Look<'_>, run: &Path) {
    for (runtime, file, parse) in RUNTIMES {
        let Some(all) = look.directory(run.join(runtime)) else { continue };
        for (id, directory) in look.below(&all) {
            let text = look.read(&directory, file, json::LONGEST);
            if let Some(process) = text.and_then(|text| parse(&text)) {
                look.states.add(Known { process: Some(process), ..Known::new(runtime, id) });
            }
        }
    }
}

/// What state.json of runc says.
pub fn of_runc(text: &[u8]) -> Option<FirstProcess> {
    let state = json::parse(text)?;
    let cgroups = state.get("cgroup_paths").and_then(Value::as_object).into_iter().flatten();
    Some(FirstProcess {
        pid: json::pid(&state, "/init_process_pid")?,
        started: state.get("init_process_start").and_then(Value::as_u64),
        cgroups: cgroups.filter_map(|(_, path)| path.as_str()).map(PathBuf::from).collect(),
        in_no_cgroup: false,
    })
}

/// What `status` of crun says.
fn of_crun(text: &[u8]) -> Option<FirstProcess> {
    let status = json::parse(text)?;
    // Empty, with `podman run --cgroups=disabled`.
    let cgroup = status.get("cgroup-path").and_then(Value::as_str);
    let cgroups = cgroup.into_iter().filter(|path| !path.is_empty());
    Some(FirstProcess {
        pid: json::pid(&status, "/pid")?,
        started: status.get("process-start-time").and_then(Value::as_u64),
        cgroups: cgroups.map(|path| Path::new("/").join(path)).collect(),
        in_no_cgroup: cgroup == Some(""),
    })
}
