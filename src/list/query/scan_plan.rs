//! Request → [`ScanPlan`]: what the scan must look at to answer it. Pure: nothing is read here.

pub use super::reach::ScanPlan;
use super::reach::reach;
use super::request::{ListRequest, Subject};
use crate::list::column::Column;
use crate::list::model::graph::Depth;
use crate::list::model::snapshot::{SeenNamespace, Snapshot};
use crate::list::scan::{Source, SourceSet};
use crate::namespace::{Kind, KindSet};

/// The scan that answers `request`.
pub fn scan_plan(request: &ListRequest) -> ScanPlan {
    plan(request, sources(request), relations(request))
}

/// The scan that follows if the first one did not find the one namespace that the request names; `None` if the request
/// names none. It uses all the sources that the user allows.
pub fn wider_plan(request: &ListRequest) -> Option<ScanPlan> {
    let Subject::Members(_) = request.subject else {
        return None;
    };
    // The namespace may be only a parent or owner of others.
    let relations = match request.scan.contains(Source::Relative) {
        true => Depth::All,
        false => relations(request),
    };
    Some(plan(request, request.scan, relations))
}

/// A scan that may suffice where the kernel lists all namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortPlan {
    /// The scan: of processes, of the namespaces of children to come, and of our own mounts.
    pub plan: ScanPlan,
    /// Whether what holds a namespace without a process may be printed.
    names_holders: bool,
    /// What the list must explain.
    kinds: KindSet,
}

/// The scan that comes first where the kernel lists all namespaces. If it explains each of them, nothing is left to be
/// looked for in descriptors, threads and other mount namespaces. `None` if their findings are printed, or if a namespace
/// may count that only a socket holds: the kernel does not list it, nor the user namespace that owns it.
pub fn short_plan(request: &ListRequest) -> Option<ShortPlan> {
    let Subject::Namespaces { task: None, .. } = request.subject else {
        return None;
    };
    let full = scan_plan(request);
    let has = |source: Source| full.sources.contains(source);
    let left_out = [Source::Thread, Source::Descriptor, Source::Socket, Source::Tap, Source::MountElsewhere];
    let through_sockets = has(Source::Socket) || has(Source::Tap);
    let of_sockets = full.holders.contains(Kind::Net) || full.holders.contains(Kind::User);
    let printed = [Column::Holders, Column::Threads, Column::Links, Column::Found, Column::Offsets];
    if !has(Source::Process)
        || !has(Source::Kernel)
        || !left_out.into_iter().any(has)
        || through_sockets && of_sockets
        || !request.find.is_empty()
        || printed.into_iter().any(|column| request.needs(column))
    {
        return None;
    }
    let sources = left_out.into_iter().fold(full.sources, SourceSet::without);
    Some(ShortPlan {
        plan: plan(request, sources, full.relations),
        names_holders: request.needs(Column::HeldBy) || request.on_terminal && request.needs(Column::Command),
        kinds: request.kinds,
    })
}

impl ShortPlan {
    /// Whether the scan has explained each namespace.
    pub fn suffices(&self, snapshot: &Snapshot) -> bool {
        let is_explained = |namespace: &SeenNamespace| {
            let by_holder = !namespace.holders.is_empty() && !self.names_holders;
            !self.kinds.contains(namespace.kind) || namespace.processes > 0 || by_holder
        };
        snapshot.listed && snapshot.namespaces.values().all(is_explained)
    }
}

fn plan(request: &ListRequest, sources: SourceSet, relations: Depth) -> ScanPlan {
    reach(request.kinds, sources, relations, request.tree_of_namespaces())
}

/// A process's own namespaces and the members of a namespace are in the process table: further sources are read only for
/// the columns that print them.
fn sources(request: &ListRequest) -> SourceSet {
    let places = places(request);
    if request.scan.contains(Source::Bpf) { places.with(Source::Bpf) } else { places }
}

fn places(request: &ListRequest) -> SourceSet {
    match request.subject {
        Subject::Namespaces { task: None, .. } => request.scan,
        // The other end of an interface may be in any network namespace.
        _ if request.needs(Column::Holders) || request.needs(Column::Links) => request.scan,
        _ if request.needs(Column::Threads) => SourceSet::of(&[Source::Process, Source::Thread, Source::Mount]),
        _ if request.needs(Column::Nsfs) => SourceSet::of(&[Source::Process, Source::Mount]),
        _ => SourceSet::of(&[Source::Process]),
    }
}

fn relations(request: &ListRequest) -> Depth {
    let finds_relatives = sources(request).contains(Source::Relative);
    // Only user and PID namespaces are parents or owners of others.
    let lists_relatives = request.kinds.contains(Kind::User) || request.kinds.contains(Kind::Pid);
    let prints_relatives = request.needs(Column::Pns) || request.needs(Column::Ons);
    if finds_relatives && request.needs(Column::Holders) {
        Depth::Holders
    } else if (finds_relatives && lists_relatives) || prints_relatives || request.tree_of_namespaces() {
        Depth::All
    } else {
        Depth::Processless
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::lsns::{parse, resolve};

    const EVERYWHERE: SourceSet = SourceSet::ALL;
    const PROCESSES: SourceSet = SourceSet::of(&[Source::Process]);
    const ALL: KindSet = KindSet::ALL;

    fn kinds(kinds: &[Kind]) -> KindSet {
        kinds.iter().copied().collect()
    }

    /// What `lsns LINE` asks for.
    fn request(line: &str) -> ListRequest {
        let line: Vec<&str> = line.split_whitespace().collect();
        resolve(crate::cli::typed(parse, &line).unwrap()).unwrap()
    }

    #[test]
    fn a_request_is_answered_by_its_plan() {
        let net = kinds(&[Kind::Net]);
        let pid = kinds(&[Kind::Pid]);
        let net_and_mount = kinds(&[Kind::Net, Kind::Mount]);
        let pid_and_mount = kinds(&[Kind::Pid, Kind::Mount]);
        let uts_and_mount = kinds(&[Kind::Uts, Kind::Mount]);
        let mounted = SourceSet::of(&[Source::Process, Source::Mount]);
        let threads = SourceSet::of(&[Source::Process, Source::Thread, Source::Mount]);
        let by_bpf = EVERYWHERE.with(Source::Bpf);
        let related = SourceSet::of(&[Source::Process, Source::Relative]);
        for (line, sources, processes, holders, relations) in [
            ("", EVERYWHERE, ALL, ALL, Depth::All),
            ("-P", EVERYWHERE, ALL, ALL, Depth::All),
            ("-J -u -W", EVERYWHERE, ALL, ALL, Depth::All),
            // Mounts elsewhere are reached through mount namespaces.
            ("-t net", EVERYWHERE, net_and_mount, net_and_mount, Depth::Processless),
            ("-t net --scan=-elsewhere", EVERYWHERE.without(Source::MountElsewhere), net, net, Depth::Processless),
            // A PID namespace may be the parent of another.
            ("-t pid", EVERYWHERE, pid_and_mount, pid_and_mount, Depth::All),
            ("-t pid --scan=process", PROCESSES, pid, pid, Depth::Processless),
            // Any namespace may be owned by a user namespace that is listed.
            ("-t user", EVERYWHERE, ALL, ALL, Depth::All),
            ("-t user --scan=process", PROCESSES, kinds(&[Kind::User]), ALL, Depth::Processless),
            ("-t user --scan=process,relative", related, ALL, ALL, Depth::All),
            // Columns, printed or filtered on.
            ("-t net -o NS,ONS", EVERYWHERE, net_and_mount, net_and_mount, Depth::All),
            ("-t net -o NS,PNS --scan=process", PROCESSES, net, net, Depth::All),
            ("-t net -Q ONS==7", EVERYWHERE, net_and_mount, net_and_mount, Depth::All),
            ("-t uts -o NS,HOLDERS", EVERYWHERE, uts_and_mount, uts_and_mount, Depth::Holders),
            (
                "-t uts -o NS,HOLDERS --scan=process",
                PROCESSES,
                kinds(&[Kind::Uts]),
                kinds(&[Kind::Uts]),
                Depth::Processless,
            ),
            ("-t net --scan=bpf", by_bpf, net_and_mount, net_and_mount, Depth::Processless),
            ("-p 7 -t net -o NS --scan=+bpf", PROCESSES.with(Source::Bpf), net, net, Depth::Processless),
            ("-t mnt --find /mnt", EVERYWHERE, kinds(&[Kind::Mount]), kinds(&[Kind::Mount]), Depth::Processless),
            // Trees: what hangs above is shown whatever its kind.
            ("-t net --tree=owner", EVERYWHERE, ALL, ALL, Depth::All),
            ("-t net --tree=parent --scan=process", PROCESSES, ALL, ALL, Depth::All),
            ("-t net --tree=process", EVERYWHERE, net_and_mount, net_and_mount, Depth::Processless),
            // One process: its links are all that counts, unless a column asks for more.
            ("-p 7", PROCESSES, ALL, ALL, Depth::Processless),
            ("-p 7 -t net", mounted, net, net, Depth::Processless),
            ("-p 7 -t net -o NS", PROCESSES, net, net, Depth::Processless),
            ("-p 7 -t net -Q NSFS", mounted, net, net, Depth::Processless),
            ("-p 7 --tree", PROCESSES, ALL, ALL, Depth::All),
            ("-p 7 -t net --tree", mounted, ALL, ALL, Depth::All),
            ("-p 7 -t net -o NS,HOLDERS", EVERYWHERE, net_and_mount, net_and_mount, Depth::Holders),
            ("-p 7 -t net -o LINKS", EVERYWHERE, net_and_mount, net_and_mount, Depth::Processless),
            ("-p 7 -t net -o THREADS", threads, net, net, Depth::Processless),
            ("-p 7 -t net -o HOLDERS --scan=process", PROCESSES, net, net, Depth::Processless),
            // The members of one namespace.
            ("7", PROCESSES, ALL, ALL, Depth::Processless),
            ("7 --tree=owner", PROCESSES, ALL, ALL, Depth::Processless),
            ("net:[7]", PROCESSES, net, net, Depth::Processless),
            ("net:[7] -o PID,NSFS", mounted, net, net, Depth::Processless),
            ("net:[7] -o PID,ONS", PROCESSES, net, net, Depth::All),
            ("pid:[7] -o PID,HOLDERS", EVERYWHERE, pid_and_mount, pid_and_mount, Depth::Holders),
            ("0 --scan=process -t uts", PROCESSES, kinds(&[Kind::Uts]), kinds(&[Kind::Uts]), Depth::Processless),
        ] {
            assert_eq!(scan_plan(&request(line)), ScanPlan { sources, processes, holders, relations }, "lsns {line}");
        }
    }

    #[test]
    fn the_kernels_list_spares_what_is_not_printed() {
        let near = SourceSet::of(&[Source::Process, Source::Children, Source::Mount, Source::Relative, Source::Kernel]);
        let pid = kinds(&[Kind::Pid]);
        for (line, sources) in [
            ("-t pid", Some(near)),
            ("-t pid -o NS,HELD-BY", Some(near)),
            ("-t mnt -t uts -J", Some(near)),
            ("-t mnt --scan=-mount", Some(near.without(Source::Mount))),
            ("--scan=-socket,-tap", Some(near)),
            // Only a socket may hold a network namespace, and that one its owner.
            ("", None),
            ("-t net", None),
            ("-t user", None),
            ("-t uts --tree=owner", None),
            ("-t net --scan=-socket", None),
            // What the rest would find is printed.
            ("-t pid -o NS,HOLDERS", None),
            ("-t uts -Q THREADS", None),
            ("-t mnt --find /mnt", None),
            // There is nothing to be spared, or nothing to go by.
            ("-t pid --scan=process,kernel", None),
            ("-t pid --scan=-kernel", None),
            ("-t pid --scan=-process", None),
            ("-p 7 -t pid", None),
            ("pid:[7]", None),
        ] {
            assert_eq!(short_plan(&request(line)).map(|short| short.plan.sources), sources, "lsns {line}");
        }
        let short = short_plan(&request("-t pid")).unwrap().plan;
        assert_eq!((short.processes, short.holders, short.relations), (pid, pid, Depth::All));
    }

    #[test]
    fn what_the_kernel_lists_and_nothing_explains_asks_for_more() {
        use crate::list::model::snapshot::SeenHolder;
        use crate::proc::link::Inode;
        let plan = |line: &str| short_plan(&request(line)).unwrap();
        let mut snapshot = Snapshot { listed: true, ..Snapshot::default() };
        let mut add = |kind, processes, held: bool| {
            let mut namespace = SeenNamespace::new(kind);
            namespace.processes = processes;
            namespace.holders.extend(held.then(|| SeenHolder::Mount("/mnt".into())));
            let inode = Inode::new(snapshot.namespaces.len() as u32 + 1).unwrap();
            snapshot.namespaces.insert(inode, namespace);
            snapshot.clone()
        };
        let in_process = add(Kind::Pid, 1, false);
        assert!(plan("-t pid").suffices(&in_process));
        assert!(!plan("-t pid").suffices(&Snapshot { listed: false, ..in_process }));
        // Another kind is not asked for.
        assert!(plan("-t pid").suffices(&add(Kind::Uts, 0, false)));
        let mounted = add(Kind::Pid, 0, true);
        assert!(plan("-t pid").suffices(&mounted));
        // A descriptor may hold it as well.
        assert!(!plan("-t pid -o HELD-BY").suffices(&mounted));
        assert!(!plan("-t pid").suffices(&add(Kind::Pid, 0, false)));
    }

    #[test]
    fn a_namespace_without_processes_is_looked_for_everywhere() {
        let net = kinds(&[Kind::Net]);
        let net_and_mount = kinds(&[Kind::Net, Kind::Mount]);
        for (line, sources, processes, holders, relations) in [
            ("7", EVERYWHERE, ALL, ALL, Depth::All),
            ("net:[7]", EVERYWHERE, net_and_mount, net_and_mount, Depth::All),
            ("net:[7] -o PID,HOLDERS", EVERYWHERE, net_and_mount, net_and_mount, Depth::All),
            ("net:[7] --scan=process", PROCESSES, net, net, Depth::Processless),
            ("net:[7] --scan=process -o PID,ONS", PROCESSES, net, net, Depth::All),
        ] {
            let plan = ScanPlan { sources, processes, holders, relations };
            assert_eq!(wider_plan(&request(line)), Some(plan), "lsns {line}");
        }
        for line in ["", "-p 7", "-t net --tree", "0"] {
            assert_eq!(wider_plan(&request(line)), None, "lsns {line}");
        }
    }
}
