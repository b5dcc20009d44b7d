-- Code changed by an instruction that somebody types.

local M = {}

---Ask for an instruction, unless there is one, and change the lines as it says.
---@param first integer the first of the lines, from 1
---@param last integer the last one; with an empty range the function at the cursor is meant
---@param is_range boolean whether lines were chosen
---@param instruction? string
---@param say fun(message: string, level?: integer)
function M.run(first, last, is_range, instruction, say)
  local buffer = vim.api.nvim_get_current_buf()
  local clients = require('slm_lsp.client')
  local client = clients.of(buffer)
  if not client then
    say('no server for this file; :checkhealth slm_lsp says why', vim.log.levels.WARN)
    return
  end
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  if is_range then
    params.range = { start = { line = first - 1, character = 0 }, ['end'] = { line = last, character = 0 } }
  end
  local function ask(text)
    if not text or text == '' then
      return
    end
    local tick = vim.api.nvim_buf_get_changedtick(buffer)
    local asked = vim.tbl_extend('force', params, { instruction = text })
    clients.request(client, 'slm-lsp/rewrite', asked, buffer, function(err, edit)
      if err then
        say(err.message, vim.log.levels.WARN)
      elseif tick ~= vim.api.nvim_buf_get_changedtick(buffer) then
        say('the text has changed meanwhile; ask again', vim.log.levels.WARN)
      else
        vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
      end
    end)
  end
  if instruction then
    ask(instruction)
  else
    vim.ui.input({ prompt = 'What is to be changed? ' }, ask)
  end
end

return M
