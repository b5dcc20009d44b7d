"""The subcommands of `slm-lsp`, one file each."""
