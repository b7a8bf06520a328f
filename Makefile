# The two commands of the README are `make demo` and `make test`; both set up what they need, once.
PY := .venv/bin/python
STAMP := .venv/.set-up
# Airflow has an environment of its own: docs/adr/0006. Only who schedules needs it.
AIRFLOW := .venv-airflow/bin/python
AIRFLOW_STAMP := .venv-airflow/.set-up
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Python may keep what it has compiled, also where a machine says otherwise: Great Expectations alone takes 5 s each time.
export PYTHONDONTWRITEBYTECODE :=
OUT ?= out/demo-$(shell date +%Y%m%d-%H%M%S)

# The object store: the jars of Spark for it, and for tests and the stack a MinIO server, from source as its project documents.
MINIO := github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
# Without optimisation it is built in 236 s of processor time instead of 428, and is quick enough for tests; MINIO_FLAGS= builds it whole.
MINIO_FLAGS ?= -trimpath -gcflags=all='-N -l' -ldflags='-s -w'

.PHONY: setup store-jars minio airflow stack demo test test-kordon test-airflow lint docs soak bench fidelity figures lock clean

# Into an environment, what follows. uv takes a tenth of the time; pip where only it knows the way to a mirror.
install = $(PY:python=uv) pip install --quiet --python $(1) $(2) || $(1) -m pip install --quiet $(2)

setup: $(STAMP)

$(STAMP): requirements.lock jars.lock pyproject.toml
	@echo "Setting up .venv and Spark's jars: once, about a minute"
	test -x $(PY) || python3 -m venv .venv
	sed -n '/^uv==/,/^ *#/p' requirements.lock > .venv/uv.lock
	$(PY) -m pip install --quiet --require-hashes -r .venv/uv.lock
	$(call install,$(PY),--require-hashes -r requirements.lock)
	$(call install,$(PY),--no-deps --no-build-isolation --editable .)
	$(PY) -m kordon.jars
	@touch $(STAMP)

store-jars: setup
	$(PY) -m kordon.jars store

minio: .cache/minio

.cache/minio:
	@command -v go >/dev/null || { echo "Building MinIO needs Go 1.24 or later on the PATH"; exit 1; }
	GOGC=800 CGO_ENABLED=0 GOBIN=$(CURDIR)/.cache go install $(MINIO_FLAGS) $(MINIO)

airflow: setup $(AIRFLOW_STAMP)

$(AIRFLOW_STAMP): airflow.lock pyproject.toml
	@echo "Setting up .venv-airflow: once, about half a minute"
	test -x $(AIRFLOW) || python3 -m venv .venv-airflow
	$(call install,$(AIRFLOW),--require-hashes -r airflow.lock)
	$(call install,$(AIRFLOW),--no-deps --no-build-isolation --editable .)
	@touch $(AIRFLOW_STAMP)

# Names choose: make stack ONLY="minio spark-worker-1"
stack: setup store-jars minio airflow
	$(PY) docker/stack.py $(ONLY)

demo: setup
	.venv/bin/kordon demo --out $(OUT)

# Airflow's tests run beside the others where Airflow is, and always where nothing may be skipped.
test: setup lint docs
	$(MAKE) --jobs 2 test-kordon $(if $(or $(filter all,$(KORDON_REQUIRE)),$(wildcard $(AIRFLOW_STAMP))),test-airflow)

test-kordon: setup
	$(PY) -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test-airflow: airflow
	$(AIRFLOW) -m pytest tests/airflow

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/shellcheck docker/servers/*
	.venv/bin/hadolint docker/Dockerfile
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml

docs: setup
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict --site-dir build/docs

soak: setup store-jars minio airflow
	$(PY) tests/soak/kills.py
	$(PY) tests/soak/store.py
	$(PY) -m pytest tests/soak/cluster.py
	$(PY) tests/soak/stack.py

# What the attacks find, for the impact assessment: kordon governance build --figures build/figures.json
figures: setup
	mkdir -p build
	KORDON_FIGURES=$(CURDIR)/build/figures.json $(PY) -m pytest tests/attack tests/unit/test_key_life.py tests/unit/test_open_tier_figures.py -n 2 --dist loadfile
	KORDON_FIGURES=$(CURDIR)/build/figures.json $(PY) tests/benchmark/hmac_cost.py

# Names choose: make fidelity ONLY="vliet/default ravelmonde"
fidelity: setup
	$(PY) tests/fidelity/matrix.py $(ONLY)

bench: setup
	$(PY) tests/benchmark/scale.py
	$(PY) tests/benchmark/disclosure.py
	$(PY) tests/benchmark/small_day.py

lock:
	.venv/bin/uv pip compile pyproject.toml --extra dev --group stack --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --python-version 3.11 --custom-compile-command "make lock" --output-file requirements.lock
	.venv/bin/uv pip compile --group airflow --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --python-version 3.11 --custom-compile-command "make lock" --output-file airflow.lock

clean:
	rm -rf .venv .venv-airflow .jars .jars-store .cache build out
