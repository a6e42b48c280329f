#!/usr/bin/env bash
# Makes the spoken digits of idp/authn/spoken: ten clips for each language, 8 kHz, 8 bits, one channel, without silence at either end.
# Needs espeak-ng and sox; neither is needed to build, to test or to run. Mandarin serves both scripts of Chinese.
set -euo pipefail
cd "$(dirname "$0")/../idp/authn/spoken"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p clips
for pair in zh:cmn en:en-us; do
  for digit in 0 1 2 3 4 5 6 7 8 9; do
    espeak-ng -v "${pair#*:}" -s 120 -w "$work/spoken.wav" "$digit"
    sox -D "$work/spoken.wav" -r 8000 -c 1 -b 8 -e unsigned-integer "clips/${pair%%:*}-$digit.wav" silence 1 0.005 0.5% reverse silence 1 0.005 0.5% reverse norm -2
  done
done
