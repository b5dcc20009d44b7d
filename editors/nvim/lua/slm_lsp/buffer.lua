-- Putting completions into buffers.

local M = {}

local function insert(text)
  vim.o.undolevels = vim.o.undolevels -- `:help undo-break`
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
  local last = #lines == 1 and column + #text or #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, last })
end

---Insert `text` at the cursor and go behind it. One undo takes back this and nothing typed before it.
---@param text string
function M.insert(text)
  local ok, problem = pcall(insert, text)
  if ok then
    return
  end
  -- Inside an <expr> mapping, such as blink.cmp's, text is locked until the mapping has ended.
  if not tostring(problem):find('E565', 1, true) then
    error(problem, 0)
  end
  vim.schedule(function()
    insert(text)
  end)
end

return M
