//! The crate procfs as a second opinion, from strangers, on what the files of /proc say: of the processes of this machine,
//! it and our readers must say the same.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nskit::internals::proc::{cgroup, link, mountinfo, stat};
use procfs::process::{MountInfos, MountOptFields, Process, Stat};
use procfs::{FromBufRead, FromRead, ProcessCGroups};

/// The same file of every process, as it was read once for both. Processes that are gone, or hidden, have none.
fn files(name: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter(|entry| entry.file_name().as_bytes().iter().all(u8::is_ascii_digit));
    let texts = processes.filter_map(|entry| std::fs::read(entry.path().join(name)).ok());
    texts.filter(|text| !text.is_empty()).collect()
}

#[test]
fn stat_is_read_alike() {
    const KERNEL_THREAD: u32 = 0x0020_0000;
    let texts = files("stat");
    assert!(!texts.is_empty());
    for text in texts {
        let theirs = Stat::from_read(&*text).unwrap();
        let expected = stat::Stat {
            parent: theirs.ppid,
            kernel_thread: theirs.flags & KERNEL_THREAD != 0,
            threads: theirs.num_threads as u32,
        };
        assert_eq!(stat::parse(&text), Some(expected), "{}", text.escape_ascii());
    }
}

#[test]
fn cgroup_is_read_alike() {
    let mut compared = 0;
    for text in files("cgroup") {
        // It reads UTF-8 only.
        let Ok(ProcessCGroups(theirs)) = ProcessCGroups::from_buf_read(&*text) else { continue };
        let ours: Vec<_> = cgroup::memberships(&text).collect();
        assert_eq!(ours.len(), theirs.len(), "{}", text.escape_ascii());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours.hierarchy, theirs.hierarchy.to_string().as_bytes());
            assert_eq!(ours.path, theirs.pathname.as_bytes());
            assert_eq!(ours.controllers, theirs.controllers.join(",").as_bytes());
            compared += 1;
        }
    }
    assert!(compared > 0);
}

#[test]
fn mountinfo_is_read_alike() {
    let mut compared = 0;
    for text in [std::fs::read("/proc/self/mountinfo").unwrap()].into_iter().chain(files("mountinfo")) {
        // It reads UTF-8 only.
        let Ok(MountInfos(theirs)) = MountInfos::from_buf_read(&*text) else { continue };
        let ours: Vec<_> = mountinfo::mounts(&text).collect();
        assert_eq!((ours.len(), mountinfo::count(&text)), (theirs.len(), theirs.len()));
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!((ours.id as i32, ours.parent as i32), (theirs.mnt_id, theirs.pid));
            assert_eq!(ours.fstype, *theirs.fs_type);
            let shared = theirs.opt_fields.iter().find_map(|field| match field {
                MountOptFields::Shared(group) => Some(*group),
                _ => None,
            });
            assert_eq!(ours.shared, shared);
            let options: BTreeSet<&[u8]> = ours.options.as_bytes().split(|byte| *byte == b',').collect();
            assert_eq!(options, theirs.mount_options.keys().map(String::as_bytes).collect());
            // It leaves bytes written as \040 as they are.
            if !theirs.mount_point.as_os_str().as_bytes().contains(&b'\\') && !theirs.root.contains('\\') {
                assert_eq!((&*ours.mount_point, ours.root.as_bytes()), (&*theirs.mount_point, theirs.root.as_bytes()));
                compared += 1;
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn namespaces_are_read_alike() {
    let ours =
        |path: &Path| std::fs::read_link(path).ok().and_then(|name| link::parse_name(name.as_os_str().as_bytes()));
    let mut compared = 0;
    for process in procfs::process::all_processes().unwrap().flatten().chain([Process::myself().unwrap()]) {
        // It may be hidden, or gone.
        let Ok(theirs) = process.namespaces() else { continue };
        for namespace in theirs.0.values() {
            let before = ours(&namespace.path);
            let again = process.namespaces().ok().and_then(|all| all.0.get(&namespace.ns_type).cloned());
            // Else it has entered another meanwhile.
            if let Some((kind, inode)) = before.filter(|_| again.as_ref() == Some(namespace)) {
                let name = namespace.ns_type.to_string_lossy();
                assert_eq!(u64::from(inode.get()), namespace.identifier, "{}", namespace.path.display());
                assert_eq!(kind.name(), name.trim_end_matches("_for_children"));
                compared += 1;
            }
        }
    }
    // Of this process alone.
    assert!(compared >= 7, "{compared}");
}
