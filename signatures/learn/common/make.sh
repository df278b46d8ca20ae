#!/bin/sh
# Makes the listing of common libraries (packages.txt, strings.bloom) from the files that sources.tsv names.
#
#   signatures/learn/common/make.sh DIR…
#
# The files are looked for below the folders by their SHA-256; what is missing is told. "debian:" are files of that
# package and version, "github:OWNER/REPO:PATH" files of that repository. To add a library, add its line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/facts"
(cd "$root" && go build -o "$tmp/telltale" ./cmd/telltale)
find -L "$@" -type f \( -name '*.jar' -o -name '*.aar' \) -exec sha256sum {} + | sort -u -k1,1 >"$tmp/have"
grep -v '^#' "$here/sources.tsv" | while IFS='	' read -r origin sum; do
	file=$(sed -n "s/^$sum  //p" "$tmp/have")
	if [ -z "$file" ]; then
		echo "missing: $origin" >&2
		continue
	fi
	"$tmp/telltale" facts -q -o "$tmp/facts/$sum" "$file" || echo "not read: $origin" >&2
done
(cd "$root" && go run ./signatures/learn/internal/common "$tmp/facts" "$here")
