//! Plans with mounts and pivot_root(2), against literals.

use std::path::Path;

use nskit::internals::enter::handles::Handle;
use nskit::internals::enter::setting::{MountPoint, NewFilesystem, Propagation};
use nskit::internals::enter::step::Step;
use nskit::internals::namespace::Kind;

use super::plan::{FORK, of, private, unshare};

fn place(root: &Handle, path: &str) -> MountPoint {
    MountPoint { root: root.clone(), path: path.into() }
}

fn attach(tree: Handle, on: MountPoint) -> Step {
    Step::AttachTree { tree, on, read_only: false }
}

scene_test!(pivot_root_is_bound_on_itself_and_proc_is_mounted_before_the_old_root_goes);
fn pivot_root_is_bound_on_itself_and_proc_is_mounted_before_the_old_root_goes() {
    let root = Handle::new(0, "/r");
    let bind = Step::BindRoot(root.clone());
    let pivot = Step::PivotRoot(root.clone());
    assert_eq!(of(&["--pivot-root=/r", "true"]), [unshare(&[Kind::Mount]), private(), bind.clone(), pivot.clone()]);
    let slave = Step::Propagate(Propagation::Slave, "/".into());
    assert_eq!(
        of(&["-fp", "--propagation=slave", "--pivot-root=/r", "--mount-proc", "--wd=a", "true"]),
        [
            Step::DefaultChildSignal,
            unshare(&[Kind::Mount, Kind::Pid]),
            FORK,
            slave,
            bind,
            Step::MountNew(NewFilesystem::Proc, place(&root, "/proc")),
            pivot,
            Step::Chdir("a".into()),
        ]
    );
}

scene_test!(mounts_come_in_their_order_after_their_sources);
fn mounts_come_in_their_order_after_their_sources() {
    let [a, b, root] = [Handle::new(0, "a"), Handle::new(1, "/b:"), Handle::new(2, "/r")];
    let mounts = [
        Step::CloneTree(a.clone()),
        Step::CloneTree(b.clone()),
        Step::BindRoot(root.clone()),
        attach(a, place(&root, "/x")),
        Step::MountNew(NewFilesystem::Tmpfs(0o755), place(&root, "/home")),
        Step::AttachTree { tree: b, on: place(&root, "/home/b\\"), read_only: true },
        Step::MountNew(NewFilesystem::Tmpfs(0o1777), place(&root, "//tmp/")),
        Step::PivotRoot(root.clone()),
    ];
    let line =
        ["--bind=a:/x", "--tmpfs=/home", r"--bind=/b\::/home/b\\:ro", "--tmpfs=//tmp/", "--pivot-root=/r", "true"];
    assert_eq!(of(&line), [&[unshare(&[Kind::Mount]), private()][..], &mounts].concat());
}

scene_test!(mounts_without_a_new_root_are_in_the_old_one);
fn mounts_without_a_new_root_are_in_the_old_one() {
    let root = Handle::new(0, "/");
    let tmpfs = |root: &Handle| Step::MountNew(NewFilesystem::Tmpfs(0o755), place(root, "/x"));
    let proc = |root: &Handle| Step::MountNew(NewFilesystem::Proc, place(root, "/proc"));
    assert_eq!(
        of(&["--tmpfs=/x", "--propagation=unchanged", "--mount-proc", "true"]),
        [
            unshare(&[Kind::Mount]),
            Step::OpenRoot(root.clone()),
            tmpfs(&root),
            Step::MakePrivateIfMounted("/proc".into()),
            proc(&root),
        ]
    );
    let root = Handle::new(0, "/r");
    assert_eq!(
        of(&["--tmpfs=/x", "-R/r", "--mount-proc", "true"]),
        [
            unshare(&[Kind::Mount]),
            private(),
            Step::OpenRoot(root.clone()),
            tmpfs(&root),
            proc(&root),
            Step::Chroot("/r".into()),
            Step::Chdir("/".into()),
        ]
    );
}

scene_test!(a_directory_for_devices_is_made_of_those_outside);
fn a_directory_for_devices_is_made_of_those_outside() {
    const NAMES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
    let root = Handle::new(6, "/");
    let device = |name: &str| {
        let number = NAMES.iter().position(|it| *it == name).unwrap();
        Handle::new(number, Path::new("/dev").join(name))
    };
    // Root's GID 5 is mapped, as all are.
    for (options, with_group) in [(&[][..], true), (&["-r"][..], false), (&["--map-groups=all"][..], true)] {
        let steps = of(&[options, &["--mount-dev=/d", "true"]].concat());
        let first = steps.iter().position(|step| matches!(step, Step::CloneTree(_))).unwrap();
        let expected = NAMES
            .iter()
            .map(|name| Step::CloneTree(device(name)))
            .chain([Step::OpenRoot(root.clone()), Step::MountNew(NewFilesystem::Tmpfs(0o755), place(&root, "/d"))]);
        let expected =
            expected.chain(NAMES.iter().map(|name| attach(device(name), place(&root, &format!("/d/{name}")))));
        let expected = expected.chain([
            Step::MountNew(NewFilesystem::Devpts { with_group }, place(&root, "/d/pts")),
            Step::FillDevices(place(&root, "/d")),
        ]);
        assert_eq!(steps[first..], expected.collect::<Vec<_>>(), "{options:?}");
    }
}
