//! Owners and parents, and by what they are known.

use crate::common::{Frozen, newer_than_theirs, on_purpose, their_bug};

/// A user namespace that only owns another namespace, with a process in that.
const OWNER: &str = r#"
unshare -Urn sleep 1001 & settle net $!; P=$!; OWNER=$(inode /proc/$P/ns/user)
nsenter --net=/proc/$P/ns/net sleep 1002 & settle net $!
kill $P; wait $P || true
tell OWNER
"#;

scene_test!(an_owner_of_another_kind_is_listed_where_its_own_kind_alone_is);
fn an_owner_of_another_kind_is_listed_where_its_own_kind_alone_is() {
    crate::common::otherwise_since((2, 42), "owners and parents without a process are not listed for their kind");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = Frozen::new(OWNER);
    let owner = frozen.variable("OWNER");
    for args in ["-rnP -o NS", "-rnP -t user -o NS"] {
        assert_eq!(frozen.lsns(args).ok().trim_end(), owner, "{args}");
    }
    frozen.end();
}

/// A user namespace without a process between two with one; and one that owns two namespaces and is kept by a descriptor.
const HELD: &str = r#"
unshare -U --map-users=0:0:10 --map-groups=0:0:10 /bin/sh -c 'exec unshare -U sleep 1001' & P=$!; settle user $P
until [[ $(readlink /proc/$P/exe) == */sleep ]]; do sleep 0.01; done
CHILD=$(inode /proc/$P/ns/user)
unshare -Urnu sleep 1002 & settle net $!; P=$!
OWNER=$(inode /proc/$P/ns/user); NET=$(inode /proc/$P/ns/net); UTS=$(inode /proc/$P/ns/uts)
nsenter --net=/proc/$P/ns/net --uts=/proc/$P/ns/uts sleep 1003 & settle net $!
until [[ $(readlink /proc/$!/exe) == */sleep ]]; do sleep 0.01; done
exec 7</proc/$P/ns/user; kill $P; wait $P || true
tell CHILD OWNER NET UTS
"#;

scene_test!(a_namespace_that_is_listed_can_be_the_operand);
fn a_namespace_that_is_listed_can_be_the_operand() {
    crate::common::otherwise_since((2, 42), "owners and parents without a process are not listed for their kind");
    crate::common::needs_root("ids of other users");
    newer_than_theirs((2, 41), "namespaces without a process");
    let frozen = Frozen::new(HELD);
    let between = frozen.lsns("-rnP -t user -o NS,ONS").ok();
    let between: Vec<_> = between.split_whitespace().step_by(2).collect();
    assert_eq!(between.len(), 2);
    for inode in between {
        assert_eq!(frozen.lsns(inode).ok(), "");
        assert_eq!(frozen.lsns(&format!("-t user {inode}")).ok(), "");
    }
    frozen.end();
}

scene_test!(what_a_tree_shows_beside_the_kinds_asked_for_has_its_processes);
fn what_a_tree_shows_beside_the_kinds_asked_for_has_its_processes() {
    their_bug("owners in a tree of other kinds seem to have no process");
    let frozen = Frozen::new(
        "unshare -Un sleep 1001 & settle net $!; P=$!; started $P; USER_NS=$(inode /proc/$P/ns/user); tell P USER_NS",
    );
    for columns in ["NS,TYPE,NPROCS,PID", "NS,TYPE,NPROCS,PID,UIDMAP"] {
        let rows = frozen.lsns(&format!("-rn -t net -Towner -o {columns}")).ok();
        let row = frozen.expand("$USER_NS user 1 $P");
        assert!(rows.lines().any(|line| line.trim_end() == row), "{columns}: {row} in\n{rows}");
    }
    // Nor is it taken for one without a process.
    let held = frozen.lsns("-rn -t net -Towner -o NS -Q NPROCS==0").ok();
    assert_eq!(held, "");
    frozen.end();
}

scene_test!(each_namespace_below_holds_one_without_a_process);
fn each_namespace_below_holds_one_without_a_process() {
    crate::common::needs_root("ids of other users");
    on_purpose("HELD-BY");
    let frozen = Frozen::new(HELD);
    let mut below = [frozen.expand("namespace\\x20net:[$NET]"), frozen.expand("namespace\\x20uts:[$UTS]")];
    below.sort();
    let expected = frozen.expand("$OWNER fd\\x201:7,") + &below.join(",");
    let printed = frozen.lsns("-rnP -t user -o NS,HELD-BY").ok();
    let shown = |line: &str| {
        let (inode, holders) = line.split_once(' ').unwrap();
        let mut holders: Vec<_> = holders.split(',').collect();
        holders.sort();
        format!("{inode} {}", holders.join(","))
    };
    let lines: Vec<_> = printed.lines().map(shown).collect();
    assert!(lines.contains(&expected), "{expected} in {printed}");
    // A tree shows owners of other kinds than were asked for, and says rightly who is in them.
    let printed = frozen.lsns("-rn -t net -T -o NS,HELD-BY,NPROCS").ok();
    let first = frozen.lsns("-rn -t user -p 1 -o NS,HELD-BY,NPROCS").ok();
    assert!(printed.contains(&first), "{first} in {printed}");
    frozen.end();
}
