#!/usr/bin/env bash
# Prints what the binary costs: size, quickstart on a fresh folder, start to ready, memory when idle and after a thousand
# tokens, and the size of the verifier for browsers. Needs Go and curl; with Node it prints the size after Brotli too.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
now() { date +%s%N; }
kib() { echo $(($1 / 1024)); }

CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$folder/yinxin" ./cmd/yinxin
echo "binary: $(($(stat -c %s "$folder/yinxin") / 1024 / 1024)) MiB"

"$folder/yinxin" quickstart --data "$folder/data" --listen 127.0.0.1:0 --exit --json >"$folder/first.json" 2>/dev/null
began=$(now)
"$folder/yinxin" quickstart --data "$folder/second" --listen 127.0.0.1:0 --exit --json >/dev/null 2>&1
echo "quickstart, fresh folder: $((($(now) - began) / 1000000)) ms"

management=$(sed -n 's/.*"management":"\([^"]*\)".*/\1/p' "$folder/first.json")
issuer=$(sed -n 's/.*"issuer":"\([^"]*\)".*/\1/p' "$folder/first.json")
secret=$(sed -n 's/.*"client_id":"desk-clerk","client_secret":"\([^"]*\)".*/\1/p' "$folder/first.json")
began=$(now)
"$folder/yinxin" serve --data "$folder/data" 2>/dev/null &
server=$!
until curl -sf -o /dev/null "$management/readyz"; do
  kill -0 "$server" # ends the script when the server has ended
  sleep 0.01
done
echo "start to ready: $((($(now) - began) / 1000000)) ms"
sleep 5
rss() { awk '/^VmRSS:/ {print int($2 / 1024)}' "/proc/$server/status"; }
echo "resident memory, idle: $(rss) MiB"
for _ in $(seq 1000); do
  printf 'next\nurl = %s/token\ndata = grant_type=client_credentials\nuser = desk-clerk:%s\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' "$issuer" "$secret"
done >"$folder/requests"
given=$(curl -s --parallel --parallel-max 8 -K "$folder/requests" 2>/dev/null | grep -c '^200$' || true)
echo "resident memory after $given of 1000 tokens: $(rss) MiB"

GOOS=js GOARCH=wasm CGO_ENABLED=0 GOFLAGS="$(cat sdk/wasm/goflags)" go build -o "$folder/verify.wasm" ./sdk/wasm
echo "verifier for browsers: $(kib "$(stat -c %s "$folder/verify.wasm")") KiB, after gzip $(kib "$(gzip -9 -c "$folder/verify.wasm" | wc -c)") KiB"
if command -v node >/dev/null; then
  brotli=$(node -e '
    const {brotliCompressSync, constants} = require("node:zlib");
    const content = require("node:fs").readFileSync(process.argv[1]);
    console.log(brotliCompressSync(content, {params: {[constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24}}).length)' "$folder/verify.wasm")
  echo "verifier for browsers, after Brotli: $(kib "$brotli") KiB"
fi
