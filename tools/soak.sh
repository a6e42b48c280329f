#!/usr/bin/env bash
# Long campaigns, run by people and not by `make test`: 100 kills during issue, of single licences and in batches, on each database, every fuzz target, the
# timing of answers that must look alike. The figures go into docs/measurements.md.
#   SOAK_FUZZ=60s    time of each fuzz target
#   SOAK_STEPS=1000000   steps of the model of codes and refresh families on each database
#   SOAK_KILLS=100   kills on each database
#   SOAK_MUTATED=20000   changed documents judged beside ofdrw, and as many drawn chains and changed tokens, lists and answers beside OpenSSL
#   SOAK_MUTATED_FROM=…   the first number, by default one that no run had before; a difference names its own
#   OIDF_SUITE=…     folder of a built checkout of the OpenID conformance suite (conformance/oidf/README.md); without it that
#                    part is left out. OIDF_JAVA names its Java, 21 or newer
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=${SOAK_FUZZ:-60s}
kills=${SOAK_KILLS:-100}
steps=${SOAK_STEPS:-1000000}
mutated=${SOAK_MUTATED:-20000}
from=${SOAK_MUTATED_FROM:-$(date +%s)00000}

echo "== $kills kills during issue on each database"
CRASH_ROUNDS=$kills go test -timeout 2h -run '^TestKilledDuringIssue$' -v ./cmd/yinxin | grep -E 'kills|PASS|FAIL|ok'

echo "== $steps steps of the model of codes and families on each database"
YINXIN_MODEL_STEPS=$steps go test -timeout 12h -run '^TestModelOfCodesAndFamilies$' -v ./idp/oauth | grep -E 'steps|seed|model_|PASS|FAIL|ok'

echo "== $mutated changed documents beside ofdrw and Bouncy Castle, from $from on"
YINXIN_MUTATED_SEALS=$mutated YINXIN_MUTATED_FROM=$from go test -timeout 12h -run '^TestMutated(Vendor)?SealsAgree$' -v ./esign/verify | grep -E 'refused: here|accepted: here|numbers from|PASS|FAIL|ok'

echo "== $mutated changed tokens of each kind beside OpenSSL, from $from on"
YINXIN_MUTATED_TOKENS=$mutated YINXIN_MUTATED_FROM=$from go test -timeout 12h -run '^TestOpenSSLJudgesTokensAlike$' -v ./keys/pki/tst | grep -E ' here, .* there$|tokens of each|PASS|FAIL|ok'

echo "== $mutated changed lists and answers of each kind beside OpenSSL, from $from on"
YINXIN_MUTATED_LISTS=$mutated YINXIN_MUTATED_FROM=$from go test -timeout 12h -run '^TestOpenSSLJudgesListsAlike$' -v ./keys/pki | grep -E ' here, .* there$|of each kind|PASS|FAIL|ok'

echo "== $mutated drawn chains beside OpenSSL, from $from on"
YINXIN_MUTATED_CHAINS=$mutated YINXIN_MUTATED_FROM=$from go test -timeout 12h -run '^TestOpenSSLJudgesChainsAlike$' -v ./keys/pki | grep -E ' here, .* there$|chains from|PASS|FAIL|ok'

echo "== nonces of 100,000 SM2 signatures of one key (S-08)"
YINXIN_SIGNATURES=100000 go test -timeout 1h -run '^TestS08NoncesDiffer$' -v ./keys | grep -E 'signatures|PASS|FAIL|ok'

echo "== timing of answers about known and unknown accounts (A-01)"
ENUMERATION_ROUNDS=500 go test -timeout 1h -run '^TestA01TimingDoesNotTellWhoHasAnAccount$' -v ./internal/app | grep -E 'median|PASS|FAIL|ok'

if [ -n "${OIDF_SUITE:-}" ]; then
  echo "== plans of the OpenID Foundation's conformance suite"
  mkdir -p dist && go build -o dist/ ./cmd/yinxin ./conformance/oidf/run
  dist/run -suite "$OIDF_SUITE" -java "${OIDF_JAVA:-java}" -yinxin dist/yinxin
fi

echo "== $fuzz of each fuzz target"
grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r folder; do
  grep -h -o --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' "$folder"/*_test.go | sed 's/^func //' | sort -u | while read -r target; do
    echo "$folder $target"
    # An input that covers more is made smaller by 200 tries and not by a minute of them, which would be all the time there is.
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzz" -fuzzminimizetime 200x "$folder" | tail -1
  done
done
