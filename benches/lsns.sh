#!/usr/bin/env bash
# lsns.sh [RUNS]: lsns beside the installed one and beside a lower bound (lsns-floor.c: the plain system calls for the
# same facts, one thread, nothing printed), with 1,000 to 20,000 processes, on the machine as it is, and with 40,000
# sockets that are all different. Needs root, hyperfine, a C compiler and GNU time. Medians; ratios are what counts.
set -euo pipefail
runs=${1:-5}
cd "$(dirname "$0")/.."
cargo build --release --quiet
ours=$PWD/target/release/lsns
work=$(mktemp -d)
crowd=
trap '[[ -z $crowd ]] || kill "$crowd"; rm -rf "$work"' EXIT
cc -O2 -o "$work/crowd" benches/crowd.c
cc -O2 -o "$work/floor" benches/lsns-floor.c

# Median, in seconds, of command $2 (from 0) of the report $1; the columns before the last four: mean and so on.
median() { awk -F, -v row="$2" 'NR == row + 2 { print $(NF - 4) }' "$1"; }

row() { # NAME RUNS-OF-THEIRS
	hyperfine -N -w 1 -r "$runs" --export-csv "$work/fast" "$ours" "$work/floor 1" >/dev/null 2>&1
	hyperfine -N -w 0 -r "$2" --export-csv "$work/slow" /usr/bin/lsns >/dev/null 2>&1
	/usr/bin/env time -f %M -o "$work/memory" "$ours" >/dev/null
	awk -v name="$1" -v ours="$(median "$work/fast" 0)" -v floor="$(median "$work/fast" 1)" \
		-v theirs="$(median "$work/slow" 0)" -v memory="$(tail -1 "$work/memory")" 'BEGIN {
		printf "%-26s %8.1f ms %8.1f ms %9.1f ms %10.2f %13.2f %8.1f MB\n", name,
			ours * 1e3, floor * 1e3, theirs * 1e3, ours / floor, theirs / ours, memory / 1024
	}'
}

with_crowd() { # NAME RUNS-OF-THEIRS ARGUMENT...
	local name=$1 theirs=$2
	shift 2
	mkfifo "$work/ready"
	"$work/crowd" "$@" >"$work/ready" &
	crowd=$!
	read -r <"$work/ready"
	rm "$work/ready"
	row "$name" "$theirs"
	kill "$crowd"
	wait "$crowd" 2>/dev/null || true
	crowd=
	# They end in their own time; the next row is not to pay for it.
	while pgrep -f "^$work/crowd " >/dev/null; do sleep 0.2; done
}

printf '%-26s %11s %11s %12s %10s %13s %11s\n' processes ours floor installed ours/floor installed/ours memory
row 'as it is' "$((runs * 4))"
with_crowd '1,000' "$runs" 1000 100 6
with_crowd '5,000' "$runs" 5000 100 6
with_crowd '20,000' 2 20000 100 6
with_crowd '4,000, 40,000 sockets' 2 4000 100 0 10
