#!/usr/bin/env bash
# Installs the Debian packages of the peers that tests meet; as root only, else names the missing.
# No service is started: a policy-rc.d says no for as long as the installation lasts.
set -euo pipefail

packages=(
  mosquitto mosquitto-clients mbpoll openssl chromium fonts-noto-cjk strace gcc libc6-dev
  mariadb-server dcmtk dicom3tools orthanc orthanc-dicomweb
)

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

if ! command -v dpkg-query >/dev/null; then
  echo "peers: this is not Debian; install by hand what tests skip: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "peers: not installed, their tests will be skipped: ${missing[*]}" >&2
  echo "peers: install them with: sudo tools/ensure_peers.sh" >&2
  exit 0
fi

policy=/usr/sbin/policy-rc.d
kept=""
restore() {
  rm -f "$policy"
  [ -z "$kept" ] || mv "$kept" "$policy"
}
if [ -e "$policy" ]; then
  kept=$(mktemp "$policy.XXXXXX")
  mv "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

echo "peers: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
