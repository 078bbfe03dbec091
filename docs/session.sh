#!/usr/bin/env bash
# session.sh >session.svg: the picture of a terminal session in README. The commands are run for real, as root, with the
# release build, in throw-away namespaces; what they print is drawn as it comes.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
tools=$PWD/target/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/session" <<'END'
run() { printf '# %s\n' "$1"; bash -c "$1" 2>&1 || true; echo; }
run 'unshare -r --mount-proc true'
unshare --net sleep 1000 & sleep 0.3
unshare --uts=kept hostname kept
exec 9</proc/$!/ns/net
kill $!; wait $! 2>/dev/null || true
run 'lsns --persistent -o NS,TYPE,NPROCS,HELD-BY'
net=$(lsns -n --persistent -t net -o NS | tr -d ' ')
run "nsenter '--net=[$net]' ip -brief link"
run 'nsenter --uts=kept hostname'
run 'nsenter -t 1 --user true'
END
"$tools/unshare" -mpuin --fork --kill-child --mount-proc bash -c '
	mount -t tmpfs none /mnt && cd /mnt && touch kept && PATH=$1:$PATH exec bash "$2"' bash "$tools" "$work/session" \
	>"$work/text" 2>/dev/null
awk '
	function escaped(text) { gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text); return text }
	{
		# Long lines go on in the next, as a terminal has it.
		while (length($0) > 104) { line[++n] = substr($0, 1, 104); $0 = substr($0, 105) }
		line[++n] = $0
	}
	END {
		height = 30 + 18 * n
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"%d\" font-family=\"monospace\" font-size=\"14\">\n", height
		printf "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#1d2430\"/>\n"
		for (i = 1; i <= n; i++) {
			colour = line[i] ~ /^# / ? "#ffffff" : line[i] ~ /hint:/ ? "#8fd18f" : "#c3ccd9"
			printf "<text x=\"16\" y=\"%d\" fill=\"%s\" xml:space=\"preserve\">%s</text>\n", 14 + 18 * i, colour, escaped(line[i])
		}
		print "</svg>"
	}' "$work/text"
