//! containerd: a directory for each task, by namespace. nerdctl and the kubelet add names.

use super::{FirstProcess, Known, Look, json, oci};
use crate::container::trust::TrustedDirectory;
use crate::number::parse_decimal;

const TASKS: &str = "run/containerd/io.containerd.runtime.v2.task";
/// Where containerd's runc keeps its states, by namespace.
const RUNC: &str = "run/containerd/runc";
/// Where nerdctl keeps names: HASH/names/NAMESPACE/NAME holds the id.
const NERDCTL: &str = "var/lib/nerdctl";
/// The namespace in which Docker has its containers.
const DOCKERS: &[u8] = b"moby";

const ANNOTATIONS: [&str; 3] =
    ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.container-name"];

/// In bytes: a PID, or an id.
const LONGEST: usize = 256;

/// Adds the tasks of all namespaces.
pub fn read(look: &mut Look<'_>) {
    let Some(tasks) = look.directory(TASKS) else {
        return;
    };
    let runc = look.directory(RUNC);
    let names = names(look);
    for (namespace, tasks) in look.below(&tasks) {
        let runtime = if namespace == DOCKERS { "docker" } else { "containerd" };
        let states = runc.as_ref().and_then(|runc| look.take(runc.below(&namespace)));
        for (id, task) in look.below(&tasks) {
            let mut known = Known::new(runtime, id.clone());
            known.process = first_process(look, &task, states.as_ref(), &id);
            let config = look.read(&task, b"config.json", json::LONGEST).and_then(|text| json::parse(&text));
            let of_pod = config.and_then(|config| json::name_in_pod(&config, ANNOTATIONS));
            let given = names.iter().filter(|name| name.namespace == namespace && name.id == id);
            known.names = of_pod.into_iter().chain(given.map(|name| name.name.clone())).collect();
            look.states.add(known);
        }
    }
}

fn first_process(
    look: &mut Look<'_>,
    task: &TrustedDirectory,
    states: Option<&TrustedDirectory>,
    id: &[u8],
) -> Option<FirstProcess> {
    let pid = look.read(task, b"init.pid", LONGEST)?;
    let pid = parse_decimal(pid.trim_ascii()).filter(|pid| *pid > 0)?;
    let state = states.and_then(|states| {
        let state = look.take(states.below(id))?;
        look.read(&state, b"state.json", json::LONGEST)
    });
    let state = state.and_then(|text| oci::of_runc(&text));
    let process = FirstProcess::new(pid);
    Some(state.filter(|state| state.pid == pid).unwrap_or(process))
}

/// A name that nerdctl gave.
struct Name {
    namespace: Vec<u8>,
    name: Vec<u8>,
    id: Vec<u8>,
}

fn names(look: &mut Look<'_>) -> Vec<Name> {
    let Some(addresses) = look.directory(NERDCTL) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (_, address) in look.below(&addresses) {
        let Some(names) = look.take(address.below(b"names")) else { continue };
        for (namespace, names) in look.below(&names) {
            for name in look.names(&names) {
                if let Some(id) = look.read(&names, &name, LONGEST) {
                    found.push(Name { namespace: namespace.clone(), name, id: id.trim_ascii().to_vec() });
                }
            }
        }
    }
    found
}
