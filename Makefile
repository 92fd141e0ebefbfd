# SPDX-License-Identifier: Apache-2.0
# The front door; Meson and Ninja do the work. `make help` tells what there is.

PYTHON  = /usr/bin/python3
BUILD   = build
CHECK   = build-check
FUZZ    = build-fuzz
DEMO    = -c lab/cityhall.yaml --rules lab/known-evil --intel lab/known-evil/sample.csv tests/pcap/cityhall/day/in.pcap
SECONDS_EACH = 60
SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized -Dc_args=-gline-tables-only

.PHONY: help all run test bench fuzz lint install clean deps-build deps-test
.DEFAULT_GOAL = all

all: built-$(BUILD)

help:
	@echo 'make run      install what is missing, build, and read a capture of a pretend city hall'
	@echo 'make test     build twice (gcc, clang with sanitizers) and run every test; ends with "N passed, N failed"'
	@echo 'make bench    compare with tcpdump, tshark and argus on a mixed capture of about 1 GB'
	@echo 'make fuzz     fuzz every protocol, $(SECONDS_EACH) s each (make fuzz SECONDS_EACH=600)'
	@echo 'make lint     room order, pointer work, lengths, format; prints our row of measurements'
	@echo 'make install  install into /usr/local (DESTDIR and PREFIX are honoured)'
	@echo 'make clean    remove what was built'

run: deps-build
	@$(MAKE) --no-print-directory all
	@echo '$$ $(BUILD)/yagura read $(DEMO)'
	@$(BUILD)/yagura read $(DEMO)

test:
	@tools/install-deps.sh build run test || { echo '0 passed, 1 failed'; exit 1; }
	@$(PYTHON) tests/run.py --build $(BUILD) --check $(CHECK) --fuzz $(FUZZ)

fuzz: deps-test
	@$(MAKE) --no-print-directory built-$(FUZZ)
	@$(PYTHON) tests/fuzz/fuzz_run.py --build $(FUZZ) --seconds $(SECONDS_EACH)

bench: deps-build
	@tools/install-deps.sh bench
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/run.py --yagura $(BUILD)/yagura

lint:
	@$(PYTHON) tools/lint.py

install: deps-build
	@$(MAKE) --no-print-directory all
	@$(if $(PREFIX),meson configure $(BUILD) --prefix $(PREFIX))
	@meson install -C $(BUILD) --quiet --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	@rm -rf $(BUILD) $(CHECK) $(FUZZ)

deps-build:
	@tools/install-deps.sh build run

deps-test:
	@tools/install-deps.sh build run test

# What a build folder is made with and what of it is built (all of it, unless said); `make built-FOLDER` makes or renews it.
SETUP_$(BUILD) =
SETUP_$(CHECK) = $(SANITIZE)
SETUP_$(FUZZ)  = $(SANITIZE) -Dfuzzing=true
NINJA_$(FUZZ)  = tests/fuzz/fuzz
CC_$(BUILD)    = gcc
CC_$(CHECK)    = clang-14
CC_$(FUZZ)     = clang-14

built-%:
	@[ -f $*/build.ninja ] || { mkdir -p $* && CC=$(CC_$*) meson setup $* $(SETUP_$*) >$*/setup.log 2>&1 || \
	    { cat $*/setup.log; rm -rf $*; exit 1; }; }
	@ninja -C $* $(NINJA_$*) >$*/ninja.log 2>&1 || { cat $*/ninja.log; exit 1; }
