# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced by tools/image and tools/iso, which take the same arguments:
#
#	-o OUT		the file to make
#	-c CONF		the plinth.conf to put in
#	-b BINARY	what to start, if not the build's own
#	PATH=FILE ...	files to put in, with the paths that plinth.conf uses
#
# Sets $out and $binary, and makes the directory $tree with the configuration and the files.
# $binary must hold the default before; $tmp is removed at the end.

usage()
{
	echo "usage: $0 -o OUT -c CONF [-b BINARY] [PATH=FILE ...]" >&2
	exit 2
}

out=
conf=
while getopts o:c:b: opt; do
	case $opt in
	o) out=$OPTARG ;;
	c) conf=$OPTARG ;;
	b) binary=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ "$out" ] && [ "$conf" ] || usage

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tree=$tmp/tree
mkdir "$tree"
cp "$conf" "$tree/plinth.conf"
for pair; do
	path=${pair%%=*}
	[ "$path" != "$pair" ] || usage
	mkdir -p "$tree/$(dirname "$path")"
	cp "${pair#*=}" "$tree/$path"
done
