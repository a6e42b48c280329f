#!/usr/bin/env bash
# Measures what the protocol costs: processor seconds of server and database for a thousand operations each, with audit
# on. Starts a durable PostgreSQL of its own (fsync on), or uses SQLite with BENCH_DATABASE=sqlite.
#   BENCH_DURATION=6s  BENCH_WORKERS=8  bench/protocol.sh [SCENARIO…]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
chmod 755 "$folder"
postgres="" server=""
trap 'kill ${server:-} 2>/dev/null || true; [ -n "$postgres" ] && kill -INT $postgres 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT

CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$folder/yinxin" ./cmd/yinxin
go build -o "$folder/load" ./bench/load

if [ "${BENCH_DATABASE:-postgres}" = sqlite ]; then
  url="sqlite:$folder/yinxin.db"
else
  binaries=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1)
  binaries=${binaries:-$(dirname "$(command -v initdb)")}
  mkdir "$folder/pg"
  as=()
  if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
    chown postgres "$folder/pg"
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  fi
  (cd "$folder/pg" && "${as[@]}" "$binaries/initdb" -D "$folder/pg/data" -U postgres -A trust --locale=C.UTF-8 -E UTF8 >/dev/null)
  (cd "$folder/pg" && exec "${as[@]}" "$binaries/postgres" -D "$folder/pg/data" -k "$folder/pg" -c listen_addresses= >"$folder/pg.log" 2>&1) &
  postgres=$!
  until "$binaries/pg_isready" -q -h "$folder/pg"; do sleep 0.1; done
  url="postgres:///postgres?host=$folder/pg&user=postgres"
fi

secret=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
password="Bench-$(od -An -tx1 -N8 /dev/urandom | tr -d ' \n')"
(umask 077 && printf '%s\n' "$secret" >"$folder/passphrase")
port=$((20000 + RANDOM % 20000))
cat >"$folder/yinxin.yaml" <<Y
issuer: http://localhost:$port
listen: {public: "127.0.0.1:$port", management: "127.0.0.1:$((port + 1))"}
database: {url: "$url"}
blob: {dir: $folder/documents}
keys: {provider: file, passphrase_file: $folder/passphrase}
sandbox: true
Y
sed "s/SECRET/$secret/; s/PASSWORD/$password/" bench/protocol.yaml >"$folder/clients.yaml"
"$folder/yinxin" migrate up --config "$folder/yinxin.yaml" >/dev/null
"$folder/yinxin" admin apply -f "$folder/clients.yaml" --config "$folder/yinxin.yaml" >&2
"$folder/yinxin" serve --config "$folder/yinxin.yaml" 2>"$folder/serve.log" &
server=$!
until curl -sf -o /dev/null "http://127.0.0.1:$((port + 1))/readyz"; do
  kill -0 $server || { cat "$folder/serve.log" >&2; exit 1; }
  sleep 0.05
done
"$folder/load" -issuer "http://localhost:$port" -server $server -database "${postgres:-0}" -workers "${BENCH_WORKERS:-8}" -duration "${BENCH_DURATION:-6s}" \
  -secret "$secret" -password "$password" "$@"
