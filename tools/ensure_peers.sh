#!/usr/bin/env bash
# Installs the peers that tests meet: Debian packages, as root only, else names the missing; and
# dcmjs-dimse from npm, as its lock says, for whoever has npm.
# No service is started: a policy-rc.d says no for as long as the installation lasts.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  mosquitto mosquitto-clients mbpoll openssl chromium fonts-noto-cjk strace gcc libc6-dev
  mariadb-server dcmtk dicom3tools orthanc orthanc-dicomweb
)

command -v npm >/dev/null || packages+=(nodejs npm)

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "peers: this is not Debian; install by hand what tests skip: ${packages[*]}" >&2
    return
  fi
  local missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    echo "peers: not installed, their tests will be skipped: ${missing[*]}" >&2
    echo "peers: install them with: sudo tools/ensure_peers.sh" >&2
    return
  fi
  forbid_services
  echo "peers: installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

policy=/usr/sbin/policy-rc.d
kept=""
restore() {
  rm -f "$policy"
  [ -z "$kept" ] || mv "$kept" "$policy"
}
forbid_services() {
  if [ -e "$policy" ]; then
    kept=$(mktemp "$policy.XXXXXX")
    mv "$policy" "$kept"
  fi
  trap restore EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

install_dcmjs() {
  local folder=tests/dcmjs stamp=tests/dcmjs/node_modules/stamp locked
  locked=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$locked" ] && return
  if ! command -v npm >/dev/null; then
    echo "peers: npm is not installed, the tests of dcmjs-dimse will be skipped" >&2
    return
  fi
  echo "peers: installing dcmjs-dimse" >&2
  if npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund --silent; then
    echo "$locked" >"$stamp"
  else
    echo "peers: dcmjs-dimse could not be had, its tests will be skipped" >&2
  fi
}

install_packages
install_dcmjs
