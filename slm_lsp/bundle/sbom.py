"""The bill of materials of a bundle, in CycloneDX's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from slm_lsp.bundle.inventory import UNKNOWN

if TYPE_CHECKING:
    from cyclonedx.model.license import License

    from slm_lsp.bundle.inventory import Part

FILE = "sbom.cdx.json"

_TYPES = {
    "package": ComponentType.LIBRARY,
    "model": ComponentType.MACHINE_LEARNING_MODEL,
    "editor": ComponentType.APPLICATION,
}


def sbom(version: str, parts: tuple[Part, ...]) -> str:
    """Return the bill of materials of slm-lsp `version`, made of `parts`."""
    bom = Bom()
    root = Component(name="slm-lsp-bundle", version=version, type=ComponentType.APPLICATION)
    bom.metadata.component = root
    components = [_component(part) for part in parts]
    bom.components.update(components)
    bom.register_dependency(root, components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(part: Part) -> Component:
    is_package = part.kind == "package"
    return Component(
        name=part.name,
        version=part.version or None,
        type=_TYPES[part.kind],
        bom_ref=part.file,
        purl=PackageURL("pypi", name=part.name, version=part.version) if is_package else None,
        licenses=_licences(part.licence),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else [],
        components=[
            Component(name=name, type=ComponentType.LIBRARY, licenses=_licences(licence))
            for name, licence in part.inside
        ],
    )


def _licences(said: str) -> list[License]:
    return [] if said == UNKNOWN else [LicenseFactory().make_from_string(said)]
