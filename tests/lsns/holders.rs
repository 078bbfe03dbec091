//! HOLDERS: all that keeps a namespace alive, whether or not a process is in it.

use crate::common::{Frozen, on_purpose};

/// Seven processes in a UTS namespace that the first process of the scene holds by two descriptors besides, and a network
/// namespace with one process and a mount.
const SCENE: &str = r#"
unshare -u sleep 1001 & A=$!; settle uts $A
for n in 2 3 4 5 6 7; do nsenter --uts=/proc/$A/ns/uts sleep 100$n & settle uts $!; P=$!; declare P$n=$P; started $P; done
UTS=$(inode /proc/$A/ns/uts)
unshare -Urn sleep 1001 & B=$!; settle net $B; NET=$(inode /proc/$B/ns/net); USERNS=$(inode /proc/$B/ns/user)
: >'/mnt/a,b'; mount --bind /proc/$B/ns/net '/mnt/a,b'
exec 7</proc/$A/ns/uts 8</proc/$A/ns/uts
tell UTS NET USERNS A P2 P3 P4 P5 P6 P7 B
"#;

scene_test!(holders_are_processes_and_all_else_that_keeps_the_namespace);
fn holders_are_processes_and_all_else_that_keeps_the_namespace() {
    on_purpose("HOLDERS");
    let frozen = Frozen::new(SCENE);
    let cell = |args: &str, filter: &str| {
        let args = format!("-rn {args} -o HOLDERS -Q {}", frozen.expand(filter));
        frozen.lsns(&args).ok().replace("\\x20", " ")
    };
    let first = "process $A,process $P2,process $P3,process $P4,process $P5,";
    let expected = format!("{first}and 2 more,fd 1:7,fd 1:8\n");
    assert_eq!(cell("-t uts", "NS==$UTS"), frozen.expand(&expected));
    // The last one is not printed, but a filter sees it.
    assert_eq!(cell("-t uts", "HOLDERS=~'process.$P7'"), frozen.expand(&expected));
    assert_eq!(cell(&frozen.expand("-p $A"), "NS==$UTS"), frozen.expand(&expected));
    assert_eq!(cell("-t net", "NS==$NET"), frozen.expand("process $B,mount /mnt/a\\x5c054b\n"));
    assert_eq!(cell("", "NS==$USERNS"), frozen.expand("process $B,namespace net:[$NET]\n"));
    assert_eq!(cell("--scan=process", "NS==$USERNS"), frozen.expand("process $B\n"));

    let json = frozen.lsns(&frozen.expand("-J -t uts -o HOLDERS -Q NS==$UTS")).ok();
    let all = first.replace(',', "\\n") + "process $P6\\nprocess $P7\\nfd 1:7\\nfd 1:8";
    assert!(json.contains(&frozen.expand(&format!("\"holders\": \"{all}\"\n"))), "{json}");
    frozen.end();
}

scene_test!(a_path_does_not_read_as_more_holders);
/// Whoever is in a container chooses where to mount.
fn a_path_does_not_read_as_more_holders() {
    on_purpose("HELD-BY");
    let frozen = Frozen::new(
        r#"
unshare -n sleep 1001 & B=$!; settle net $B; NET=$(inode /proc/$B/ns/net)
mkdir '/mnt/a
fd 1:99,process 1'; : >'/mnt/a
fd 1:99,process 1/\054'; mount --bind /proc/$B/ns/net '/mnt/a
fd 1:99,process 1/\054'; kill $B; wait $B || true
tell NET
"#,
    );
    let path = "/mnt/a\\012fd 1:99\\054process 1/\\134054";
    for column in ["HELD-BY", "HOLDERS"] {
        let raw = frozen.lsns(&format!("-rnP -t net -o {column}")).ok();
        let expected = format!("mount {path}\n").replace('\\', "\\x5c").replace(' ', "\\x20");
        assert_eq!(raw, expected);
        let json = frozen.lsns(&format!("-JP -t net -o {column}")).ok();
        let expected = format!("\": \"mount {}\"\n", path.replace('\\', "\\\\"));
        assert!(json.contains(&expected), "{json}");
        let table = frozen.lsns(&format!("-nP -t net -o NS,{column}")).ok();
        assert_eq!(table, frozen.expand(&format!("$NET mount {path}\n")));
    }
    frozen.end();
}
