# Isogate. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-full check bench sbom lock catalogues documents env env-dev peers
export PYTHON ?= python3
BIN := .venv/bin
# Bytecode is cached, as of installed software: starts are waited for, and measured.
unexport PYTHONDONTWRITEBYTECODE

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 20

demo: env ## A whole demo hospital in front, until Ctrl-C [PORT=8080 DATA=demo-data]
	@exec $(BIN)/isogate demo $(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)")

test: env-dev peers ## Every test with reduced counts
	timeout --foreground 30m $(BIN)/python -m pytest -n 2 --dist worksteal -m "not quiet"
	timeout --foreground 30m $(BIN)/python -m pytest -m quiet

test-full: env-dev peers ## Every test with full counts; the report goes to test-report/
	@mkdir -p test-report
	set -o pipefail; ISOGATE_FULL=1 $(BIN)/python -m pytest --timeout 3600 --durations 20 \
	  --junitxml test-report/full.xml 2>&1 | tee test-report/full.txt

check: env-dev ## Lint, format, types, import laws, locks, paths, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	tools/check_tree.sh
	tools/audit_dependencies.sh

bench: env-dev peers ## Benchmarks beside their peers [NAME="event_store mqtt_ingest" ARGS=--json]
	$(BIN)/python -m bench $(NAME) $(ARGS)

sbom: env-dev ## What the locked dependencies are, as CycloneDX: sbom.json
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml \
	  --output-reproducible --of JSON -o sbom.json

lock: env-dev ## Resolve the dependencies anew; commit what changes
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-strip-extras --extra broker \
	  --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-strip-extras --extra broker --group dev \
	  --upgrade -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo hatchling | $(BIN)/uv pip compile --quiet --generate-hashes --no-header -c requirements.lock \
	  - -o requirements-build.lock

catalogues: env-dev ## Bring the translations of all rooms up to date with their texts
	$(BIN)/python -m gateway.testing.catalogue

documents: env-dev ## Write the pages of docs/reference that are made from code and tests
	$(BIN)/python -m tests.dicom_table
	$(BIN)/python -m tests.dicom_conformance

env:
	@tools/ensure_venv.sh run

env-dev:
	@tools/ensure_venv.sh dev

peers:
	@tools/ensure_peers.sh
