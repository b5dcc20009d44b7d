-- Ghost text on screen: one extmark, moved rather than drawn again, so that nothing flickers.

local text = require('slm_lsp.text')

local M = {}

local namespace = vim.api.nvim_create_namespace('slm_lsp')
local MARK = 1

---@class slm_lsp.Drawn
---@field buffer integer
---@field row integer
---@field column integer
---@field ghost string
---@field hint string

---@type slm_lsp.Drawn?
local drawn

---Ghost text looks like Neovim's own where there is such a thing; a colour scheme may set `SlmLspGhost`.
local function define_highlights()
  local own = vim.fn.hlexists('ComplHint') == 1
  vim.api.nvim_set_hl(0, 'SlmLspGhost', { default = true, link = own and 'ComplHint' or 'Comment' })
  vim.api.nvim_set_hl(0, 'SlmLspHint', { default = true, link = own and 'ComplHintMore' or 'NonText' })
end

---@param place slm_lsp.Place
---@param ghost string
---@param hint string
---@return [string, string][][] one list of chunks for each line
local function chunks(place, ghost, hint)
  local column = vim.fn.strdisplaywidth(place.before)
  local tabstop = vim.bo[place.buffer].tabstop
  local lines = {}
  for line in vim.gsplit(ghost, '\n', { plain = true }) do
    table.insert(lines, { { text.without_tabs(line, column, tabstop), 'SlmLspGhost' } })
    column = 0
  end
  if hint ~= '' then
    table.insert(lines[#lines], { hint, 'SlmLspHint' })
  end
  return lines
end

---Show `ghost` at the cursor, in place of what is shown.
---@param place slm_lsp.Place where the cursor is
---@param ghost string
---@param hint string behind it, or empty
function M.show(place, ghost, hint)
  local new = {
    buffer = place.buffer,
    row = place.row,
    column = place.column,
    ghost = ghost,
    hint = hint,
  }
  if vim.deep_equal(new, drawn) then
    return
  end
  if drawn and drawn.buffer ~= place.buffer then
    M.hide()
  end
  define_highlights()
  local lines = chunks(place, ghost, hint)
  vim.api.nvim_buf_set_extmark(place.buffer, namespace, place.row, place.column, {
    id = MARK,
    virt_text = table.remove(lines, 1),
    virt_text_pos = 'inline',
    virt_lines = lines,
    hl_mode = 'combine',
    strict = false,
  })
  drawn = new
end

---Take ghost text off the screen.
function M.hide()
  if drawn and vim.api.nvim_buf_is_valid(drawn.buffer) then
    vim.api.nvim_buf_del_extmark(drawn.buffer, namespace, MARK)
  end
  drawn = nil
end

---Tell whether there is ghost text on screen.
---@return boolean
function M.visible()
  return drawn ~= nil
end

return M
