# The main jobs. `make reanalysis` makes the first result; `make help` lists the rest.

SHELL := bash
CARGO ?= cargo
OUT ?= out/european-stations

# Tests find shared data through an absolute path, whatever directory they run in; without the data they skip.
export RETERRA_TEST_DATA ?= $(CURDIR)/../shared/data

.DEFAULT_GOAL := help
.PHONY: help setup build cluster reanalysis test lint bench validate reference clean

help:
	@echo "make setup       install missing system packages (Debian, Ubuntu)"
	@echo "make build       build the reterra program"
	@echo "make cluster     build what runs over MPI, with the system's MPI library"
	@echo "make reanalysis  the reanalysis of European stations, into $(OUT)"
	@echo "make test        every test"
	@echo "make lint        format, clippy and docs, warnings are errors"
	@echo "make bench       measured kernels"
	@echo "make validate    the validation runs; ONLY=prefix for some of them, FRESH=1 to run the stations anew"
	@echo "make reference   a Python with scikit-learn, LightGBM and emcee in out/python, for the points that compare with them"
	@echo "make clean       delete what was built, not what was computed"

# Every target that builds checks first; where nothing is missing, that costs milliseconds.
setup:
	@.ci/setup

build: setup
	$(CARGO) build --release -p reterra-cli

# MPI is off elsewhere, so that everything builds without an MPI library.
cluster: setup
	$(CARGO) build --release -p reterra-parallel -p reterra-tests -p reterra-cli \
	    --features reterra-parallel/mpi,reterra-tests/mpi,reterra-cli/mpi \
	    --bin reterra-ranks --bin waves --bin cycles --bin reterra

reanalysis: build
	target/release/reterra run workflows/european-stations.toml --out $(OUT)

test: setup
	$(CARGO) test --workspace
	@if command -v mpicc >/dev/null && command -v mpirun >/dev/null; then \
	    $(CARGO) test -p reterra-parallel --features mpi && \
	    $(CARGO) test -p reterra-tests --features mpi --test ranks --test cycles --test campaign_ranks; \
	else echo "no MPI library: ranks are tested as threads only"; fi

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	@if command -v mpicc >/dev/null; then \
	    $(CARGO) clippy -p reterra-parallel -p reterra-tests -p reterra-cli \
	        --features reterra-parallel/mpi,reterra-tests/mpi,reterra-cli/mpi --all-targets -- -D warnings; fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench: setup
	$(CARGO) bench --workspace

validate: setup
	@.ci/valgrind
	$(CARGO) run --release -p reterra-tests --bin validate -- $(if $(ONLY),--only $(ONLY)) $(if $(FRESH),--fresh)

reference:
	python3 -m venv out/python
	out/python/bin/pip install --quiet scikit-learn lightgbm emcee xarray netCDF4

clean:
	$(CARGO) clean
