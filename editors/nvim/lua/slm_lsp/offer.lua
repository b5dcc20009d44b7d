-- A completion and the place it was made for. What is typed since then is compared with it, so ghost
-- text stays on screen while it is typed through.

local text = require('slm_lsp.text')

---The cursor, and the text on both sides of it in its line.
---@class slm_lsp.Place
---@field buffer integer
---@field row integer from 0
---@field column integer in bytes
---@field before string
---@field after string

---What the server sent. Its range is empty and lies at the cursor it was asked for.
---@class slm_lsp.Item
---@field insertText string
---@field command? { command: string, arguments: any[] }

---@class slm_lsp.Offer
---@field client integer the client's id
---@field place slm_lsp.Place
---@field items slm_lsp.Item[] at least one
---@field index integer the one on screen
---@field shown table<integer, true> which items the server knows to have been on screen

local M = {}

---Return where the cursor is in the current window.
---@return slm_lsp.Place
function M.place()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local line = vim.api.nvim_get_current_line()
  return {
    buffer = vim.api.nvim_get_current_buf(),
    row = row - 1,
    column = column,
    before = line:sub(1, column),
    after = line:sub(column + 1),
  }
end

---Return the text of the item on screen; in files with CRLF line ends it has them, buffers do not.
---@param offer slm_lsp.Offer
---@return string
function M.text(offer)
  return (offer.items[offer.index].insertText:gsub('\r\n?', '\n'))
end

---Return what is left to insert at `now`, or nil if something else was typed or the cursor moved away.
---@param offer slm_lsp.Offer
---@param now slm_lsp.Place
---@return string?
function M.rest(offer, now)
  local from = offer.place
  if now.buffer ~= from.buffer or now.row < from.row or now.after ~= from.after then
    return nil
  end
  if now.row == from.row and now.column < from.column then
    return nil
  end
  local all = M.text(offer)
  if now.row - from.row > select(2, all:gsub('\n', '')) then
    return nil
  end
  local since = vim.api.nvim_buf_get_text(now.buffer, from.row, 0, now.row, now.column, {})
  local typed = text.after(table.concat(since, '\n'), from.before)
  return typed and text.after(all, typed)
end

return M
