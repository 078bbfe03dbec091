//! What namespaces there are, and what comes and goes.

use std::time::Duration;

use nskit::{Change, Holder, Kind, Listing, Namespace, Source};

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
    let listing = Listing::new().kinds([Kind::Uts]).sources([Source::Process]);
    let mut changes = listing.watch(Duration::from_millis(20));
    let (sender, receiver) = std::sync::mpsc::channel();
    // Whatever others do at the same time is told as well.
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for change in &mut changes {
                if sender.send(change.unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut number = 0;
        let sleepers = std::iter::repeat_with(|| Sleeper::new(&["--uts"]));
        // The first look may come after the first of them.
        for sleeper in sleepers {
            number = sleeper.inode("uts");
            let come = receiver.recv_timeout(Duration::from_secs(2));
            if matches!(&come, Ok(Change::Appeared(found)) if found.inode() == number) {
                break;
            }
        }
        let is_end = |change: &Change| matches!(change, Change::Vanished(identity) if identity.inode == number);
        assert!(receiver.iter().any(|change| is_end(&change)));
        drop(receiver);
        // One more change, so that the other thread learns that nobody listens.
        let _last = Sleeper::new(&["--uts"]);
        std::thread::sleep(Duration::from_millis(200));
    });
}
