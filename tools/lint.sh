#!/usr/bin/env bash
# gofmt, vet, staticcheck, govulncheck and generated files. The whole run must be silent but for the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
tool() { go tool -modfile=tools/go.mod "$@"; }

unformatted=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$unformatted" ]; then
  echo "gofmt: $unformatted" >&2
  exit 1
fi
go vet ./...
go vet -tags vault ./keys/vault # make test-vault
tool staticcheck ./...
tool staticcheck -tags vault ./keys/vault

database=../shared/vulndb
if [ -d "$database" ]; then
  echo "govulncheck: snapshot of $(sed -n '1s/.*of //p' "$database/README.md")"
  tool govulncheck -db "file://$(cd "$database" && pwd)" ./...
elif ! tool govulncheck ./...; then
  status=$?
  # 3 means that a reachable vulnerability was found; anything else that no database answered.
  [ "$status" = 3 ] && exit 3
  echo "WARNING: govulncheck DID NOT RUN: no vulnerability database answered" >&2
fi
./tools/generate-check.sh
echo "lint: clean"
