//! Request → [`ScanPlan`]: what the scan must look at to answer it. Pure: nothing is read here.

pub use super::reach::ScanPlan;
use super::reach::reach;
use super::request::{ListRequest, Subject};
use crate::list::column::Column;
use crate::list::model::graph::Depth;
use crate::list::scan::{Source, SourceSet};
use crate::namespace::Kind;

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
    use crate::namespace::KindSet;

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
