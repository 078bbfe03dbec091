#!/usr/bin/env bash
# start-up.sh [ROUNDS]: what unshare and nsenter cost beyond running the program directly, as a ratio to the installed
# ones. Needs hyperfine, a C compiler and the right to make namespaces. Medians of RUNS runs a round; the commands
# alternate from round to round, and the median over the rounds counts.
set -euo pipefail
rounds=${1:-10}
runs=${RUNS:-150}
cd "$(dirname "$0")/.."
cargo build --release --quiet
ours=$PWD/target/release
work=$(mktemp -d)
target=
trap '[[ -z $target ]] || kill "$target"; rm -rf "$work"' EXIT
cc -O2 -static -o "$work/noop" benches/noop.c
cc -O2 -o "$work/floor" benches/exec-floor.c
cc -O2 -static -o "$work/floor-static" benches/exec-floor.c
sleep 1000000 &
target=$!

names=(program 'C floor, dynamic' 'C floor, static'
	'unshare, installed' 'unshare, ours' 'unshare -u, installed' 'unshare -u, ours'
	'unshare -f, installed' 'unshare -f, ours'
	'nsenter -t PID -n, installed' 'nsenter -t PID -n, ours'
	'nsenter -t PID -a, installed' 'nsenter -t PID -a, ours')
noop=$work/noop
commands=("$noop" "$work/floor $noop" "$work/floor-static $noop"
	"/usr/bin/unshare $noop" "$ours/unshare $noop" "/usr/bin/unshare -u $noop" "$ours/unshare -u $noop"
	"/usr/bin/unshare -f $noop" "$ours/unshare -f $noop"
	"/usr/bin/nsenter -t $target -n $noop" "$ours/nsenter -t $target -n $noop"
	"/usr/bin/nsenter -t $target -a $noop" "$ours/nsenter -t $target -a $noop")

for ((round = 0; round < rounds; round++)); do
	hyperfine -N -w 10 -r "$runs" --export-csv "$work/round" "${commands[@]}" >/dev/null 2>&1
	# The median of each command, in seconds.
	awk -F, 'NR > 1 { print NR - 2, $(NF - 4) }' "$work/round" >>"$work/medians"
done
median_of() { awk -v want="$1" '$1 == want { print $2 }' "$work/medians" | sort -g | awk '{ m[NR] = $1 } END { print m[int((NR + 1) / 2)] }'; }

base=$(median_of 0)
printf '%-30s %10s %10s  %s\n' command median cost 'cost / installed'
for i in "${!names[@]}"; do
	median=$(median_of "$i")
	case ${names[i]} in
	'C floor'*) installed=$(median_of 3) ;;
	*installed) installed=$median ;;
	*ours) installed=$(median_of $((i - 1))) ;;
	*) installed= ;;
	esac
	awk -v name="${names[i]}" -v median="$median" -v base="$base" -v installed="$installed" 'BEGIN {
		ratio = installed == "" ? "-" : sprintf("%.2f", (median - base) / (installed - base))
		printf "%-30s %7.0f us %7.0f us  %s\n", name, median * 1e6, (median - base) * 1e6, ratio
	}'
done
