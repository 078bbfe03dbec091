#!/usr/bin/env bash
# start-up.sh [RUNS]: what unshare and nsenter cost beyond running the program directly: the installed ones, ours built for
# the GNU C library and for musl, and floors, which are C programs that make only the system calls that are needed
# (exec-floor.c). Needs a C compiler, the std for musl and the right to make namespaces; with musl-gcc there are floors with
# musl as well. As root, runs by real-time priority, so that other load tells less.
#
# cost: the median of what passes, less that of the program alone. spread: from the 10th to the 90th percentile. ratio: to
# the installed one. faults: page faults, less those of the program. instructions: before the program runs, of the tool
# alone. The cpuid instruction, of which the GNU C library makes some thirty at each start, costs what the hypervisor makes
# it cost: up to 70 microseconds each in a nested one, and next to nothing without.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../packaging/no-options
. "$(dirname "$0")/../packaging/no-options"
runs=${1:-500}
cd "$(dirname "$0")/.."
cargo build --release --quiet
glibc=$PWD/target/release
musl=$(packaging/build)
work=$(mktemp -d)
target=
trap '[[ -z $target ]] || kill "$target"; rm -rf "$work"' EXIT
cc -O2 -o "$work/alternate" benches/alternate.c
cc -O2 -o "$work/instructions" benches/instructions.c
cc -O2 -static -o "$work/noop" benches/noop.c
cc -O2 -static -o "$work/floor-glibc" benches/exec-floor.c
floors=(glibc)
if command -v musl-gcc >/dev/null; then
	musl-gcc -O2 -static -o "$work/floor-musl" benches/exec-floor.c
	floors+=(musl)
fi
sleep 1000000 &
target=$!

# A name and a command each: of a group, the installed one comes first.
names=('the program alone') commands=("$work/noop")
group() { # TOOL WORDS-OF-THE-TOOL WORDS-OF-THE-FLOOR
	local shown="$1${2:+ ${2/$target/PID}}" libc
	names+=("$shown: installed" "$shown: ours, glibc" "$shown: ours, musl")
	commands+=("/usr/bin/$1 $2 $work/noop" "$glibc/$1 $2 $work/noop" "$musl/$1 $2 $work/noop")
	for libc in "${floors[@]}"; do
		names+=("$shown: floor, $libc")
		commands+=("$work/floor-$libc $3 $work/noop")
	done
}
group unshare '' ''
group unshare -f f
group nsenter "-t $target -n" "n $target"
group nsenter "-t $target -a" "a $target"

# The installed one has no init: it is held against the plain PID namespace, of both.
names+=('unshare -pf: installed' 'unshare -pf: ours, musl' 'unshare --init: ours, glibc' 'unshare --init: ours, musl')
commands+=("/usr/bin/unshare -pf $work/noop" "$musl/unshare -pf $work/noop" "$glibc/unshare --init $work/noop" "$musl/unshare --init $work/noop")

priority=()
if nice -n -20 chrt -r 10 true 2>/dev/null; then priority=(nice -n -20 chrt -r 10); fi
"${priority[@]}" "$work/alternate" "$runs" "${commands[@]}" >"$work/figures"

printf '%-36s %8s %16s %6s %7s %12s\n' command cost spread ratio faults instructions
at=0
while read -r passed low high _ faults; do
	if ((at == 0)); then
		base=$passed base_faults=$faults
		printf '%-36s %5.0f us %13s us\n' "${names[0]}" "$passed" "$(printf '%.0f-%.0f' "$low" "$high")"
	else
		read -ra words <<<"${commands[at]}"
		[[ ${names[at]} != *installed ]] || installed=$passed
		awk -v name="${names[at]}" -v passed="$passed" -v low="$low" -v high="$high" -v faults="$faults" -v base="$base" \
			-v base_faults="$base_faults" -v installed="$installed" -v count="$("$work/instructions" "${words[@]}")" 'BEGIN {
			printf "%-36s %5.0f us %13s us %6.2f %7d %12d\n", name, passed - base,
				sprintf("%.0f-%.0f", low - base, high - base), (passed - base) / (installed - base),
				faults - base_faults, count
		}'
	fi
	at=$((at + 1))
done <"$work/figures"
