//! Docker: a directory for each container, whose config.v2.json has its name. A new name is written there at once.

use std::path::{Path, PathBuf};

use super::{FirstProcess, Known, Look, json, oci};
use crate::container::is_hash_or_build;

/// Where Docker's runc keeps its states.
const RUNC: &str = "run/docker/runtime-runc/moby";
/// The file in which a daemon is told of another directory.
const DAEMON: &str = "etc/docker";

/// Adds the containers below `base`, and those below the directory that the daemon has been told of.
pub fn read(look: &mut Look<'_>, base: impl AsRef<Path>) {
    read_below(look, base.as_ref());
    if let Some(moved) = moved(look)
        && moved != base.as_ref()
    {
        read_below(look, &moved);
    }
}

/// `data-root` of daemon.json, from the root directory on.
fn moved(look: &mut Look<'_>) -> Option<PathBuf> {
    let directory = look.directory(DAEMON)?;
    let settings = json::parse(&look.read(&directory, b"daemon.json", json::LONGEST)?)?;
    let path = String::from_utf8(json::text(&settings, "/data-root")?).ok()?;
    Path::new(&path).strip_prefix("/").map(Path::to_path_buf).ok()
}

fn read_below(look: &mut Look<'_>, base: &Path) {
    let Some(containers) = look.directory(base.join("containers")) else {
        return;
    };
    let runc = look.directory(RUNC);
    for (id, directory) in look.below(&containers) {
        let config = look.read(&directory, b"config.v2.json", json::LONGEST).and_then(|text| json::parse(&text));
        let Some(config) = config.filter(|config| json::text(config, "/ID").as_ref() == Some(&id)) else {
            continue;
        };
        if !is_hash_or_build(&id) {
            continue;
        }
        let name = json::text(&config, "/Name").map(|name| name.strip_prefix(b"/").unwrap_or(&name).to_vec());
        let running = config.pointer("/State/Running").and_then(|running| running.as_bool()) == Some(true);
        let pid = json::pid(&config, "/State/Pid").filter(|_| running);
        let started = pid.and_then(|pid| {
            let state = look.take(runc.as_ref()?.below(&id))?;
            let state = look.read(&state, b"state.json", json::LONGEST)?;
            oci::of_runc(&state).filter(|state| state.pid == pid)?.started
        });
        look.states.add(Known {
            names: name.into_iter().filter(|name| !name.is_empty()).collect(),
            process: pid.map(|pid| FirstProcess { started, ..FirstProcess::new(pid) }),
            stopped: pid.is_none(),
            ..Known::new("docker", id)
        });
    }
}
