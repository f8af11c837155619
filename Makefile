# What is run by hand. `go test ./...` needs none of this.

.PHONY: test race lint full bench chaos generate cross

test: ## everything that can run offline
	go test ./...

race: ## the packages of .ci/race under the race detector, as CI runs them
	. .ci/worlds-race && go test -race -short $$(cat .ci/race)

lint: ## what CI checks besides tests
	test -z "$$(gofmt -l .)" && go vet ./... && go tool staticcheck ./... && test -z "$$(go tool deadcode -test ./... | tee /dev/stderr)"

full: ## everything, with as many random worlds and kills as CI takes
	. .ci/worlds && go test ./...

bench: ## the figures of docs/benchmarks.md, a few minutes on a quiet machine
	go test -run '^$$' -bench Read2M -benchtime 1x -cpu 1 ./internal/intake
	go test -run '^$$' -bench Sheet500k -benchtime 1x -cpu 1 ./internal/intake/sheet
	go test -run '^$$' -bench GrantCall ./oktaclient
	go test -run '^$$' -bench Append -benchtime 2000x ./internal/trail
	go test -run '^$$' -bench Verify -benchtime 3x ./internal/trail
	go test -run '^$$' -bench . -benchtime 1x ./batch
	go test -run '^$$' -bench Stdio -benchtime 5x ./internal/e2e
	go test -run '^$$' -bench Apply100k -benchtime 1x -timeout 20m ./internal/e2e
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./internal/audit
	go test -run '^$$' -bench AuditMemory -benchtime 1x -timeout 20m ./internal/e2e

CHAOS_WORLDS ?= 5000
CHAOS_SEED ?= $(shell date +%s)

chaos: ## thousands of random worlds with faults and kills; CHAOS_SEED=n CHAOS_WORLDS=1 repeats one
	CHAOS_WORLDS=$(CHAOS_WORLDS) CHAOS_SEED=$(CHAOS_SEED) go test -run Chaos -timeout 0 -v ./batch | grep -v -- '--- PASS\|^=== '

generate: ## rewrites what is generated: .env.example, README tables, tool snapshots
	UPDATE=1 go test -p 1 ./internal/config ./tools # one after the other: both write README.md

cross: ## builds for every system that is supported
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -o dist/okta-entitlements-mcp-$$os-$$arch . || exit 1; done; done
