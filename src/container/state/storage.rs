//! The storage that podman and CRI-O share: a list of containers for each of its drivers.

use std::path::Path;

use serde_json::Value;

use super::{FirstProcess, Known, Look, json};
use crate::container::is_hash_or_build;
use crate::container::trust::TrustedDirectory;
use crate::number::parse_decimal;

/// In bytes: a list of some thousand containers.
const LONGEST_LIST: usize = 8 << 20;
/// In bytes.
const LONGEST_PID: usize = 64;

/// The annotation that only CRI-O makes.
const CRI_O: &str = "io.kubernetes.cri-o.ContainerName";

const ANNOTATIONS: [&str; 3] =
    ["io.kubernetes.pod.namespace", "io.kubernetes.pod.name", "io.kubernetes.container.name"];

/// Adds the containers of the storage at `base`, of which `run` has what lasts until the next boot.
pub fn read(look: &mut Look<'_>, base: impl AsRef<Path>, run: impl AsRef<Path>) {
    let Some(base) = look.directory(base) else {
        return;
    };
    let run = look.directory(run);
    for driver in look.names(&base).into_iter().filter(|name| name.ends_with(b"-containers")) {
        let Some(kept) = look.take(base.below(&driver)) else { continue };
        let run = run.as_ref().and_then(|run| look.take(run.below(&driver)));
        let list = look.read(&kept, b"containers.json", LONGEST_LIST).and_then(|text| json::parse(&text));
        for container in list.as_ref().and_then(Value::as_array).into_iter().flatten() {
            if let Some(id) = json::text(container, "/id").filter(|id| is_hash_or_build(id)) {
                let known = known(look, container, &id, &kept, run.as_ref());
                look.states.add(known);
            }
        }
    }
}

fn known(
    look: &mut Look<'_>,
    container: &Value,
    id: &[u8],
    kept: &TrustedDirectory,
    run: Option<&TrustedDirectory>,
) -> Known {
    let mut user_data =
        |directory: &TrustedDirectory| look.take(directory.below(id).and_then(|one| one.below(b"userdata")));
    let (kept, run) = (user_data(kept), run.and_then(user_data));
    let config = run.iter().chain(&kept).find_map(|one| look.read(one, b"config.json", json::LONGEST));
    let config = config.and_then(|text| json::parse(&text)).unwrap_or_default();
    let is_cri_o = config.get("annotations").is_some_and(|annotations| annotations.get(CRI_O).is_some());
    let names = container.get("names").and_then(Value::as_array).into_iter().flatten();
    let names = names.filter_map(Value::as_str).map(|name| name.as_bytes().to_vec()).filter(|name| !name.is_empty());
    let in_pod = if is_cri_o { json::name_in_pod(&config, ANNOTATIONS) } else { None };
    let pid = run.as_ref().and_then(|run| look.read(run, b"pidfile", LONGEST_PID));
    let pid = pid.and_then(|text| parse_decimal(text.trim_ascii())).filter(|pid| *pid > 0);
    Known {
        names: in_pod.into_iter().chain(names).collect(),
        process: pid.map(FirstProcess::new),
        ..Known::new(if is_cri_o { "cri-o" } else { "podman" }, id)
    }
}
