-- Neovim 0.12's own ghost text behind the functions of `ghost`.

local buffers = require('slm_lsp.buffer')
local feedback = require('slm_lsp.feedback')
local offers = require('slm_lsp.offer')
local text = require('slm_lsp.text')

local M = {}

---Tell whether Neovim draws the ghost text in `buffer`.
---@param buffer integer
---@return boolean
function M.draws(buffer)
  local native = vim.lsp.inline_completion
  return native ~= nil and native.is_enabled({ bufnr = buffer })
end

---@return boolean
function M.visible()
  local namespace = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')
  return #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

---Insert what is left of `item`. Neovim would insert all of it where it was offered, even if its first
---letters were typed since then.
---@param item vim.lsp.inline_completion.Item
---@param part slm_lsp.Part
local function take(item, part)
  local row, column = unpack(M.start(item.range))
  local place = offers.place()
  local line = vim.api.nvim_buf_get_lines(0, row, row + 1, false)[1] or ''
  local from = { buffer = place.buffer, row = row, column = column, before = line:sub(1, column) }
  from.after = place.after
  local raw = { insertText = item.insert_text, command = item.command }
  local offer = { client = item.client_id, place = from, items = { raw }, index = 1, shown = {} }
  local rest = offers.rest(offer, place)
  local client = vim.lsp.get_client_by_id(item.client_id)
  if not rest or rest == '' or not client then
    return
  end
  local taken = text.first(rest, part)
  buffers.insert(taken)
  if taken == rest then
    feedback.accepted(client, raw, place.buffer)
  else
    local done = offers.text(offer):sub(1, -(#rest - #taken) - 1)
    feedback.partially_accepted(client, raw, done)
  end
end

---Return where a range starts, row and column from 0: its fields were renamed on the way to 0.12.
---@param range table a vim.Range
---@return [integer, integer]
function M.start(range)
  if range.start_row then
    return { range.start_row, range.start_col }
  end
  return { range.start.row, range.start.col }
end

---@param part slm_lsp.Part
---@return boolean
function M.accept(part)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      take(item, part)
    end,
  })
end

---Neovim asks for one item at a time, so there is another one only if some other server sent it.
---@param step 1|-1
function M.select(step)
  vim.lsp.inline_completion.select({ count = step })
end

---Take the ghost text away until the cursor moves.
function M.dismiss()
  vim.lsp.inline_completion.get({ on_accept = function() end })
end

return M
