# The two commands of the README are `make demo` and `make test`; both set up what they need, once.
PY := .venv/bin/python
STAMP := .venv/.set-up
export PIP_DISABLE_PIP_VERSION_CHECK := 1
OUT ?= out/demo-$(shell date +%Y%m%d-%H%M%S)

.PHONY: setup demo test lint docs soak bench fidelity lock clean

setup: $(STAMP)

$(STAMP): requirements.lock jars.lock pyproject.toml
	@echo "Setting up .venv and Spark's jars: once, about two minutes"
	test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(PY) -m kordon.jars
	@touch $(STAMP)

demo: setup
	.venv/bin/kordon demo --out $(OUT)

test: setup lint docs
	$(PY) -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

docs: setup
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict --site-dir build/docs

soak: setup
	$(PY) tests/soak/kills.py

# Names choose: make fidelity ONLY="vliet/default ravelmonde"
fidelity: setup
	$(PY) tests/fidelity/matrix.py $(ONLY)

bench: setup
	$(PY) tests/benchmark/scale.py

lock:
	.venv/bin/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --python-version 3.11 --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf .venv .jars build out
