# SPDX-License-Identifier: Apache-2.0
# The front door; Meson and Ninja do the work. `make help` tells what there is.

PYTHON  = /usr/bin/python3
BUILD   = build
CHECK   = build-check
FUZZ    = build-fuzz
DEMO    = tests/pcap/cityhall/day/in.pcap
SECONDS_EACH = 60
SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized

.PHONY: help all run test bench fuzz lint install clean deps-build deps-test

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

help:
	@echo 'make run      install what is missing, build, and read $(DEMO)'
	@echo 'make test     build twice (gcc, clang with sanitizers) and run every test; ends with "N passed, N failed"'
	@echo 'make bench    compare with tcpdump, tshark and argus on a mixed capture of about 1 GB'
	@echo 'make fuzz     fuzz every protocol, $(SECONDS_EACH) s each (SECONDS_EACH=600 make fuzz)'
	@echo 'make lint     room order, pointer work, lengths, format; prints our row of measurements'
	@echo 'make install  install into /usr/local (DESTDIR and PREFIX are honoured)'
	@echo 'make clean    remove what was built'

run: deps-build all
	@echo '$$ $(BUILD)/yagura read $(DEMO)'
	@$(BUILD)/yagura read $(DEMO)

test: deps-test all $(CHECK)/build.ninja $(FUZZ)/build.ninja
	@ninja -C $(CHECK) --quiet
	@ninja -C $(FUZZ) --quiet
	@$(PYTHON) tests/run.py --build $(BUILD) --check $(CHECK) --fuzz $(FUZZ)

fuzz: deps-test $(FUZZ)/build.ninja
	@ninja -C $(FUZZ) --quiet
	@$(PYTHON) tests/fuzz/run.py --build $(FUZZ) --seconds $(SECONDS_EACH)

bench: deps-build
	@tools/install-deps.sh bench
	@$(MAKE) --no-print-directory all
	@tests/bench/run.py --yagura $(BUILD)/yagura

lint:
	@$(PYTHON) tools/lint.py

install: deps-build all
	@meson install -C $(BUILD) --quiet --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	@rm -rf $(BUILD) $(CHECK) $(FUZZ)

deps-build:
	@tools/install-deps.sh build run

deps-test:
	@tools/install-deps.sh build run test

$(BUILD)/build.ninja: meson.build meson_options.txt src/meson.build | deps-build
	@[ -f $@ ] || meson setup $(BUILD) $(if $(PREFIX),--prefix $(PREFIX)) >/dev/null
	@touch $@

$(CHECK)/build.ninja: meson.build meson_options.txt src/meson.build | deps-test
	@[ -f $@ ] || CC=clang-14 meson setup $(CHECK) $(SANITIZE) >/dev/null
	@touch $@

$(FUZZ)/build.ninja: meson.build meson_options.txt src/meson.build | deps-test
	@[ -f $@ ] || CC=clang-14 meson setup $(FUZZ) $(SANITIZE) -Dfuzzing=true >/dev/null
	@touch $@
