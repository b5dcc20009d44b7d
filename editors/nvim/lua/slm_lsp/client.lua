-- The language server as Neovim's client sees it: where it runs, how it is started and spoken to.

local M = {}

M.NAME = 'slm_lsp'

local has_config = vim.fn.has('nvim-0.11') == 1

---Return the server that `buffer` is attached to: the newest, while a restart has two.
---@param buffer integer
---@return vim.lsp.Client?
function M.of(buffer)
  local newest
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = buffer, name = M.NAME })) do
    if not newest or client.id > newest.id then
      newest = client
    end
  end
  return newest
end

---@param id integer a client's
---@return boolean
function M.is_ours(id)
  local client = vim.lsp.get_client_by_id(id)
  return client ~= nil and client.name == M.NAME
end

---Return every running server of ours: one for each project.
---@return vim.lsp.Client[]
function M.all()
  return vim.lsp.get_clients({ name = M.NAME })
end

---Send a notification. Before Neovim 0.11 a client's functions were no methods.
---@param client vim.lsp.Client
---@param method string
---@param params table
function M.notify(client, method, params)
  if has_config then
    client:notify(method, params)
  else
    client.notify(method, params) ---@diagnostic disable-line
  end
end

---Send a request; returns its id, or nil if the server is gone. What was typed is sent before it.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param buffer integer
---@param answered fun(err: lsp.ResponseError?, result: any)
---@return integer?
function M.request(client, method, params, buffer, answered)
  local sent, id
  if has_config then
    sent, id = client:request(method, params, answered, buffer)
  else
    sent, id = client.request(method, params, answered, buffer) ---@diagnostic disable-line
  end
  return sent and id or nil
end

---@param client vim.lsp.Client
---@param id integer
function M.cancel(client, id)
  if has_config then
    client:cancel_request(id)
  else
    client.cancel_request(id) ---@diagnostic disable-line
  end
end

---@param client vim.lsp.Client
function M.stop(client)
  if has_config then
    client:stop()
  else
    client.stop() ---@diagnostic disable-line
  end
end

---Return the configuration a new server starts with: ours, and what the user made of it.
---@return vim.lsp.ClientConfig
function M.config()
  if has_config then
    return vim.lsp.config[M.NAME]
  end
  local file = vim.api.nvim_get_runtime_file('lsp/slm_lsp.lua', false)[1]
  local config = vim.tbl_deep_extend('force', dofile(file), vim.g.slm_lsp_config or {})
  config.name = M.NAME
  -- Newer ones add this themselves. Without it the server is told that the editor can do nothing.
  local able = vim.lsp.protocol.make_client_capabilities()
  config.capabilities = vim.tbl_deep_extend('force', able, config.capabilities or {})
  return config
end

---Change the configuration of servers that start from now on.
---@param changes vim.lsp.Config
function M.configure(changes)
  if has_config then
    vim.lsp.config(M.NAME, changes)
  else
    vim.g.slm_lsp_config = vim.tbl_deep_extend('force', vim.g.slm_lsp_config or {}, changes)
  end
end

---Start a server for `buffer`, or attach it to the one of its project.
---@param buffer integer
function M.start(buffer)
  local config = vim.deepcopy(M.config())
  config.name = M.NAME
  local function start(root)
    config.root_dir = root
    vim.lsp.start(config, { bufnr = buffer })
  end
  if type(config.root_dir) == 'function' then
    config.root_dir(buffer, start)
  else
    start(config.root_dir)
  end
end

---Start a server for every buffer with code in it; lsp/slm_lsp.lua says which that are.
function M.enable()
  if has_config then
    vim.lsp.enable(M.NAME)
    return
  end
  local config = M.config()
  local group = vim.api.nvim_create_augroup('slm_lsp.enable', {})
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = config.filetypes or '*',
    callback = function(event)
      if vim.bo[event.buf].buftype == '' then
        M.start(event.buf)
      end
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    local ours = not config.filetypes or vim.tbl_contains(config.filetypes, vim.bo[buffer].filetype)
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == '' and ours then
      M.start(buffer)
    end
  end
end

return M
