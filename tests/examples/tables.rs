//! What each example of the man pages prints, and the machine that they are run on.

use crate::Expected;

/// What the examples expect to be there: a container with process `$target`, made by an ordinary user; one of podman; a unit; a
/// network of ip-netns(8); a device that is still mounted; a root file system; a file for binfmt_misc.
pub const MACHINE: &str = r#"
cp -a /etc /mnt/etc-copy && mount --bind /mnt/etc-copy /etc
ip link set lo up
ip netns add blue && ip -n blue link set lo up
mkdir -p /etc/netns/blue && echo 127.0.0.1 example.org >/etc/netns/blue/hosts
mkdir /mnt/proc /mnt/data && mount -t proc proc /mnt/proc
unshare --mount sh -c 'mount -t tmpfs /dev/sdb1 /mnt/data; exec sleep 1000' &

in_cgroup() {
    mkdir -p "/sys/fs/cgroup/$1"
    sh -c 'echo $$ >"/sys/fs/cgroup/$1/cgroup.procs"; exec unshare --net sleep 1000' sh "$1" &
}
in_cgroup machine.slice/libpod-4f1a000000000000000000000000000000000000000000000000000000000000.scope
in_cgroup system.slice/nginx.service

# A process with a socket as descriptor 3 becomes unshare, whose child is the container.
setpriv --reuid 1000 --regid 1000 --clear-groups bash -c 'cd /home/me; exec 3<>/dev/udp/127.0.0.1/9
    exec env COLOUR=blue unshare -r --pid --fork --net --uts --mount --hostname box --mount-proc bash -c "
        ip link add eth1 type veth peer name eth2; ip address add 10.0.0.7/24 dev eth1
        for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done
        exec -a nginx sleep 1000"' &
until target=$(pgrep -fx 'nginx 1000'); do sleep 0.01; done
export target
mkdir /sys/fs/cgroup/lxc.payload.web && echo "$target" >/sys/fs/cgroup/lxc.payload.web/cgroup.procs

cd /home/me
mkdir -p rootfs/bin rootfs/proc rootfs/dev && cp /bin/busybox rootfs/bin && ln -s busybox rootfs/bin/sh
echo greetings >a.hello && chmod +x a.hello
mkdir ../other
chown -R 1000:1000 .
"#;

/// What is on the pages, and what stands for it here.
pub const INSTEAD: [(&str, &str); 6] = [
    ("1234", "$target"),
    ("4026532177", "$(lsns -nr -o NS -t net -p $target)"),
    ("4026531836", "$(lsns -nr -o NS -t pid -p $target)"),
    ("4026532193", "$(lsns -nr -o NS --find /dev/sdb1)"),
    ("4026532195", "$(lsns -nr -o NS -t pid -p $target)"),
    ("/host/proc", "/mnt/proc"),
];

const fn example(commands: &'static str, prints: &'static [&'static str]) -> Expected {
    Expected { commands, typed: "", prints }
}

const fn shell(commands: &'static str, typed: &'static str, prints: &'static [&'static str]) -> Expected {
    Expected { commands, typed, prints }
}

pub const UNSHARE: &[Expected] = &[
    example("$ unshare -r id", &["uid=0(root) gid=0(root)", "status 0"]),
    example("$ unshare -r --pid --fork --mount-proc ps -e", &["1 ?", " ps\n", "!bash", "status 0"]),
    example("$ unshare -rn ip link", &["lo: <LOOPBACK> ", "status 0"]),
    example("$ unshare -r --loopback ping -c1 localhost", &["1 received", "status 0"]),
    example("$ unshare -c --tmpfs /tmp sh -c 'touch /tmp/mine; ls /tmp'", &["mine\nstatus 0"]),
    example("$ timeout 1 unshare -r --init sh -c 'sleep 100 & sleep 200'", &["status 124"]),
    example(
        "$ unshare -r --init --status-fd 7 true 7>status; cat status",
        &["{\"pid\": 5", "\"namespaces\": {\"mnt\": {\"inode\": 4", "{\"status\": 0}\n", "status 0"],
    ),
    example("$ unshare -r --hostname box hostname", &["box\nstatus 0"]),
    example("$ unshare -rp --kill-child --mount-proc sh -c 'sleep 9 & echo done'", &["done\nstatus 0"]),
    example("$ unshare -c -n --keep-caps ip link set lo up", &["status 0"]),
    example(
        "$ unshare --map-auto -r cat /proc/self/uid_map",
        &["0       1000          1\n", "1     100000      65536\n", "status 0"],
    ),
    shell(
        "$ unshare -rmp --fork --root=./rootfs --mount-proc /bin/sh",
        "busybox ls /; echo $$",
        &["bin\ndev\nproc\n1\nstatus 0"],
    ),
    shell(
        "$ unshare -rpf --pivot-root=rootfs --mount-proc --mount-dev /bin/sh",
        "busybox ls / /dev; echo $$",
        &["/:\nbin\ndev\nproc\n", "zero\n1\nstatus 0"],
    ),
    example("$ unshare -c --tmpfs /home --bind .:/home/me --wd /home/me ls", &["a.hello\nrootfs\nstatus 0"]),
    example("$ unshare -rT --boottime 864000 uptime", &[" days", "status 0"]),
    example("$ unshare -rT --fork --boottime @0 --monotonic @0 uptime", &["up 0 min", "status 0"]),
    example("$ unshare --whitelist-env HOME,PATH env", &["HOME=/home/me\n", "PATH=", "!LC_ALL", "status 0"]),
    example("$ unshare -rpf -l ':hello:E::hello::/bin/cat:' ./a.hello", &["greetings\nstatus 0"]),
    example(
        "# touch /run/blue\n# unshare --net=/run/blue ip link set lo up\n# nsenter --net=/run/blue ip address\n# umount \
         /run/blue\n# rm /run/blue",
        &["inet 127.0.0.1/8", "status 0"],
    ),
    example(
        "# mkdir /run/keep\n# mount --bind /run/keep /run/keep\n# mount --make-private /run/keep\n# touch \
         /run/keep/mnt\n# unshare --mount=/run/keep/mnt mount -t tmpfs mine /mnt\n# nsenter --mount=/run/keep/mnt findmnt \
         /mnt\n# umount /run/keep/mnt /run/keep\n# rm -r /run/keep",
        &["mine", "status 0"],
    ),
    example("# unshare --owner 1000:1000 -r cat /proc/self/uid_map", &["0          0          1\n", "status 0"]),
    example("# unshare -m --propagation slave findmnt -o TARGET,PROPAGATION /", &["PROPAGATION\n/ ", "status 0"]),
];

pub const NSENTER: &[Expected] = &[
    example("$ lsns -t pid", &[" pid ", "nginx 1000\n", "status 0"]),
    example("# nsenter --net=4026532177 ip address", &["10.0.0.7/24", "status 0"]),
    shell(
        "# nsenter -t 1234 --all --root --wd --env",
        "hostname; pwd; echo $COLOUR",
        &["box\n/home/me\nblue\nstatus 0"],
    ),
    shell(
        "# nsenter -t 1234 --like-target --pty sh",
        "hostname; pwd; echo $COLOUR",
        &["box\n", "/home/me\n", "blue\n", "status 0"],
    ),
    shell(
        "# nsenter --container web --like-target --pty sh",
        "hostname; echo $COLOUR",
        &["box\n", "blue\n", "status 0"],
    ),
    shell("# nsenter --container web --all", "hostname", &["box\nstatus 0"]),
    example("# nsenter --container podman:4f1a --net ip address", &["lo: <LOOPBACK> ", "!10.0.0.7", "status 0"]),
    example("# nsenter --unit nginx --net ip address", &["lo: <LOOPBACK> ", "!10.0.0.7", "status 0"]),
    example("# nsenter -t 1234 --net ip address", &["10.0.0.7/24", "status 0"]),
    example("# nsenter --net=blue ip link", &["lo: <LOOPBACK,UP", "!eth1", "status 0"]),
    example("# nsenter --netns blue ping -c1 example.org", &["1 received", "status 0"]),
    example("# nsenter -t 1234 -m -p ps -e", &["1 ?", "12 ?", "!5001", "status 0"]),
    example("# nsenter -t 1234 --mount --wdns=/etc ls -l", &["passwd\n", "status 0"]),
    example("# nsenter -t 1234 -a -S follow -G follow --join-cgroup id", &["uid=0(root)", "status 0"]),
    example("$ nsenter -t 1234 --all --preserve-credentials id", &["uid=0(root)", "status 0"]),
    example("$ nsenter -t 1234 -n --user-parent --preserve-credentials ip link", &["eth1", "status 0"]),
    example("# nsenter -t 1234 --user --mount --pid id", &["uid=0(root)", "status 0"]),
    example("# nsenter -t 1234 --net-socket 3 ip link", &["lo: <LOOPBACK,UP", "!eth1", "status 0"]),
    // It is another process than the one whose number that was.
    example("# nsenter -t 1234:8817 --uts hostname", &["!box", "No such process", "status 1"]),
    example(
        "# touch /run/box\n# unshare --uts=/run/box hostname box\n# nsenter --uts=/run/box hostname\n# umount \
         /run/box\n# rm /run/box",
        &["box\nstatus 0"],
    ),
];

pub const LSNS: &[Expected] = &[
    example("# lsns", &["NS TYPE   NPROCS", "nginx 1000", "status 0"]),
    example("$ lsns -p 1234", &[" net ", "nginx 1000", "status 0"]),
    example("$ lsns 4026531836", &["nginx 1000\n", "sleep 1000\n", "!bash", "status 0"]),
    example("# lsns -t net", &["NETNSID NSFS", "/run/netns/blue", "status 0"]),
    example("# lsns --persistent -o NS,TYPE,USER,NSFS", &[" net  root /run/netns/blue\n", "!mnt ", "status 0"]),
    example("# lsns --persistent -o NS,TYPE,HELD-BY", &[" net  mount /run/netns/blue\n", "status 0"]),
    example("# lsns -t net -o NS,NPROCS,CONTAINER,UNIT,COMMAND", &["podman:4f1a", "nginx.service", "status 0"]),
    example("# lsns --scan=-thread,-fd,-socket,-tap", &["nginx 1000", "status 0"]),
    example("# lsns --scan=+bpf", &["nginx 1000", "status 0"]),
    example("# lsns --tree=owner -o +PNS,ONS", &["PNS ", "ONS\n", "└─", "status 0"]),
    example("# lsns -t user --filter 'UID >= 1000' -o NS,PID,USER,COMMAND", &["me ", "!root", "status 0"]),
    example("# lsns --find /dev/sdb1", &["/dev/sdb1 on /mnt/data", "status 0"]),
    shell("# nsenter --mount=4026532193 umount /mnt/data", "lsns --find /dev/sdb1", &["on /dev ", "!on /mnt/data"]),
    example("# lsns --find 10.0.0.7", &["eth1 10.0.0.7/24", "status 0"]),
    example("# lsns --find link:eth1", &["FOUND ", "eth1@if2 (down) -> eth2", "status 0"]),
    example("# lsns --find pid:1234", &["FOUND ", " process ", " socket ", "status 0"]),
    // They run until somebody ends them; tests/lsns sees what they print.
    example("# timeout 9 lsns --watch", &["status 124"]),
    example("# timeout 9 lsns --watch=0.5 --json -o NS,TYPE,COMMAND", &["status 124"]),
    example("# lsns -t net -o NS,HOLDERS --style markdown", &["| ", "mount /run/netns/blue", "status 0"]),
    example("# lsns --proc /host/proc", &["nginx 1000", "status 0"]),
    example(
        "# lsns -t net -o NS,PID,COMMAND,LINKS,ADDRESSES",
        &["eth1@if2 (down) -> eth2", "eth1 10.0.0.7/24", "status 0"],
    ),
    example("# lsns -Q THREADS -o NS,TYPE,THREADS", &["status 0"]),
    example("# lsns -o NSPID,USER,COMMAND 4026532195", &[" 1  me   nginx 1000\n", "status 0"]),
    example("# lsns -t pid -Q '(NPROCS > 10) and (PID != 1)'", &["nginx 1000\n", "!bash", "status 0"]),
    example("# lsns --filter 'COMMAND =~ \"nginx|apache\"'", &["nginx 1000\n", "!root", "status 0"]),
    shell(
        "# pid=$(lsns -nro PID -t pid -Q 'COMMAND =~ \"^nginx\"' | head -n 1)\n# nsenter -a -t \"$pid\"",
        "hostname",
        &["box\nstatus 0"],
    ),
    example("# lsns --json --output-all", &["\"namespaces\": [", "\"command\": \"nginx 1000\"", "status 0"]),
    example("$ lsns -n -r -o NS -t net -p $$", &["402", "status 0"]),
];
