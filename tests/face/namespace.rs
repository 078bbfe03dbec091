//! Open namespaces.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};

use nskit::{ErrorKind, Kind, Namespace};

use crate::common::Directory;
use crate::{Sleeper, concerns_ours, inode};

scene_test!(one_namespace_is_found_in_five_ways);
fn one_namespace_is_found_in_five_ways() {
    concerns_ours();
    let sleeper = Sleeper::new(&["--user", "--map-root-user", "--net"]);
    let net = Namespace::of(sleeper.pid(), Kind::Net).unwrap();
    assert_eq!((net.kind(), net.inode()), (Kind::Net, sleeper.inode("net")));
    let path = format!("/proc/{}/ns/net", sleeper.pid());
    let mut same = vec![Namespace::open(path).unwrap(), Namespace::by_inode(net.inode()).unwrap()];
    same.push(net.try_clone().unwrap());
    if let Some(id) = net.id() {
        same.push(Namespace::by_id(id).unwrap());
    }
    same.push(net.visit(|| Namespace::current(Kind::Net).unwrap()).unwrap());
    for one in &same {
        assert_eq!(one, &net);
        assert_eq!(one.identity(), net.identity());
    }
    assert_ne!(net, Namespace::current(Kind::Net).unwrap());
    assert_eq!(same.iter().collect::<HashSet<_>>().len(), 1);
    let owner = net.owner().unwrap();
    assert_eq!((owner.kind(), owner.inode()), (Kind::User, sleeper.inode("user")));
    assert_eq!(owner.parent().unwrap(), Namespace::current(Kind::User).unwrap());
    assert_eq!(net.parent().unwrap_err().errno(), Some(libc::EINVAL));
    // It stays alive as long as it is open.
    drop(sleeper);
    assert_eq!(Namespace::by_inode(net.inode()).unwrap(), net);
    assert!(nix::sys::stat::fstat(net.as_fd()).is_ok());
    let _file: OwnedFd = net.into();
}

scene_test!(a_thread_visits_and_is_thrown_away);
fn a_thread_visits_and_is_thrown_away() {
    concerns_ours();
    let sleeper = Sleeper::new(&["--mount", "--uts", "--ipc", "--net", "--cgroup"]);
    for kind in [Kind::Mount, Kind::Uts, Kind::Ipc, Kind::Net, Kind::Cgroup] {
        let namespace = Namespace::of(sleeper.pid(), kind).unwrap();
        let seen = namespace.visit(|| inode("thread-self", kind.name())).unwrap();
        assert_eq!(seen, sleeper.inode(kind.name()), "{kind}");
        assert_ne!(inode("thread-self", kind.name()), seen, "{kind}");
        // Where it was is not where we are.
        assert_eq!(std::env::current_dir().unwrap(), std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    }
    let uts = Namespace::of(sleeper.pid(), Kind::Uts).unwrap();
    let mut count = 0;
    assert_eq!(uts.visit(|| count += 1).map(|()| count).unwrap(), 1);
    let panic = std::panic::catch_unwind(|| uts.visit(|| panic!("inside"))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"inside"));
}

scene_test!(what_no_thread_can_enter_is_told);
fn what_no_thread_can_enter_is_told() {
    concerns_ours();
    for kind in [Kind::User, Kind::Pid, Kind::Time] {
        let error = Namespace::current(kind).unwrap().visit(|| panic!("it must not be called")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().starts_with(&format!("cannot visit {kind}:[")), "{error}");
        assert!(error.hint().unwrap().contains("Command"));
    }
}

scene_test!(what_is_no_namespace_is_not_opened);
fn what_is_no_namespace_is_not_opened() {
    concerns_ours();
    let directory = Directory::new();
    let fifo = directory.path().join("fifo");
    // To open it for reading would block.
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [fifo.as_path(), directory.path(), "/dev/null".as_ref(), "/proc/self/status".as_ref()] {
        let error = Namespace::open(path).unwrap_err();
        assert_eq!(
            (error.to_string(), error.kind()),
            (format!("{} is no namespace", path.display()), ErrorKind::InvalidInput)
        );
    }
    let error = Namespace::open("/missing").unwrap_err();
    assert_eq!(error.to_string(), "cannot open /missing: No such file or directory");
    for error in [Namespace::by_inode(1).unwrap_err(), Namespace::by_id(u64::MAX).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(Namespace::of(999_999_999, Kind::Net).unwrap_err().kind(), ErrorKind::NotFound);
}
