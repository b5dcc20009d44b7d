"""An offline bundle: a folder that takes slm-lsp to machines without a network.

    install.sh           what is run there: `sh install.sh`
    bundle.json          see manifest.py
    wheels/              Python packages: slm-lsp, the engine, all they need, pip, a catalog's model
    models/              a model that is in no Python package
    editors/             the VS Code extension and the Neovim plugin
    sbom.cdx.json        what is in it (CycloneDX), and LICENSES.md for people
    SHA256SUMS           of every other file, as `sha256sum --check` reads them
    SHA256SUMS.sig       where a key was given

`manifest`, `checksums`, `signature`, `install_paths`, `fitness`, `editors` and `installation`
need the standard library alone: on the other machine they run out of slm-lsp's wheel, before
anything is installed. `targets`, `wheelhouse`, `inventory`, `sbom` and `creation` need the extra
[bundle].
"""
