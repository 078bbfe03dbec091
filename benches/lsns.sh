#!/usr/bin/env bash
# lsns.sh [RUNS]: lsns, built for the GNU C library and for musl, beside the installed one and beside a lower bound
# (lsns-floor.c: the plain system calls for the same facts, one thread, nothing printed): with 80 to 20,000 processes, and
# with 40,000 sockets that are all different. Each row has a PID namespace of its own, so that other processes of the machine
# do not count. Needs root, a C compiler, the std for musl and GNU time. Medians of runs in turn; ratios are what counts.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../packaging/no-options
. "$(dirname "$0")/../packaging/no-options"
runs=${1:-7}
cd "$(dirname "$0")/.."
cargo build --release --quiet
glibc=$PWD/target/release/lsns
musl=$(packaging/build)/lsns
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
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
