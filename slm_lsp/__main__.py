"""`python -m slm_lsp` is the same program as `slm-lsp`."""

import sys

from slm_lsp.cli.main import main

sys.exit(main())
