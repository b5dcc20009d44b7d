"""Everything this program raises on purpose.

    SlmLspError                   shown to the user as one sentence that says what to do
    ├── UsageError                the command line or a file named on it is wrong (exit code 2)
    ├── StoreError                the model store
    │   ├── ModelUnknown          no such name in the catalog or the store
    │   ├── ModelMissing          known, but not installed yet
    │   ├── ModelDamaged          a checksum does not match
    │   ├── NetworkForbidden      offline is on
    │   └── PullFailed            the download or the unpacking went wrong
    ├── ActionRefused             a code action has nothing good enough to show
    ├── TuneRefused           there is nothing, or not enough, to tune with
    ├── UsageUnavailable          the file of local usage figures cannot be read or written
    └── EngineError               the engine process
        ├── EngineUnavailable     cannot be started or reached
        ├── EngineLost            the connection broke while a request was running
        └── ModelUnusable         the runtime refused the model file

A message is a complete sentence for the user, without a trailing traceback, and never contains
code from the user's files.
"""


class SlmLspError(Exception):
    """The root: `str(error)` is fit to be shown to a user."""


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
    """A model could not be downloaded or unpacked."""


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
