-- The models on this machine, from `slm-lsp models list`.

local clients = require('slm_lsp.client')

local M = {}

local PATIENCE_MS = 3000

---Return the names of the installed models, the default one first.
---@return string[] names
---@return string? problem why there are none
function M.installed()
  local command = { clients.config().cmd[1], 'models', 'list', '--json' }
  local ok, ended = pcall(function()
    return vim.system(command, { text = true }):wait(PATIENCE_MS)
  end)
  if not ok or ended.code ~= 0 then
    return {}, ('%s failed; :checkhealth slm_lsp says more'):format(table.concat(command, ' '))
  end
  local names = {}
  for _, model in ipairs(vim.json.decode(ended.stdout).models) do
    if model.installed then
      table.insert(names, model.default and 1 or #names + 1, model.name)
    end
  end
  return names
end

return M
