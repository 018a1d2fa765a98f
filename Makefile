# Everything runs in the project's own environment, made on first use from requirements.txt.
# Options for pytest go into ARGS: make claims ARGS="--claims-mnist mnist.npz --claims-seeds 20"
# GPU=1 installs CUDA's wheels, too, when the environment is made.

PYTHON ?= python3
ENV := .venv
INSTALLED := $(ENV)/.installed
RUN := $(ENV)/bin/training-claims
BASELINE ?= .claims/baseline.json
# The claims that the textbook's notebook makes by code: what is measured against stock training.
NOTEBOOK := $(patsubst %,claims/test_%.py,noise_channels memorization learning_rate capacity \
	regularization)

SEED := $(or $(SEED),$(shell date +%s))

.PHONY: claims test fuzz report screenshots baseline audit faults compare upgrade history bisect \
	releases bench gpu-check tables requirements types clean

claims: $(INSTALLED)  ## decide every claim and write the report
	@$(ENV)/bin/pytest -n auto claims $(ARGS); status=$$?; \
	[ $$status = 4 ] || $(RUN) report || [ $$? != 3 ] || \
	[ $$status != 0 ] || status=3; exit $$status  # 4: nothing was run; 3: no report was written

test: $(INSTALLED) types  ## the project's own tests, lint and types
	$(ENV)/bin/ruff check . && $(ENV)/bin/ruff format --check .
	$(ENV)/bin/mypy
	$(ENV)/bin/pytest -n auto --dist loadgroup fixtures reports $(ARGS)

fuzz: $(INSTALLED)  ## 10,000 drawn inputs for each test that draws any; SEED=... draws the same again
	@echo "SEED=$(SEED)"
	nice $(ENV)/bin/pytest -n auto -m hypothesis --hypothesis-profile fuzz \
		--hypothesis-seed $(SEED) fixtures reports $(ARGS)

report: $(INSTALLED)  ## write the report again from the last results; OPEN=1 serves it
	$(RUN) report $(if $(OPEN),--serve)

screenshots: $(INSTALLED)  ## take the README's two pictures of the last report
	$(RUN) screenshots $(ARGS)

baseline: $(INSTALLED)  ## train the seeds that margins are chosen on, and print every claim's power
	$(ENV)/bin/pytest -n auto claims --claims-first-seed 10000 --claims-seeds 100 \
		--claims-power --claims-no-report --claims-save-baseline $(BASELINE) $(ARGS)

audit: $(INSTALLED)  ## try the suite's error rates on a baseline, and print what holds
	$(RUN) audit $(BASELINE) $(ARGS)

faults: $(INSTALLED)  ## train with each fault injected, for `make audit`; goes on where it was
	$(RUN) faults $(ARGS)

compare: $(INSTALLED)  ## what moved from baseline A to baseline B
	$(RUN) compare "$(A)" "$(B)"

upgrade: $(INSTALLED)  ## the claims under versions FROM and TO, and what moved
	@$(RUN) upgrade "$(FROM)" "$(TO)" --args="$(ARGS)" --to-args="$(TO_ARGS)"

history: $(INSTALLED)  ## cheap claims under VERSIONS, and which version changed them
	@$(RUN) history "$(VERSIONS)" --args="$(ARGS)" $(if $(MINUTES),--minutes $(MINUTES)) \
		$(TOGETHER:%=--together %)

bisect: $(INSTALLED)  ## the first version between FROM and TO that changed CLAIM, or moved its ARM
	@$(RUN) bisect "$(CLAIM)" "$(FROM)" "$(TO)" --arm="$(ARM)" --args="$(ARGS)"

releases: $(INSTALLED)  ## contracts under every release, or VERSIONS='"keras==3.14.0" ...'
	$(RUN) releases --record reports/upgrade/releases.json --args="$(ARGS)" \
		$(TOGETHER:%=--together %) $(if $(VERSIONS),--versions $(VERSIONS)) && $(RUN) tables

bench: $(INSTALLED)  ## measure stock fit and compiled training, arm by arm
	$(RUN) bench $(NOTEBOOK) $(ARGS)

gpu-check: $(INSTALLED)  ## conformance, speed, memory and the notebook on a GPU, in ten minutes
	$(RUN) gpu-check $(NOTEBOOK) $(ARGS)

tables: $(INSTALLED)  ## write the pages that are made of committed records
	$(RUN) tables

requirements: $(INSTALLED)  ## compile requirements.txt anew from pyproject.toml
	$(ENV)/bin/uv pip compile --universal --upgrade --group dev --all-extras --no-annotate \
		--no-header --no-emit-index-url pyproject.toml -o requirements.txt

types:  ## link the rooms as they are imported, which mypy cannot find out
	@rm -rf .types && mkdir -p .types/training_claims
	@ln -s $(CURDIR)/fixtures/* $(CURDIR)/reports $(CURDIR)/claims .types/training_claims

clean:  ## remove what can be made again
	rm -rf $(ENV) .claims .types

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(ENV)
	$(ENV)/bin/pip install --quiet --requirement requirements.txt $(if $(GPU),'tensorflow[and-cuda]')
	$(ENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
