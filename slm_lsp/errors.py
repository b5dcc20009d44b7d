"""Everything this program raises on purpose.

    SlmLspError                   shown to the user as one sentence that says what to do
    ├── UsageError                the command line or a file named on it is wrong (exit code 2)
    ├── StoreError                the model store
    │   ├── ModelUnknown          no such name in the catalog or the store
    │   ├── ModelMissing          known, but not installed yet
    │   ├── ModelDamaged          a checksum does not match
    │   ├── NetworkForbidden      offline is on
    │   ├── NameTaken             another model is called that
    │   ├── ModelShared           it is in a store for all users, which is only read
    │   └── PullFailed            no source could give the model
    │       ├── WrongChecksum     what came is not the file that was wanted
    │       └── TransferInterrupted   the source broke off; trying again may help
    ├── PolicyError               this machine's administrator does not allow it
    │   ├── PolicyUnusable        the administrator's file cannot be used, so nothing is allowed
    │   ├── ModelForbidden        not this model
    │   └── EndpointForbidden     no connection to this place
    ├── BundleError               the offline bundle cannot be made or installed here
    │   └── BundleDamaged         it is not the one that was made, or not by whom it should be
    ├── ActionRefused             a code action has nothing good enough to show
    ├── TuneRefused           there is nothing, or not enough, to tune with
    ├── UsageUnavailable          the file of local usage figures cannot be read or written
    └── EngineError               the engine process
        ├── EngineUnavailable     cannot be started or reached
        ├── EngineLost            the connection broke while a request was running
        └── ModelUnusable         the runtime refused the model file
            └── CardFailed        a graphics card did; the processor may do

A message is a complete sentence for the user, without a trailing traceback, and never contains
code from the user's files.
"""

from __future__ import annotations

import traceback


class SlmLspError(Exception):
    """The root: `str(error)` is fit to be shown to a user."""


def type_and_place(error: BaseException) -> str:
    """Return the type of an unexpected exception and its places in the source, innermost last.

    Its message is left out, because it may quote the user's text.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {places}"


class UsageError(SlmLspError):
    """The command line, or a file named on it, is wrong."""


class ActionRefused(SlmLspError):
    """A code action has nothing good enough to show, or nowhere to put it."""


class StoreError(SlmLspError):
    """The model store cannot do what was asked."""


class ModelUnknown(StoreError):
    """Neither the catalog nor the store has a model of that name."""


class ModelMissing(StoreError):
    """The model is in the catalog but not installed."""


class ModelDamaged(StoreError):
    """A file in the store does not have the checksum it was recorded with."""


class NetworkForbidden(StoreError):
    """A network connection was asked for while `offline` is on."""


class PullFailed(StoreError):
    """A model could not be fetched from where it should come from."""


class NameTaken(StoreError):
    """Another model in the store has that name."""


class ModelShared(StoreError):
    """The model is in a store for all users of this machine, which is only read."""


class WrongChecksum(PullFailed):
    """A file is not the one that was wanted: nothing in it may be believed."""


class TransferInterrupted(PullFailed):
    """A source broke off; what has arrived is kept, and trying again may help."""


class PolicyError(SlmLspError):
    """The machine's administrator does not allow what was asked."""


class PolicyUnusable(PolicyError):
    """The administrator's file cannot be read, understood or trusted, so nothing is allowed."""


class ModelForbidden(PolicyError):
    """The administrator's file does not allow this model."""


class EndpointForbidden(PolicyError):
    """The administrator's file does not allow connections to this place."""


class BundleError(SlmLspError):
    """An offline bundle cannot be made, or not be installed on this machine."""


class BundleDamaged(BundleError):
    """A file of a bundle was changed, is missing or was added, or the signature is wrong."""


class TuneRefused(SlmLspError):
    """A model cannot be tuned with what was named."""


class UsageUnavailable(SlmLspError):
    """The file of local usage figures cannot be read or written now."""


class EngineError(SlmLspError):
    """The engine process cannot do what was asked."""


class EngineUnavailable(EngineError):
    """The engine process cannot be started or reached."""


class EngineLost(EngineError):
    """The connection to the engine broke while a request was running."""


class ModelUnusable(EngineError):
    """The model runtime refused the model file."""


class CardFailed(ModelUnusable):
    """A graphics card has no room for what it was to hold, or does not work."""
