# Everything runs in the project's own environment, made on first use from requirements.txt.
# Options for pytest go into ARGS: make claims ARGS="--mnist mnist.npz --seeds 20"

PYTHON ?= python3
ENV := .venv
INSTALLED := $(ENV)/.installed
BANK ?= reports/out/bank.json
# The claims that the textbook's notebook makes by code: what is measured against stock training.
NOTEBOOK := $(patsubst %,claims/test_%.py,noise_channels memorization learning_rate capacity \
	regularization)

SEED := $(or $(SEED),$(shell date +%s))

.PHONY: claims test fuzz report screenshots bank trust faults compare upgrade bench requirements clean

claims: $(INSTALLED)  ## decide every claim and write the report
	@$(ENV)/bin/pytest -n auto claims $(ARGS); status=$$?; \
	[ $$status = 4 ] || $(ENV)/bin/python -m training_claims.reports.allure.generate || [ $$? != 3 ] || \
	[ $$status != 0 ] || status=3; exit $$status  # 4: nothing was run; 3: no report was written

test: $(INSTALLED)  ## the project's own tests, lint and types
	$(ENV)/bin/ruff check . && $(ENV)/bin/ruff format --check .
	$(ENV)/bin/mypy
	$(ENV)/bin/pytest -n auto --dist loadgroup fixtures reports $(ARGS)

fuzz: $(INSTALLED)  ## 10,000 drawn inputs for each test that draws any; SEED=... draws the same again
	@echo "SEED=$(SEED)"
	nice $(ENV)/bin/pytest -n auto -m hypothesis --hypothesis-profile fuzz \
		--hypothesis-seed $(SEED) fixtures reports $(ARGS)

report: $(INSTALLED)  ## write the report again from the last results; OPEN=1 serves it
	$(ENV)/bin/python -m training_claims.reports.allure.generate $(if $(OPEN),--serve)

screenshots: $(INSTALLED)  ## take the README's two pictures of the last report
	$(ENV)/bin/python -m training_claims.reports.allure.screenshots $(ARGS)

bank: $(INSTALLED)  ## train the seeds that margins are chosen on, and print every claim's power
	$(ENV)/bin/pytest -n auto claims --first-seed 10000 --seeds 100 --power --no-report \
		--save-baseline $(BANK) $(ARGS)

trust: $(INSTALLED)  ## try the suite's promises on a bank, and print what holds
	$(ENV)/bin/pytest -n 0 claims $(BANK:%=--trust %) --no-report $(ARGS)

faults: $(INSTALLED)  ## train with each fault planted, for `make trust`; goes on where it was
	$(ENV)/bin/python -m training_claims.reports.audit.experiment $(ARGS)

compare: $(INSTALLED)  ## what moved from baseline A to baseline B
	$(ENV)/bin/python -m training_claims.reports.drift.compare "$(A)" "$(B)"

upgrade: $(INSTALLED)  ## the claims under versions FROM and TO, and what moved
	@$(ENV)/bin/python -m training_claims.reports.upgrade.upgrade "$(FROM)" "$(TO)" --args="$(ARGS)" --to-args="$(TO_ARGS)"

bench: $(INSTALLED)  ## measure stock fit and compiled training, arm by arm
	$(ENV)/bin/pytest -n 0 $(NOTEBOOK) --bench reports/out/bench.json --no-report $(ARGS)

requirements: $(INSTALLED)  ## compile requirements.txt anew from pyproject.toml
	$(ENV)/bin/uv pip compile --universal --upgrade --group dev --no-annotate --no-header \
		--no-emit-index-url pyproject.toml -o requirements.txt

clean:  ## remove what can be made again
	rm -rf $(ENV) .environments .runs reports/out

$(INSTALLED): requirements.txt
	$(PYTHON) -m venv $(ENV)
	$(ENV)/bin/pip install --quiet --requirement requirements.txt
	@touch $@
