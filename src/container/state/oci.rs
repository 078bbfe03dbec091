//! runc and crun: a directory for each container. What runs them for others (podman, Docker) keeps its ids there as well.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{FirstProcess, Known, Look, json};

/// The first process, by the text of a state.
type Parse = fn(&[u8]) -> Option<FirstProcess>;

/// Adds the containers that both keep below `run`.
pub fn read(look: &mut Look<'_>, run: &Path) {
    let runtimes: [(&str, &str, Parse); 2] = [("runc", "state.json", of_runc), ("crun", "status", of_crun)];
    for (runtime, file, parse) in runtimes {
        let Some(all) = look.directory(run.join(runtime)) else { continue };
        for (id, directory) in look.below(&all) {
            let text = look.read(&directory, file.as_bytes(), json::LONGEST);
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
    })
}

/// What `status` of crun says.
fn of_crun(text: &[u8]) -> Option<FirstProcess> {
    let status = json::parse(text)?;
    let cgroup = json::text(&status, "/cgroup-path").and_then(|path| String::from_utf8(path).ok());
    Some(FirstProcess {
        pid: json::pid(&status, "/pid")?,
        started: status.get("process-start-time").and_then(Value::as_u64),
        cgroups: cgroup.map(|path| Path::new("/").join(path)).into_iter().collect(),
    })
}
