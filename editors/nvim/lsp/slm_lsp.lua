-- Neovim 0.11 and newer find this file on the runtime path: vim.lsp.enable('slm_lsp') starts it.

---On the PATH, or where `slm-lsp bundle install` puts it (slm_lsp/bundle/install_paths.py).
---@return string
local function program()
  local data = vim.env.XDG_DATA_HOME or vim.fs.normalize('~/.local/share')
  local bundled = data .. '/slm-lsp/server/bin/slm-lsp'
  local only_bundled = vim.fn.executable('slm-lsp') == 0 and vim.fn.executable(bundled) == 1
  return only_bundled and bundled or 'slm-lsp'
end

-- Buffers of these filetypes look like files and list or show something.
-- stylua: ignore
local excluded = {
  'checkhealth', 'fugitive', 'fugitiveblame', 'git', 'gitgraph', 'help', 'man', 'netrw', 'oil', 'qf',
  'tutor', 'undotree',
}

local root_markers = { 'slm-lsp.toml', 'pyproject.toml', 'package.json', 'go.mod', 'Cargo.toml', '.git' }

---Start a server in every other buffer that has a filetype, compound ones (`python.django`) too.
---@param buffer integer
---@param start fun(root?: string)
local function root_dir(buffer, start)
  local filetype = vim.bo[buffer].filetype
  if filetype ~= '' and not vim.tbl_contains(excluded, filetype) then
    start(vim.fs.root(buffer, root_markers))
  end
end

---@type vim.lsp.Config
return {
  cmd = { program() },
  root_dir = root_dir,
  capabilities = { experimental = { slmLspTimings = true } }, -- for `:SlmLsp why`
  handlers = {
    ['didChangeStatus'] = function(...)
      require('slm_lsp.status').changed(...)
    end,
    ['slm-lsp/timings'] = function(...)
      require('slm_lsp.status').answered(...)
    end,
  },
  -- With what was switched since Neovim started: told later, a new server would offer until then.
  before_init = function(params, config)
    params.initializationOptions = require('slm_lsp.settings').of(config)
  end,
  on_exit = function(_, _, id)
    vim.schedule(function()
      require('slm_lsp.status').forget(id)
    end)
  end,
  -- A server hears of the cursor only when it is asked for something. Told when typing is about to
  -- begin, it lets the model read what is there, so that the first ghost text does not have to wait.
  on_attach = function(client, buffer)
    vim.api.nvim_create_autocmd('InsertEnter', {
      buffer = buffer,
      callback = function()
        local place = vim.lsp.util.make_position_params(0, client.offset_encoding)
        require('slm_lsp.client').notify(client, 'slm-lsp/didMoveCursor', place)
      end,
    })
  end,
}
