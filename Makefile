# Two commands on a fresh machine: `make run` and `make test`. `make help` lists the rest.
# Set-up is in scripts/setup, and where build output lies in scripts/env.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ARGS ?=

.PHONY: help run build test check bench fuzz clean dist standin gpu-smoke

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: build ## install what is missing, build, start with the demo camera (ARGS="--listen ..." for more)
	@exec dist/sightline serve --demo $(ARGS)

build: ## the release program, web bundle inside, at dist/sightline
	@scripts/setup run
	@scripts/build

dist: build ## a Debian package with a systemd unit, at dist/sightline_VERSION_ARCH.deb
	@scripts/dist

test: ## install what is missing, run every test
	@scripts/setup test
	@scripts/test all

check: ## formatting, lints with warnings denied, unit tests
	@scripts/setup check
	@scripts/test check

bench: ## the measurements of README's table (about 5 minutes)
	@scripts/setup test
	@scripts/build
	@scripts/bench $(ARGS)

standin: ## the stand-in for NVIDIA's driver that tests use, at dist/standin (CPU inside; never installed)
	@scripts/standin

gpu-smoke: ## a program for machines with an NVIDIA device: checks decoder, kernels, encoder, then measures them; at dist/gpu-smoke
	@scripts/gpu-smoke

fuzz: ## longer fuzzing of what parses outside bytes: FUZZ_SECONDS=600, shared by all targets
	@scripts/fuzz $${FUZZ_SECONDS:-600}

clean: ## remove build output of this clone (the cache of scripts/env stays)
	rm -rf dist web/dist tests/artifacts
