# What is run by hand. `go test ./...` needs none of this.

.PHONY: test race bench chaos generate cross

test: ## everything that can run offline
	go test ./...

race: ## the same packages that CI runs under the race detector
	go test -race -short ./batch ./oktaclient ./internal/oktasim ./internal/durable ./internal/trail ./server ./tools

bench: ## the figures of docs/benchmarks.md
	go test -run '^$$' -bench . -benchtime 1x ./...

generate: ## rewrites what is generated: .env.example, README tables, tool snapshots
	UPDATE=1 go test -p 1 ./internal/config ./tools # one after the other: both write README.md

cross: ## builds for every system that is supported
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch go build -o dist/okta-entitlements-mcp-$$os-$$arch . || exit 1; done; done
