# `make demo` and `make test` need nothing but this file; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
HELM_VERSION     := v3.22.0
IMAGE            := weir:dev

GO ?= go
# The bundled librdkafka comes for glibc and for musl (Alpine); the tag picks it.
MUSL := $(if $(wildcard /lib/ld-musl-*),musl)
TAGS := -tags "$(MUSL)"
# Leaves out a part of Google's storage client that is not used: 13 MB of the binary.
SLIM := disable_grpc_modules
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

GOLANGCI := .bin/golangci-lint-$(GOLANGCI_VERSION)
HELM     := .bin/helm-$(HELM_VERSION)

# What `make integration` and `make bench` run, to be narrowed on the command line:
#   make integration PKG=./integration RUN=TestWordCount
# By default every package that has a file with the build tag.
tagged = $(shell grep -rl --include='*_test.go' '^//go:build.*\b$(1)\b' . 2>/dev/null | xargs -r -n1 dirname | sort -u)
PKG ?=
RUN ?=

.PHONY: help demo build test unit race lint helm docker kafka-image store-servers image integration bench fmt clean tools-build tools-test

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## count words exactly once, without Kafka or Docker
	bin/processor demo $(ARGS)

build: tools-build ## build bin/processor
	CGO_ENABLED=1 $(GO) build -tags "$(SLIM) $(MUSL)" -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/processor ./cmd/processor

# One target after the other, each with its own headline, so that the first thing
# that fails is the last thing that one reads.
test: tools-test ## everything that CI runs
	@for t in lint unit race helm docker kafka-image store-servers image integration; do \
	  printf '\n== make %s\n' $$t; \
	  begin=$$SECONDS; \
	  $(MAKE) --no-print-directory $$t || { printf '\n== FAILED: make %s\n' $$t; exit 1; }; \
	  printf '== make %s: ok in %d s\n' $$t $$((SECONDS - begin)); \
	done; \
	printf '\n== all tests passed in %d s\n' $$SECONDS

unit: tools-build ## unit tests alone
	$(GO) test $(TAGS) ./...

race: tools-build ## unit tests under the race detector, crash tests with some of their faults
	$(GO) test $(TAGS) -race -short ./...

lint: tools-build $(GOLANGCI) ## formatting, go vet, golangci-lint, go.mod, shell syntax
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "not formatted (make fmt):"; echo "$$bad"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet -tags "integration failpoints bench $(MUSL)" ./...
	$(GOLANGCI) run ./...
	@for f in scripts/*.sh .ci/run; do bash -n $$f || exit 1; done

fmt: $(GOLANGCI) ## format the source
	$(GOLANGCI) fmt ./...

helm: $(HELM) ## lint the chart and compare what it renders
	HELM=$(CURDIR)/$(HELM) scripts/helm-test.sh

docker: ## make sure that a Docker engine runs
	scripts/docker.sh

kafka-image: docker ## make sure that the broker image is there
	scripts/kafka-image.sh

store-servers: tools-build ## make sure that the servers for tests of checkpoint stores are there
	scripts/store-servers.sh

image: docker ## build the image weir:dev
	VERSION=$(VERSION) scripts/image.sh $(IMAGE)

# One package at a time: each has brokers of its own, and timing matters there.
# Narrowed runs don't build the image anew; one of its tests then uses the last one.
integration: tools-test kafka-image store-servers $(if $(PKG)$(RUN),,image) ## tests against real Kafka (PKG=, RUN= to choose)
	$(GO) test -tags "integration $(MUSL)" -v -count=1 -p 1 -timeout 40m $(if $(RUN),-run '$(RUN)') $(or $(PKG),$(call tagged,integration))

# Benchmarks of functions, then those with the build tag, which need real Kafka.
bench: tools-test kafka-image ## measure speed (PKG=, RUN= to choose)
	$(if $(PKG)$(BENCH_ONLY),,$(GO) test $(TAGS) -run '^$$' -bench '$(or $(RUN),.)' -benchmem ./...)
	$(GO) test -tags "bench $(MUSL)" -v -count=1 -p 1 -timeout 90m -run '$(or $(RUN),Bench)' $(or $(PKG),$(if $(BENCH_ONLY),./bench),$(call tagged,bench))

clean: ## remove what was built in the tree
	rm -rf bin .bin

tools-build:
	@scripts/check-tools.sh build

tools-test:
	@scripts/check-tools.sh test

# Tools are built from the Go module proxy in the version named above, whatever
# the machine has: the same answer everywhere.
$(GOLANGCI): | tools-build
	GOBIN=$(CURDIR)/.bin/new $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .bin/new/golangci-lint $@

$(HELM): | tools-build
	GOBIN=$(CURDIR)/.bin/new $(GO) install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)
	mv .bin/new/helm $@
