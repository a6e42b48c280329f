#!/usr/bin/env bash
# Runs every generator and fails when a committed file differs from what it makes.
set -euo pipefail
cd "$(dirname "$0")/.."
before=$(git status --porcelain; git diff | sha256sum)
go generate ./...
after=$(git status --porcelain; git diff | sha256sum)
if [ "$before" != "$after" ]; then
  git status --short >&2
  echo "generate-check: generated files are out of date: run make generate and commit the result" >&2
  exit 1
fi
