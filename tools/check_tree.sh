#!/usr/bin/env bash
# What the tracked files must not hold: addresses in locks, locks that differ, paths of a machine,
# index hosts.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

deny() { # deny TITLE, then the offending lines on standard input
  local lines
  lines=$(cat)
  [ -z "$lines" ] && return
  printf '%s\n%s\n' "$1" "$lines" >&2
  failed=1
}

git grep -nEi '(https?|file):/|--(extra-)?index-url|--find-links|--trusted-host' -- '*.lock' |
  cut -c1-160 | deny "A lock file names an address:"
git grep -nE '"resolved":' -- '*package-lock.json' |
  cut -c1-160 | deny "A lock file of npm names an address:"
git grep -nIE '(^|[^A-Za-z0-9_.~}-])/(work|root|farm|home|Users)/[A-Za-z0-9_]' -- . |
  cut -c1-160 | deny "A tracked file holds a path of one machine:"
git grep -nIE 'pypi\.[a-z]|pythonhosted\.|deb\.debian\.|registry\.npmjs|/simple/?["'\'' ]' -- . |
  cut -c1-160 | deny "A tracked file names a package index:"
grep -hoE '^[a-z0-9._-]+==[^ ;]+' -- *.lock | sort -u | sed 's/==.*//' | uniq -d |
  deny "Locks that are installed together pin different versions of:"
exit $failed
