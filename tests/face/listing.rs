//! What namespaces there are, and what comes and goes.

use std::time::Duration;

use nskit::{Change, ErrorKind, Holder, Kind, Listing, Namespace, NamespaceInfo, Source};

use crate::{Sleeper, concerns_ours, inode};

scene_test!(our_own_namespaces_are_listed_with_us_in_them);
fn our_own_namespaces_are_listed_with_us_in_them() {
    concerns_ours();
    let all = nskit::namespaces().unwrap();
    let me = std::process::id();
    for kind in Kind::ALL {
        let found = all.get(inode("self", kind.name())).unwrap();
        assert_eq!(found.kind(), kind);
        assert!(found.holders().iter().any(|holder| holder.to_string() == format!("process {me}")), "{found}");
        assert!(found.leader().unwrap() <= me && found.processes() > 0);
        assert_eq!(found.to_string(), format!("{kind}:[{}]", found.inode()));
        assert_eq!(found.id(), Namespace::current(kind).unwrap().id(), "{found}");
        if let Some(id) = found.id() {
            assert_eq!(all.by_id(id), Some(found));
        }
    }
    assert_eq!(all.len(), all.iter().count());
    assert!(all.iter().map(|namespace| namespace.inode()).is_sorted());
}

scene_test!(a_listing_finds_what_it_is_asked_for);
fn a_listing_finds_what_it_is_asked_for() {
    concerns_ours();
    let sleeper = Sleeper::new(&["--user", "--map-root-user", "--uts", "--net"]);
    let inodes = |listing: Listing| listing.scan().unwrap().iter().map(|found| found.inode()).collect::<Vec<_>>();
    let (uts, net) = (sleeper.inode("uts"), sleeper.inode("net"));
    let of_sleeper = || Listing::new().of_process(sleeper.pid());
    assert_eq!(inodes(of_sleeper().kinds([Kind::Uts])), [uts]);
    assert_eq!(of_sleeper().scan().unwrap().len(), Kind::ALL.len());
    assert_eq!(inodes(Listing::new().find(format!("pid:{}", sleeper.pid())).kinds([Kind::Net])), [net]);
    assert!(inodes(Listing::new().sources([Source::Process])).contains(&uts));
    assert!(!inodes(Listing::new().without_processes()).contains(&uts));
    assert!(inodes(Listing::new().proc("/proc").kinds([Kind::Uts])).contains(&uts));
    for (listing, said) in [
        (Listing::new().of_process(999_999_999), "999999999"),
        (Listing::new().proc("/etc"), "/etc"),
        (Listing::new().proc("/missing"), "cannot open /missing: No such file or directory"),
        (Listing::new().find(""), "nobody can look for ''"),
    ] {
        let error = listing.scan().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

scene_test!(owners_are_a_tree);
fn owners_are_a_tree() {
    concerns_ours();
    let sleeper = Sleeper::new(&["--user", "--map-root-user", "--uts"]);
    let all = nskit::namespaces().unwrap();
    let (user, uts) = (all.get(sleeper.inode("user")).unwrap(), all.get(sleeper.inode("uts")).unwrap());
    assert_eq!(uts.owner(), Some(user.inode()));
    assert_eq!((user.owner(), user.parent()), (Some(inode("self", "user")), Some(inode("self", "user"))));
    assert_eq!(user.owner_uid(), Some(0));
    assert!(
        user.holders().iter().any(|holder| matches!(holder, Holder::Namespace { inode, .. } if *inode == uts.inode()))
    );
    let tree: Vec<_> = all.owner_tree().collect();
    assert_eq!(tree.len(), all.len());
    let place = |inode| tree.iter().position(|(_, found)| found.inode() == inode).unwrap();
    let depth = |inode| tree[place(inode)].0;
    let own = inode("self", "user");
    assert_eq!((depth(own), depth(user.inode()), depth(uts.inode())), (0, 1, 2));
    assert!(place(own) < place(user.inode()) && place(user.inode()) < place(uts.inode()));
    assert!(all.roots().any(|root| root.inode() == own));
    assert!(!all.roots().any(|root| root.inode() == uts.inode()));
}

scene_test!(what_comes_and_goes_is_told);
fn what_comes_and_goes_is_told() {
    concerns_ours();
    let before = Sleeper::new(&["--uts"]);
    let listing = Listing::new().kinds([Kind::Uts]).sources([Source::Process]);
    let mut changes = listing.watch(Duration::from_millis(20)).unwrap();
    assert!(changes.latest().get(before.inode("uts")).is_some());
    // Nothing has been asked for since the first look.
    let after = Sleeper::new(&["--uts"]);
    let (old, new) = (before.inode("uts"), after.inode("uts"));
    drop(before);
    let mut told = (false, false);
    // Whatever others do at the same time is told as well.
    while told != (true, true) {
        match changes.next().unwrap().unwrap() {
            Change::Appeared(found) => told.0 |= found.inode() == new,
            Change::Vanished(identity) => told.1 |= identity.inode == old,
            change => panic!("{change:?}"),
        }
    }
    assert!(changes.latest().get(new).is_some());
    drop(after);
    let is_end = |change| matches!(change, Ok(Change::Vanished(identity)) if identity.inode == new);
    assert!(changes.any(is_end));
}

scene_test!(what_ends_during_a_look_does_not_come_again);
/// One namespace ends after the other, some of them after a look has seen the process and before it asks for the id.
fn what_ends_during_a_look_does_not_come_again() {
    concerns_ours();
    let sleepers: Vec<Sleeper> = (0..100).map(|_| Sleeper::new(&["--uts"])).collect();
    let pids: Vec<u32> = sleepers.iter().map(Sleeper::pid).collect();
    let listing = Listing::new().kinds([Kind::Uts]).sources([Source::Process]);
    let mut changes = listing.watch(Duration::from_millis(1)).unwrap();
    let end_all = std::thread::spawn(|| {
        for sleeper in sleepers {
            drop(sleeper);
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut told = Vec::new();
    while !end_all.is_finished() {
        told.extend(changes.next_timeout(Duration::from_millis(20)).transpose());
    }
    end_all.join().unwrap();
    let told: Vec<Change> = told.into_iter().collect::<nskit::Result<_>>().unwrap();
    assert!(told.iter().any(|change| matches!(change, Change::Vanished(_))));
    // Others come meanwhile.
    let is_ours = |found: &NamespaceInfo| found.leader().is_some_and(|pid| pids.contains(&pid));
    let come = told.iter().filter(|change| matches!(change, Change::Appeared(found) if is_ours(found)));
    let come: Vec<&Change> = come.collect();
    assert!(come.is_empty(), "{come:?}");
}

scene_test!(a_watch_gives_up_at_its_time_limit);
fn a_watch_gives_up_at_its_time_limit() {
    concerns_ours();
    let me = std::process::id();
    let of_us = || Listing::new().of_process(me).sources([Source::Process]);
    // What we are in does not change: without the limit, this would not return.
    for (interval, limit) in [(5, 30), (1_000_000, 10), (5, 0)].map(|(a, b)| (Duration::from_millis(a), b)) {
        let mut changes = of_us().watch(interval).unwrap();
        assert_eq!(changes.latest().len(), Kind::ALL.len());
        let start = std::time::Instant::now();
        let limit = Duration::from_millis(limit);
        assert_eq!(changes.next_timeout(limit).unwrap(), None);
        assert!(start.elapsed() >= limit);
    }
    // Times that the clock cannot count are no end.
    let mut changes = of_us().watch(Duration::MAX).unwrap();
    assert_eq!(changes.next_timeout(Duration::ZERO).unwrap(), None);
    let sleeper = Sleeper::new(&["--uts"]);
    let mut changes = Listing::new().of_process(sleeper.pid()).watch(Duration::from_millis(5)).unwrap();
    drop(sleeper);
    assert!(matches!(changes.next_timeout(Duration::MAX).unwrap(), Some(Change::Vanished(_))));
}

scene_test!(the_end_of_a_watched_process_is_told);
fn the_end_of_a_watched_process_is_told() {
    concerns_ours();
    // Waited for, and as a zombie.
    for is_waited_for in [true, false] {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let listing = Listing::new().of_process(child.id());
        let mut changes = listing.clone().watch(Duration::from_millis(5)).unwrap();
        child.kill().unwrap();
        if is_waited_for {
            child.wait().unwrap();
        }
        for _ in Kind::ALL {
            assert!(matches!(changes.next().unwrap().unwrap(), Change::Vanished(_)));
        }
        let mut end = || changes.next_timeout(Duration::from_secs(10)).unwrap_err();
        for error in [end(), end()] {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            assert_eq!(error.hint().is_some_and(|hint| hint.contains("zombie")), !is_waited_for, "{error:?}");
        }
        assert_eq!(listing.scan().unwrap_err().kind(), ErrorKind::NotFound);
        child.wait().unwrap();
    }
}
