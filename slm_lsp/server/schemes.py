"""What a URI says about a document besides where it is."""

from __future__ import annotations

CELL = "vscode-notebook-cell"

READ_ONLY = frozenset(
    {
        # An earlier version, or one side of a comparison.
        *("git", "gitfs", "git-graph", "gitlens", "gitlens-git", "git-commit", "review", "pr"),
        *(
            "merge-conflict.conflict-diff",
            "fugitive",
            "gitsigns",
            "diffview",
            "neogit",
            "hg",
            "svn",
        ),
        *("vscode-local-history", "timeline", "conflictresolution", "chat-editing-text-model"),
        # What a program has written.
        *("output", "log", "term", "debug", "vscode-terminal", "search-editor", "vscode-test-data"),
        # Settings, welcome and help pages.
        *(
            "vscode",
            "vscode-settings",
            "walkthrough",
            "walkthroughsnippet",
            "welcome",
            "release-notes",
        ),
        *("extension", "comment-preview", "markdown-preview", "man", "help", "vscode-webview"),
        # Sources that a language server took out of an archive or has made.
        *("jdt", "jar", "zip", "zipfile", "zipfile2", "tarfile", "csharp", "omnisharp-metadata"),
        *("rust-analyzer", "deno", "class", "metals", "metalsdecode", "gopls", "decompile"),
    }
)
"""Schemes of documents that only show something. A document of any other scheme is edited: in a
file, on another machine or in memory."""


def is_editable(uri: str) -> bool:
    """Tell whether completions make sense in the document."""
    return uri.partition(":")[0].lower() not in READ_ONLY


def file_uri(uri: str) -> str:
    """Return the URI of the notebook's file for a cell's, and any other as it is."""
    if uri.startswith(f"{CELL}:"):
        return "file" + uri.removeprefix(CELL).partition("#")[0]
    return uri
