#!/usr/bin/env bash
# Makes sure that the tests find their peers: PostgreSQL, Chromium with Chinese fonts, OpenSSL, Java with Maven, Node,
# Python with fontTools; and builds the relying parties of conformance/peers.
# As root on Debian it installs what is missing; elsewhere it lists it and fails.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || have initdb || missing+=(postgresql)
have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
# The pages are measured and looked at with the letters that people see.
[ -n "$(fc-list ':lang=zh-cn' 2>/dev/null)" ] || missing+=(fontconfig fonts-noto-cjk)
have node || missing+=(nodejs)
have openssl || missing+=(openssl)
have pdfsig || missing+=(poppler-utils) # an outside reader of signed PDF files
have qpdf || missing+=(qpdf) # another one, strict about structure
have javac || missing+=(default-jdk-headless)
have mvn || missing+=(maven)
have python3 || missing+=(python3)
/usr/bin/python3 -c 'import fontTools' 2>/dev/null || python3 -c 'import fontTools' 2>/dev/null || missing+=(python3-fonttools)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
have npm || missing+=(npm)
have gcc || missing+=(gcc libc6-dev) # the race detector

peers=$(dirname "$0")/peers.sh
[ ${#missing[@]} -eq 0 ] && exec "$peers"
if [ "$(id -u)" = 0 ] && have apt-get; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exec "$peers"
fi
echo "The tests need these Debian packages (or their like): ${missing[*]}" >&2
echo "Install them, for instance: sudo apt-get install ${missing[*]}" >&2
exit 1
