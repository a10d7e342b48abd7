#!/usr/bin/env bash
# Brings .venv in line with the locks: `tools/ensure_venv.sh run|dev`. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
python=${PYTHON:-python3}
case $kind in
  run) locks=(requirements.lock requirements-build.lock) ;;
  dev) locks=(requirements-dev.lock) ;;
  *) echo "$0: run or dev, not $kind" >&2; exit 2 ;;
esac

if ! "$python" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))'; then
  echo "Isogate needs Python 3.11 or newer; $python is $("$python" -V 2>&1)." >&2
  echo "Name another one: make PYTHON=python3.12 ..." >&2
  exit 1
fi

wanted() { { pwd; cat "${@:1}" pyproject.toml; } | sha256sum | cut -d' ' -f1; }
is_stamped() { [ -x .venv/bin/python ] && [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$2" ]; }

# The development lock holds everything of the other two.
is_stamped dev "$(wanted requirements-dev.lock)" && exit 0
is_stamped "$kind" "$(wanted "${locks[@]}")" && exit 0

echo "Preparing .venv for: $kind" >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --require-hashes "${locks[@]/#/--requirement=}"
"${pip[@]}" install --no-deps --no-build-isolation --editable .
wanted "${locks[@]}" >".venv/stamp-$kind"
