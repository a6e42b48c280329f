#!/usr/bin/env bash
# Fetches and builds the relying parties of conformance/peers that others wrote, where that has not been done since their lock
# files or sources changed: openid-client and oauth4webapi (Node), Authlib and gmalg (Python), Spring Security (Java).
#   tools/peers.sh [node|python|spring]...
set -euo pipefail
cd "$(dirname "$0")/../conformance/peers"

need() { command -v "$1" >/dev/null 2>&1 || { echo "$1 is missing; make prepare installs it" >&2; exit 1; }; }

node() {
  need node && need npm
  [ node/node_modules/.done -nt node/package-lock.json ] && return
  npm ci --prefix node --ignore-scripts --no-audit --no-fund --silent && touch node/node_modules/.done
}

python() {
  need python3
  [ python/.venv/.done -nt python/requirements.txt ] && return
  python3 -m venv --clear python/.venv
  python/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r python/requirements.txt && touch python/.venv/.done
}

spring() {
  need javac && need mvn
  [ -e spring/target/portal-1.jar ] && [ -z "$(find spring/pom.xml spring/src -newer spring/target/portal-1.jar)" ] && return
  mvn -q -B -f spring/pom.xml clean package
}

# Two tests that begin at once do not build in the same folder.
exec 9>.lock
flock 9 2>/dev/null || true
for peer in "${@:-node python spring}"; do for one in $peer; do $one; done; done
