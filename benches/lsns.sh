#!/usr/bin/env bash
# lsns.sh [RUNS]: lsns, built for the GNU C library and for musl, beside the installed one and beside a lower bound
# (lsns-floor.c: the plain system calls for the same facts, one thread, nothing printed): with 80 to 20,000 processes, and
# with 40,000 sockets that are all different. Each row has a PID namespace of its own, so that other processes of the machine
# do not count. Then --scan=+bpf beside the default and the floor: it works in the first PID namespace only, where the other
# processes count, too. Needs root, a C compiler, the std for musl and GNU time. Medians of runs in turn; ratios are what counts.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../packaging/no-options
. "$(dirname "$0")/../packaging/no-options"
runs=${1:-7}
cd "$(dirname "$0")/.."
cargo build --release --quiet
glibc=$PWD/target/release/lsns
musl=$(packaging/build)/lsns
work=$(mktemp -d)
crowd=
trap '[[ -z $crowd ]] || kill -KILL "$crowd"; rm -rf "$work"' EXIT
for program in crowd alternate; do cc -O2 -o "$work/$program" "benches/$program.c"; done
cc -O2 -o "$work/floor" benches/lsns-floor.c
# Waits for a crowd of $1 (arguments of crowd.c), and measures; all of it ends with process 1.
# shellcheck disable=SC2016
measure='set -e
cd "$1"
mkfifo ready
./crowd $2 >ready &
read -r <ready
rm ready
nice -n -20 ./alternate "$3" "$5" "$6" "$1/floor 1" >fast
nice -n -20 ./alternate "$4" /usr/bin/lsns >slow
/usr/bin/env time -f %M -o memory "$6" >/dev/null'

row() { # NAME RUNS RUNS-OF-THEIRS CROWD
	unshare --pid --fork --kill-child --mount-proc bash -c "$measure" bash "$work" "$4" "$2" "$3" "$glibc" "$musl"
	awk -v name="$1" -v memory="$(tail -1 "$work/memory")" '{ passed[NR] = $1 / 1e3; spread[NR] = ($3 - $2) / $1 * 100 } END {
		printf "%-24s %8.1f ms %8.1f ms %8.1f ms %9.1f ms %8.2f %8.2f %10.2f %5.1f MB %3.0f %%\n", name, passed[1],
			passed[2], passed[3], passed[4], passed[1] / passed[3], passed[2] / passed[3], passed[4] / passed[2],
			memory / 1024, spread[2]
	}' "$work/fast" "$work/slow"
}

printf '%-24s %11s %11s %11s %12s %8s %8s %10s %8s %5s\n' processes glibc musl floor installed \
	glibc/fl. musl/fl. inst./musl memory spread
row 80 "$((runs * 20))" "$((runs * 10))" '80 40 6'
row 1,000 "$((runs * 3))" "$runs" '1000 100 6'
row 5,000 "$runs" "$runs" '5000 100 6'
row 20,000 "$runs" 2 '20000 100 6'
row '4,000, 40,000 sockets' "$runs" 2 '4000 100 0 10'

by_bpf() { # NAME RUNS CROWD
	mkfifo "$work/ready"
	# shellcheck disable=SC2086
	unshare --pid --fork --kill-child --mount-proc "$work/crowd" $3 >"$work/ready" &
	crowd=$!
	read -r <"$work/ready"
	rm "$work/ready"
	nice -n -20 "$work/alternate" "$2" "$musl" "$musl --scan=+bpf" "$work/floor 1" >"$work/fast"
	kill -KILL "$crowd"
	wait "$crowd" 2>/dev/null || true
	crowd=
	awk -v name="$1" '{ passed[NR] = $1 / 1e3 } END {
		printf "%-24s %8.1f ms %8.1f ms %8.1f ms %13.1f %11.1f\n", name, passed[1], passed[2], passed[3],
			passed[1] / passed[2], passed[3] / passed[2]
	}' "$work/fast"
}

printf '\n%-24s %11s %11s %11s %13s %11s\n' 'processes, by BPF' default bpf floor default/bpf floor/bpf
by_bpf 80 "$((runs * 10))" '80 40 6'
by_bpf 1,000 "$((runs * 3))" '1000 100 6'
by_bpf 5,000 "$((runs * 2))" '5000 100 6'
by_bpf 20,000 "$runs" '20000 100 6'
