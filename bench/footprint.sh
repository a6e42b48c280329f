#!/usr/bin/env bash
# Prints what the binary costs: size, start to ready, memory when idle and after a thousand tokens, warm quickstart, and
# the size of the verifier for browsers. Needs nothing but Go.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
now() { date +%s%N; }

CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$folder/yinxin" ./cmd/yinxin
echo "binary: $(($(stat -c %s "$folder/yinxin") / 1024 / 1024)) MiB"

"$folder/yinxin" quickstart --data "$folder/data" --listen 127.0.0.1:0 --exit --json >"$folder/first.json" 2>/dev/null
began=$(now)
"$folder/yinxin" quickstart --data "$folder/warm" --listen 127.0.0.1:0 --exit --json >/dev/null 2>&1
echo "quickstart, fresh folder: $((($(now) - began) / 1000000)) ms"

management=$(sed -n 's/.*"management":"\([^"]*\)".*/\1/p' "$folder/first.json")
issuer=$(sed -n 's/.*"issuer":"\([^"]*\)".*/\1/p' "$folder/first.json")
secret=$(sed -n 's/.*"client_id":"desk-clerk","client_secret":"\([^"]*\)".*/\1/p' "$folder/first.json")
began=$(now)
"$folder/yinxin" serve --data "$folder/data" 2>/dev/null &
server=$!
until curl -sf -o /dev/null "$management/readyz"; do sleep 0.01; done
echo "start to ready: $((($(now) - began) / 1000000)) ms"
sleep 5
rss() { sed -n 's/^VmRSS: *\([0-9]*\) kB/\1/p' "/proc/$server/status"; }
echo "resident memory, idle: $(($(rss) / 1024)) MiB"
for _ in $(seq 1000); do echo "url = $issuer/token"; echo 'data = grant_type=client_credentials'; echo "user = desk-clerk:$secret"; echo 'output = /dev/null'; done >"$folder/requests"
curl -s --parallel --parallel-max 8 -K "$folder/requests" || true
echo "resident memory after 1000 tokens: $(($(rss) / 1024)) MiB"

GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o "$folder/verify.wasm" ./sdk/wasm
echo "verifier for browsers: $(($(stat -c %s "$folder/verify.wasm") / 1024)) KiB, $(($(gzip -9 -c "$folder/verify.wasm" | wc -c) / 1024)) KiB compressed"
