# The two commands are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.cache/collections
export MOLECULE_GLOB := molecule/*/molecule.yml
export POSTMASTER_CHECKOUT := $(CURDIR)

cache = $${POSTMASTER_CACHE:-$$HOME/.cache/postmaster-mail}
demo_inventory = --inventory tests/demo/inventory --inventory molecule/shared/inventory
long_scenarios = accounts accounts_ldap accounts_sql accounts_system acme dns sasl tls upgrade webmail
longest_first = modules_postfix modules default
short_scenarios = $(filter-out $(long_scenarios),$(notdir $(patsubst %/molecule.yml,%,$(wildcard molecule/*/molecule.yml))))

.PHONY: help prepare images demo demo-down test test-long lint reference sanity unit build molecule scenarios bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

prepare: ## Install what the other targets need (packages of the distribution and of PyPI)
	@tests/rig/prepare

images: prepare ## Build the container images of Debian 12 and 13
	@for release in bookworm trixie; do tests/rig/build-image "$$release" "$(cache)"; done

demo: prepare ## Boot one mail server in a container, send a message, fetch it, say how to use it
	@tests/rig/build-image trixie "$(cache)"
	ansible-playbook $(demo_inventory) tests/demo/up.yml

demo-down: prepare ## Stop and remove the demo's container
	@ansible-playbook $(demo_inventory) tests/demo/down.yml

# The scenarios wait a lot, so the other tests run beside them; what lint finds, it says before.
test: ## Run every test
	$(MAKE) --jobs 2 lint images
	$(MAKE) --jobs 2 scenarios unit sanity reference build

lint: prepare ## ruff, mypy, yamllint, ansible-lint and changelog checks
	ruff check .
	ruff format --check .
	(cd .cache/collections && mypy --config-file "$(CURDIR)/pyproject.toml" ansible_collections/postmaster/mail/plugins)
	yamllint --strict .
	ansible-lint --offline
	antsibull-changelog lint

reference: prepare ## Build the pages of all modules, filters and roles in .cache/rig/reference; any warning fails
	python tests/rig/reference.py "$(cache)/reference"

sanity: prepare ## ansible-test sanity, with empty ignore files
	tests/rig/sanity

unit: prepare ## Unit tests
	python -m pytest tests/unit

build: prepare ## Build the collection, install it from the built file and run its playbooks by name
	tests/rig/install-check

molecule: images scenarios ## Every molecule scenario but those of test-long

scenarios:
	tests/rig/scenarios 2 $(longest_first) $(filter-out $(longest_first),$(short_scenarios))

test-long: images ## The molecule scenarios that take long: every backend of accounts, SASL, DNS, TLS, webmail, the upgrade
	tests/rig/scenarios 1 $(long_scenarios)

bench: images ## Measure speed as ratios within one run, write docs/performance.md
	python tests/bench/run.py

clean: ## Remove what make prepared in this checkout
	rm -rf .cache/collections .cache/venv .cache/rig
