# Every target does its own set-up and may be repeated. CLUSTER=current uses the cluster of the current kube context;
# K8S_VERSION=1.30 to 1.34 picks another Kubernetes for the local one. ARGS= goes to the demo, the bench, the fault matrix,
# the ledger and the soaks.
PYTHON ?= python3
KIT := $(PYTHON) -m tools.cluster
EACH_PYTHON := $(PYTHON) -m tools.each_python
BIN := .venv/bin
# Integration tests of code that depends on the Python: TLS, clients, command lines, the agent.
CLIENT_TESTS := $(addprefix tests/integration/,readers preflight kubectl operator/test_poor_certificates.py agent/test_matrix.py)
# They mostly wait: three on each processor of a small machine. Neighbours share servers, so they stay together.
AT_ONCE := -n 6 --dist worksteal
K8S_VERSIONS := 1.30 1.31 1.32 1.33 1.34
export K8S_VERSION CLUSTER
# A module is compiled once, also where the environment forbids that: tests start thousands of programs.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv lint format docs crds test test-unit test-properties test-integration test-e2e test-matrix \
	test-configurations fault-matrix ledger soak soak-scaling cluster cluster-down cluster-load images deploy try demo demo-down bench bench-burst \
	bench-page bench-scale page-vendor page-pictures dashboard-pictures

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-20s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:  ## make .venv from uv.lock
	@$(KIT) venv

lint: venv  ## ruff, mypy strict, import rules, spelling, style of texts, size of files and folders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/python -m tools.style
	@$(BIN)/python -m tools.structure

format: venv  ## let ruff format and sort the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: venv  ## write verdicts, alert rules, dashboards, the options and the routes of the monitor into docs/reference
	@PYTHONPATH=health:probe:operator $(BIN)/python -m tools.verdict_pages
	@PYTHONPATH=health $(BIN)/python -m tools.alert_rules
	@$(BIN)/python -m tools.dashboards
	@PYTHONPATH=health:monitor $(BIN)/python -m tools.monitor_page
	@PYTHONPATH=health:monitor $(BIN)/python -m tools.monitor_api_page

page-vendor:  ## build the libraries of the monitor's page from the locked npm packages; needs Node.js
	@$(PYTHON) -m tools.page_build

page-pictures: venv  ## write docs/pictures from the pictures that the tests of the page left in build/page
	@$(BIN)/python -m tools.page_pictures

dashboard-pictures: venv  ## write docs/pictures/dashboards from what Prometheus answered to the end-to-end tests
	@$(BIN)/python -m tools.dashboards.pictures

crds: venv  ## write crds/, the chart's copy and docs/reference/resource.md from the models
	@PYTHONPATH=health:probe:operator $(BIN)/python -m celery_operator.api.crd

test: test-unit test-integration test-e2e  ## all tests

test-unit:  ## tests without servers, on each Python
	@$(EACH_PYTHON) pytest tests/unit -n 2

test-properties: venv  ## look for new counterexamples, some minutes: the unit tests try the same examples every time
	@$(BIN)/pytest tests/unit -m hypothesis --hypothesis-profile explore --timeout 0 -n 2 $(ARGS)

test-integration: venv  ## tests with real Redis, RabbitMQ and API servers, those of clients on each Python
	@$(KIT) build --servers etcd kube-apiserver kube-controller-manager kubectl helm promtool prometheus
	@$(BIN)/pytest tests/integration $(AT_ONCE) --durations=20
	@$(EACH_PYTHON) --second pytest $(CLIENT_TESTS) $(AT_ONCE)

test-e2e: venv  ## tests on a real cluster with the operator deployed
	@$(KIT) run --example-celery 5.3.6 --example-celery 5.7.0 --broker rabbitmq --leave-as-found \
		--skippable "the end-to-end tests (make test-e2e)" -- \
		sh -c '$(BIN)/pytest tests/e2e -m "not disruptive" -n 3 --maxschedchunk 1 --durations=20 && $(BIN)/pytest tests/e2e -m disruptive'

test-matrix: venv  ## the tests of the resource and the end-to-end tests on each Kubernetes from 1.30 to 1.34, long
	@for version in $(K8S_VERSIONS); do \
		export K8S_VERSION=$$version; echo "Kubernetes $$version"; \
		$(KIT) build --servers etcd kube-apiserver kube-controller-manager kubectl && \
		$(BIN)/pytest tests/integration/api -q && $(MAKE) test-e2e || exit 1; \
	done

test-configurations: venv  ## every configuration with three versions of Celery, of which CI tries one each
	@CONFIGURATIONS=all $(BIN)/pytest tests/integration/conformance/test_configurations.py -n 0 -s $(ARGS)

fault-matrix: venv  ## every fault on every pool and broker, written to docs/reference/fault-matrix.md
	@$(KIT) run --example-celery 5.3.6 --broker rabbitmq -- $(BIN)/python -m tools.fault_matrix --page docs/reference/fault-matrix.md $(ARGS)

ledger: venv  ## 20,000 tasks write down what they do, and the history of the monitor has to say the same
	@PYTHONPATH=.:health:monitor $(BIN)/python -m tools.ledger --page docs/reference/ledger.md $(ARGS)

soak: venv  ## 30 min of random faults at 50 tasks/s, every task counted
	@$(KIT) run --broker rabbitmq -- $(BIN)/python -m tools.soak $(ARGS)

soak-scaling: venv  ## 100 scale-ins under load with tasks of 0.1 to 60 s, every task counted
	@$(KIT) run -- $(BIN)/python -m tools.scale_soak $(ARGS)

cluster:  ## start a real Kubernetes on this machine
	@$(KIT) up

cluster-down:  ## stop it and leave nothing of it
	@$(KIT) down

cluster-load:  ## load an image archive: make cluster-load TAR=image.tar
	@test -n "$(TAR)" || { echo "name the archive: make cluster-load TAR=image.tar" >&2; exit 2; }
	@$(KIT) load "$(TAR)"

images:  ## build the images and load them into the cluster
	@$(KIT) images

deploy:  ## install the operator with Helm
	@$(KIT) deploy

try:  ## a shop with load and the monitor on this machine, without a cluster; Ctrl-C removes it
	@$(PYTHON) -m tools.try_it

demo: venv  ## a shop with load, broken and healed before your eyes
	@$(KIT) run -- $(BIN)/python -m examples.demo $(ARGS)

demo-down: venv  ## remove the shop
	@eval "$$($(KIT) env)" && $(BIN)/python -m examples.demo --down

bench: venv  ## measure, against peers
	@$(KIT) run --example-celery 5.3.6 -- $(BIN)/python -m bench $(ARGS)

bench-burst: venv  ## two bursts from zero pods and back, ten times each
	@$(KIT) run -- $(BIN)/python -m tools.scale_soak.burst $(ARGS)

bench-scale: venv  ## the operator's cost with 20, 100, 250 and 500 resources, without a cluster
	@$(KIT) build --servers etcd kube-apiserver
	@$(BIN)/python -m bench scale $(ARGS)

bench-page: venv  ## the monitor's page in Chromium with 100,000 tasks and 1,000 events/s
	@$(BIN)/python -m bench page $(ARGS)
