# Yinxin. `make check` is the inner loop, `make test` is everything that the machine can give itself, `make test-vault` needs a key
# server, `make soak` holds the long campaigns.
GO ?= go
TOOL = $(GO) tool -modfile=tools/go.mod
export CGO_ENABLED ?= 1

# The race detector watches everything but what computes alone: SQLite, which is C in the words of Go and shares memory by locks of its own, and packages
# that have neither goroutines nor state that anybody shares (compression, pictures, readers of formats). They are most of what watching costs and tell
# nothing of this code. No package may stand here that uses sync.Map or other generic types of sync and sync/atomic: its copy of their code, which
# is not watched, may be linked for everybody, and what they order is a race then.
ALONE = modernc.org compress hash image golang.org/x/image $(addprefix github.com/yinxin-gov/yinxin/esign/,ofd pdf render sealimage ses)
RACE = -race $(foreach package,$(ALONE),-gcflags='$(package)/...=-race=false -d=checkptr=0')

.PHONY: quickstart lint check test test-race test-second test-vault soak bench generate generate-check prepare build wasm

quickstart:
	$(GO) run ./cmd/yinxin quickstart

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o yinxin ./cmd/yinxin

# The verifier for browsers with the two scripts that it needs; its size is a measured figure.
wasm:
	GOOS=js GOARCH=wasm CGO_ENABLED=0 GOFLAGS="$$(cat sdk/wasm/goflags)" $(GO) build -o dist/verify.wasm ./sdk/wasm
	cp "$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js" sdk/wasm/verifier.mjs dist/

# Installs what the tests need, or says what to install.
prepare:
	./tools/prepare.sh

lint:
	./tools/lint.sh

generate:
	$(GO) generate ./...

# Generated files must be what the generators make now.
generate-check:
	./tools/generate-check.sh

check:
	$(GO) vet ./...
	$(GO) test ./...

# Both runs begin together: the platform's rows under the race detector take as long as everything else, on one core. They are built
# without the analysis that `go test` repeats for each of them, since `go vet` has looked at all of it before.
test: prepare
	$(GO) vet ./...
	$(MAKE) -j2 --output-sync=line test-race test-second

# What has neither goroutines nor state of its own (the readers of formats, what draws, the generator of vectors) is not watched, nor is the
# command line, whose work internal/app does under the detector. They are half of what it would cost.
UNWATCHED = ./cmd/... ./conformance/vectors/... ./esign/ofd/... ./esign/pdf/... ./esign/render/... ./esign/ses/... ./esign/verify/... ./elicense/catalog/... ./elicense/typepackage/... ./elicense/licenseface/... ./elicense/licensefile/... ./elicense/statuslist/...

# Garbage is collected less often while tests run: an eighth of their time for twice the memory.
COLLECT = GOGC=400 GOMEMLIMIT=3GiB

# The platform's rows run on PostgreSQL here, where changes of state happen beside each other; stores are tested on both.
# The long walks through pages in Chromium are in the second run alone: most of their time is the browser's, which is not watched.
WALKS = ^(TestJourneys|TestMainJobInARealBrowser|TestX05PagesInTheBrowser|TestX21AxeFindsNothing|TestPicturesAndSystemColours)$$
test-race:
	$(COLLECT) APP_TEST_DATABASE=postgresql $(GO) test -vet=off $(RACE) -timeout 90m -skip '$(WALKS)' ./internal/app $(filter-out $(shell $(GO) list $(UNWATCHED)),$(shell $(GO) list ./...)) # the longest first; all others run beside it

# The rows of the platform a second time, on SQLite, the walks, and what is not watched.
test-second:
	$(COLLECT) APP_TEST_DATABASE=sqlite $(GO) test -vet=off -timeout 60m ./internal/app
	$(COLLECT) $(GO) test -vet=off -timeout 60m -run '$(WALKS)' ./web
	$(COLLECT) $(GO) test -vet=off -timeout 60m $(UNWATCHED)

# The contract of key providers against a real Vault or OpenBao, which YINXIN_TEST_VAULT_ADDR and its like name
# (keys/vault/real_test.go). It fails without one; nothing else asks for it.
test-vault:
	$(GO) test -tags vault -count 1 -run '^TestRealServer$$' -v ./keys/vault

soak: prepare
	./tools/soak.sh

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./esign/... ./elicense/... ./keys/... ./idp/... ./internal/sqldb/...
