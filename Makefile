# Everything from a clone of this repository on Debian or Ubuntu with Python 3.11 or newer, a C++
# compiler and no root: `make demo` or `make test`. What is done already is skipped.

PYTHON ?= python3
VENV := .venv/bin
NPM = $(VENV)/python -m tools.npm --prefix editors/vscode
STYLUA_NPM = $(VENV)/python -m tools.npm --prefix tests/editors/nvim
LOCK = $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --upgrade --output-file

.NOTPARALLEL:
.PHONY: help demo test test-models test-editors test-tune test-vulkan lint setup dev editors vsix wheels bundle stylua model peer lock clean

help:
	@echo "make demo   see ghost text in this terminal (the first time sets everything up)"
	@echo "make test   run all tests but those in real editors, which make test-editors runs"
	@echo "make test-tune   install PyTorch and run the tests of fine-tuning"
	@echo "make test-vulkan build the engine for Vulkan and test it, without a graphics card"
	@echo "make vsix   build the VS Code extension, into build/slm-lsp.vsix"
	@echo "make bundle take all of it to machines without a network, into build/bundle"
	@echo "make lint   check style, types and the direction of imports"
	@echo "make eval-set  fetch the packages of the evaluation set and punch its holes"
	@echo "make setup  only make .venv;  make model  only fetch the default model"
	@echo "make peer   build llama.cpp's own programs, which two benchmarks compare with"
	@echo "make lock   renew requirements/;  make clean  remove what was built here"

# MODEL=NAME takes another model than the one that suits this machine.
demo: model
	@$(VENV)/slm-lsp demo

test: dev test-models wheels
	@$(VENV)/python -m pytest

# What an editor's tests need and this machine lacks is their reason to skip; see tests/editors.
test-editors: vsix test-models
	@$(VENV)/python -m tools.code_server || true
	@$(VENV)/python -m tools.neovim || true
	@$(VENV)/python -m pytest tests/editors

# PyTorch in the version that is tested; what pip takes for it may be a file of several GB elsewhere.
test-tune: dev test-models
	@$(VENV)/python -c 'import torch' 2>/dev/null || $(VENV)/python -m pip install --quiet torch==2.13.0
	@OMP_NUM_THREADS=1 $(VENV)/python -m pytest tests/tune

# On Mesa's driver that computes on the processor: GGML_VK_VISIBLE_DEVICES lets llama.cpp use it.
test-vulkan:
	@$(PYTHON) -m tools.vulkan
	@CMAKE_ARGS=-DGGML_VULKAN=ON $(PYTHON) -m tools.bootstrap dev --venv .venv-vulkan
	@.venv-vulkan/bin/slm-lsp models pull slm-fim-135m
	@GGML_VK_VISIBLE_DEVICES=0 .venv-vulkan/bin/python -m pytest tests/vulkan

vsix: editors editors/vscode/node_modules/.package-lock.json
	@rm -rf editors/vscode/server
	@$(VENV)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index \
		--wheel-dir editors/vscode/server .
	@$(NPM) run --silent package -- --out ../../build/slm-lsp.vsix

# Of slm-lsp and of the engine for every machine of this kind, which no index has.
wheels: dev
	@mkdir -p build/wheels
	@$(VENV)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index \
		--wheel-dir build/wheels .
	@$(VENV)/python -m tools.portable_engine build/wheels

# For other platforms, Pythons or models: slm-lsp bundle create --help, and docs/offline.md.
bundle: wheels vsix model
	@$(VENV)/slm-lsp bundle create --find-links build/wheels --model $(or $(MODEL),auto) \
		--vsix build/slm-lsp.vsix --nvim editors/nvim --output build/bundle

editors/vscode/node_modules/.package-lock.json: editors/vscode/package-lock.json
	@$(NPM) ci --no-audit --no-fund --loglevel=error

stylua: editors tests/editors/nvim/node_modules/.package-lock.json

tests/editors/nvim/node_modules/.package-lock.json: tests/editors/nvim/package-lock.json
	@$(STYLUA_NPM) ci --no-audit --no-fund --loglevel=error

lint: dev
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check
	@$(VENV)/mypy
	@$(VENV)/python -m pytest -q tests/unit/test_architecture.py
	@$(VENV)/python -m tools.prose
	@if command -v luacheck >/dev/null; then luacheck --quiet --config editors/nvim/.luacheckrc editors/nvim; \
		else echo "The Lua files were not checked: sudo apt install lua-check adds what that takes."; fi
	@if [ -x tests/editors/nvim/node_modules/.bin/stylua ]; then $(STYLUA_NPM) run --silent lint; \
		else echo "The Lua files' format was not checked: make stylua installs what that takes."; fi
	@if [ -x editors/vscode/node_modules/.bin/biome ]; then $(NPM) run --silent lint; \
		else echo "The VS Code extension was not checked: make vsix installs what that takes."; fi

setup:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m tools.bootstrap core

dev:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m tools.bootstrap dev

editors:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: sudo apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -m tools.bootstrap editors

model: setup
	@$(VENV)/slm-lsp models pull $(or $(MODEL),auto)

# The small one for most tests, and the default of a machine like a laptop for tests of its own.
test-models: setup
	@$(VENV)/slm-lsp models pull slm-fim-135m
	@$(VENV)/slm-lsp models pull qwen2.5-coder-0.5b-instruct

peer: dev
	@$(VENV)/python -m tools.peer

eval-set: setup
	@$(VENV)/python -m benchmarks.evaluation_set

lock: dev
	@$(VENV)/python -m pip install --quiet uv
	@$(LOCK) requirements/core.lock --no-emit-package llama-cpp-python --group setup pyproject.toml
	@$(LOCK) requirements/dev.lock --no-emit-package llama-cpp-python --group setup --group dev \
		--constraints requirements/core.lock pyproject.toml
	@$(LOCK) requirements/editors.lock --no-emit-package llama-cpp-python --group setup --group dev \
		--group editors --constraints requirements/dev.lock pyproject.toml
	@$(LOCK) requirements/engine-build.lock --group engine-build
	@$(LOCK) requirements/installer.lock --group installer
	@grep -o 'llama-cpp-python==[0-9.]*' pyproject.toml | $(LOCK) requirements/engine.lock --no-deps -

clean:
	rm -rf .venv .venv-vulkan build dist editors/vscode/dist editors/vscode/node_modules editors/vscode/server tests/editors/nvim/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
