# rtloom: every target sets up what it needs; `make help` lists them.
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= build
JOBS ?= 2
PRESETS = $(basename $(notdir $(wildcard generators/presets/*.yaml)))

.DEFAULT_GOAL := help
.PHONY: help setup demo verilog regress assess explore bitstream test lint format bench docs lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(VENV)/ready ## install pinned packages into .venv
	@:

$(VENV)/ready: requirements.lock pyproject.toml setup.sh
	@VENV='$(VENV)' ./setup.sh

demo: setup ## the main job: networks on handwritten digits, and a transformer's layer, run on generated hardware
	$(BIN)/rtloom demo --output $(OUT)/demo
	$(BIN)/rtloom demo lut --output $(OUT)/demo-lut
	$(BIN)/rtloom demo sparse --output $(OUT)/demo-sparse
	$(BIN)/rtloom demo attention --output $(OUT)/demo-attention

verilog: setup ## Verilog, manifest and FuseSoC core of every preset into build/verilog
	@for preset in $(PRESETS); do $(BIN)/rtloom verilog $$preset --output $(OUT)/verilog || exit; done

regress: setup ## the long verification: every preset in its bench, then random configurations
	$(BIN)/rtloom regress --jobs $(JOBS) --output $(OUT)/regress

assess: setup ## every check on a small design of each family, and the page build/verification.html
	$(BIN)/rtloom assess --results $(OUT)/verification --output $(OUT)/verification.html

explore: setup ## a space of arrays explored, with the page build/explore/report.html; goes on where it was
	@mkdir -p $(OUT)
	$(BIN)/rtloom explore --example > $(OUT)/space.yaml
	$(BIN)/rtloom explore $(OUT)/space.yaml --jobs $(JOBS) --output $(OUT)/explore

bitstream: setup ## the bitstream of every marked pair of preset and board into build/bitstreams
	@$(BIN)/rtloom boards --marked | while read -r preset board; do \
		$(BIN)/rtloom bitstream $$preset --board $$board --output $(OUT)/bitstreams/$$board/$$preset || exit; done

test: setup ## all tests with coverage of the Python code, then lint
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest --numprocesses $(JOBS) --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@$(MAKE) --no-print-directory lint

lint: setup ## style, types, order of the rooms, and the Verilog of every preset
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=$(VENV)/typing $(BIN)/mypy --package rtloom
	$(BIN)/lint-imports --no-logo
	@for preset in $(PRESETS); do $(BIN)/rtloom lint $$preset || exit; done

format: setup ## bring the Python code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure what README states; figures go to build/bench
	$(BIN)/python -m tests.benchmarks --output $(OUT)/bench

docs: demo bench ## renew the pictures and figures of the README and of the pages in docs
	cp $(OUT)/demo/results.json docs/demo.json
	cp $(OUT)/demo/results.png docs/demo.png
	cp $(OUT)/demo-lut/results.json docs/demo-lut.json
	cp $(OUT)/demo-lut/results.png docs/demo-lut.png
	cp $(OUT)/demo-sparse/results.json docs/demo-sparse.json
	cp $(OUT)/demo-sparse/results.png docs/demo-sparse.png
	cp $(OUT)/demo-attention/results.json docs/demo-attention.json
	cp $(OUT)/demo-attention/results.png docs/demo-attention.png
	cp $(OUT)/bench/figures.json docs/bench.json
	$(BIN)/python docs/picture.py
	$(BIN)/python docs/lut_picture.py
	$(BIN)/python docs/figures.py

lock: ## pin the newest versions that pyproject.toml allows
	python3 -m venv --clear $(OUT)/lock
	$(OUT)/lock/bin/python -m pip install --quiet --upgrade '.[boards,demo,dev,dse,examples,prove]'
	{ head -n 1 requirements.lock; $(OUT)/lock/bin/python -m pip freeze --all --exclude pip --exclude rtloom; } > $(OUT)/requirements.lock
	mv $(OUT)/requirements.lock requirements.lock

clean: ## remove what was built here; the cache of simulators stays
	rm -rf $(OUT) dist .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
