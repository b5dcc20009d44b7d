-- Settings changed while Neovim runs. The server applies them, so a switch holds however ghost text is
-- drawn, and `:SlmLsp why` knows of it.

local clients = require('slm_lsp.client')

local M = {}

---@class slm_lsp.Changes
---@field enabled? boolean
---@field model? string
---@field languages table<string, boolean> by language id

---@type slm_lsp.Changes
local changes = { languages = {} }
---@type uv.uv_timer_t?
local snooze

---Return the settings in a client's configuration with all changes.
---@param config vim.lsp.ClientConfig
---@return table
function M.of(config)
  local configured = config.init_options or {}
  -- An empty table would be sent as an empty list, which is no object.
  local languages = next(changes.languages) and changes.languages or nil
  local changed = { enabled = changes.enabled, model = changes.model, languages = languages }
  local all = vim.tbl_deep_extend('force', vim.empty_dict(), configured, changed)
  return next(all) and all or vim.empty_dict()
end

---Send the changes to all servers.
local function send_all()
  for _, client in ipairs(clients.all()) do
    local all = { ['slm-lsp'] = M.of(client.config) }
    client.settings = all -- what Neovim answers with when the server asks
    clients.notify(client, 'workspace/didChangeConfiguration', { settings = all })
  end
end

---Return the name the server knows the files of `buffer` by.
---@param buffer integer
---@return string
function M.language(buffer)
  local client, filetype = clients.of(buffer), vim.bo[buffer].filetype
  return client and client.get_language_id and client.get_language_id(buffer, filetype) or filetype
end

---@param buffer integer
---@return table
local function in_force(buffer)
  local client = clients.of(buffer)
  return client and M.of(client.config) or changes
end

---Tell whether the switch of a language is on; the one of all files does not count.
---@param buffer integer
---@param language string a language id
---@return boolean
function M.language_enabled(buffer, language)
  return (in_force(buffer).languages or {})[language] ~= false
end

---Tell whether ghost text is on in `buffer`.
---@param buffer integer
---@return boolean
function M.enabled(buffer)
  return in_force(buffer).enabled ~= false and M.language_enabled(buffer, M.language(buffer))
end

---@param on boolean
function M.enable(on)
  if snooze then
    snooze:stop()
  end
  changes.enabled = on
  send_all()
end

---Switch ghost text off for `minutes`.
---@param minutes number
function M.snooze(minutes)
  M.enable(false)
  snooze = snooze or assert(vim.uv.new_timer())
  local function wake()
    M.enable(true)
  end
  snooze:start(math.floor(minutes * 60000), 0, vim.schedule_wrap(wake))
end

---@param language string a language id
---@param on boolean
function M.enable_language(language, on)
  changes.languages[language] = on
  send_all()
end

---Use another installed model until Neovim ends.
---@param name string
function M.use_model(name)
  changes.model = name
  send_all()
end

return M
