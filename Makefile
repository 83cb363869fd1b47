# Redoubt. Bare 'make' says what there is; every tool is a target. The work is done by scripts/.

MAKEFLAGS += --no-print-directory
S := scripts

.PHONY: help deps fetch kernel images kcore prepare run check lint format patch-stat \
	proof proof-status attack scale kselftest mutants bench bench-apps status docs clean

help:
	@sed -n -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'
	@echo
	@echo "  Logs: build/log/. Downloads and kernel builds: $${REDOUBT_CACHE:-~/.cache/redoubt}."

run: prepare ## build what is missing, boot KCore and the host, show the demonstration, end at a shell
	@$(S)/run.sh

check: prepare ## build what is missing, run every test; ends with 'N passed, N failed'
	@$(S)/check.sh $(TESTS)

prepare: ## what 'run' and 'check' need, in order: packages, downloads, kernel, KCore, images
	@$(S)/prepare.sh

deps: ## install the Debian packages that are missing (as root)
	@$(S)/deps.sh

fetch: ## download the kernel source and the arm64 packages into the cache
	@$(S)/fetch.sh

kernel: ## build KServ: linux-source, kserv/patches, kserv/config
	@$(S)/kernel.sh

kcore: ## build KCore
	@$(MAKE) -C kcore

images: ## build the initramfs of the emulated host, with its guests
	@$(S)/images.sh

lint: ## every static check: subset, formatting, shell, Python, proofs, patches
	@$(S)/lint.sh

format: ## put the C files into the agreed format
	@$(S)/format.sh

patch-stat: ## size of the kernel patch series
	@$(S)/patch-stat.sh

proof: ## check the proofs
	@$(MAKE) -C proof

proof-status: ## per C function: proved or not
	@$(MAKE) -C proof status

attack: prepare ## the attack tests only
	@$(S)/check.sh attack

scale: prepare ## VMs by the thousand, 32 protected VMs at once: docs/scale.md
	@LONG=1 tests/scale/run

kselftest: prepare ## the KVM selftests of the kernel source, with KCore and without; build/kselftest/results.md
	@tests/kselftest/run --all

mutants: ## break KCore's C in 500 places: does anything notice? build/mutants/results.md
	@tests/mutants/mutants

bench: prepare ## exact instruction counts against stock KVM: build/bench/report.html; PROFILE=1: where they go
	@bench/run

bench-apps: prepare ## hackbench, compiler, redis, nginx, memcached in a stock guest: instructions, build/bench-apps/results.md
	@bench/apps/run $(ARGS)

status: ## write docs/STATUS.md from the last runs of the tools
	@$(S)/status.py

docs: ## write the documents that are generated from sources
	@tests/attack/threats.py
	@kcore/tools/regs.py doc kcore/arch/arm64/regs.def kcore/include/kcore/abi.h > docs/registers.md
	@$(S)/status.py

clean: ## remove what was built in this checkout; the cache stays
	@rm -rf build
	@for d in kcore proof; do if [ -f $$d/Makefile ]; then $(MAKE) -C $$d clean; fi; done
