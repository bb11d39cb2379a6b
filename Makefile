# The two commands a newcomer needs are `make demo` and `make test`; each does all the set-up.
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check format bench lock clean
BIN := .venv/bin

help: ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: ## install into .venv and run the main job against the built-in offline YouTube
	@scripts/setup.sh run
	@$(BIN)/clipset demo

test: check ## install what the tests need and run all of them
	@scripts/setup.sh system
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-fast: ## the tests that take seconds
	@scripts/setup.sh dev
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not slow"

check: ## lint, format, types, layers
	@scripts/setup.sh dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: ## let ruff mend what it can
	@scripts/setup.sh dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: ## measure, also beside what people use today; see docs/performance.md
	@scripts/setup.sh bench
	@$(BIN)/python -m bench

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --upgrade --output-file locks/run.txt
	uv pip compile pyproject.toml --group build --group dev --group readers --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --constraint locks/run.txt --output-file locks/dev.txt
	uv pip compile pyproject.toml --group build --group dev --group readers --group bench --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --constraint locks/dev.txt --output-file locks/bench.txt

clean: ## remove what was built, not what was fetched
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
