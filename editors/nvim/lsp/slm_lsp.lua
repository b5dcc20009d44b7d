-- Neovim 0.11 and newer find this file on the runtime path: vim.lsp.enable('slm_lsp') starts it.
---@type vim.lsp.Config
return {
  cmd = { 'slm-lsp' },
  root_markers = { 'slm-lsp.toml', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', '.git' },
  filetypes = {
    'c', 'cpp', 'cs', 'css', 'go', 'html', 'java', 'javascript', 'javascriptreact', 'json', 'kotlin',
    'lua', 'markdown', 'php', 'python', 'ruby', 'rust', 'scala', 'sh', 'sql', 'swift', 'toml',
    'typescript', 'typescriptreact', 'yaml', 'zig',
  },
}
