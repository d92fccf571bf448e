#!/bin/bash
# threads.sh POSTERN-THREADS - a build with ThreadSanitizer reads the practice incident with several threads and reports no race.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for run in "scan -q -j2 --format json" "scan -q -j6 --format json" "decode -j4"; do
	# shellcheck disable=SC2086
	"$1" $run "$here/samples/practice-incident" >/dev/null 2>"$log"
	status=$?
	if grep -q "unexpected memory mapping" "$log"; then
		echo "ThreadSanitizer cannot live with this kernel's address layout"
		exit 77
	fi
	if [ $status != 0 ] || grep -q "ThreadSanitizer" "$log"; then
		cat "$log"
		echo "postern $run: exit status $status"
		exit 1
	fi
done
