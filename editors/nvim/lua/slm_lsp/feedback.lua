-- What became of ghost text. The server counts it on this machine; see `slm-lsp stats`.

local client_of = require('slm_lsp.client')
local text = require('slm_lsp.text')

local M = {}

---Say that `item` is on screen.
---@param client vim.lsp.Client
---@param item slm_lsp.Item
function M.shown(client, item)
  client_of.notify(client, 'textDocument/didShowCompletion', { item = item })
end

---Say that `item` was taken over up to the end of `taken`.
---@param client vim.lsp.Client
---@param item slm_lsp.Item
---@param taken string the beginning of its text
function M.partially_accepted(client, item, taken)
  client_of.notify(client, 'textDocument/didPartiallyAcceptCompletion', {
    item = item,
    acceptedLength = text.utf16_length(taken),
  })
end

---Run the command that comes with an item accepted as a whole.
---@param client vim.lsp.Client
---@param item slm_lsp.Item
---@param buffer integer
function M.accepted(client, item, buffer)
  local command = item.command
  if command then
    local params = { command = command.command, arguments = command.arguments }
    client_of.request(client, 'workspace/executeCommand', params, buffer, function() end)
  end
end

return M
