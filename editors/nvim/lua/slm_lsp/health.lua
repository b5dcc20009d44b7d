-- `:checkhealth slm_lsp`

local M = {}

local PATIENCE_MS = 30000

local function check_editor()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.10') == 0 then
    vim.health.error('Neovim ' .. version .. ' is too old', 'Install Neovim 0.10 or newer.')
    return
  end
  vim.health.ok('Neovim ' .. version)
  local native = require('slm_lsp.native').draws(0)
  vim.health.info('Ghost text is drawn by ' .. (native and 'Neovim' or 'the plugin'))
  local tab = vim.fn.maparg('<Tab>', 'i', false, true)
  vim.health.info('<Tab> in insert mode: ' .. (tab.desc or tab.rhs or 'not mapped'))
end

---@param program string
local function check_doctor(program)
  local ended = vim.system({ program, 'doctor', '--json' }, { text = true }):wait(PATIENCE_MS)
  local ok, report = pcall(vim.json.decode, ended.stdout)
  if not ok then
    vim.health.error(program .. ' doctor did not answer', 'Run it in a terminal.')
    return
  end
  local report_as = { ok = vim.health.ok, warning = vim.health.warn, failed = vim.health.error }
  for _, finding in ipairs(report.findings) do
    local line = finding.name .. ': ' .. finding.detail
    local advice = finding.advice ~= '' and { finding.advice } or nil
    report_as[finding.state](line, advice)
  end
end

local function check_server()
  local clients = require('slm_lsp.client')
  local program = clients.config().cmd[1]
  if vim.fn.executable(program) == 0 then
    vim.health.error(program .. ' is not on the PATH', {
      'Install an offline bundle, or run `make demo` in the repository and put its .venv/bin on the PATH,',
      "or say where it is: require('slm_lsp').setup({ cmd = { '/path/to/slm-lsp' } })",
    })
    return
  end
  vim.health.ok('Server: ' .. vim.fn.exepath(program))
  check_doctor(program)
  if #clients.all() == 0 then
    vim.health.info('No file is open that the server is for')
  end
  for _, client in ipairs(clients.all()) do
    local buffers = vim.tbl_count(client.attached_buffers)
    vim.health.ok(('Running in %s, %d buffers'):format(client.config.root_dir or 'no project', buffers))
  end
end

function M.check()
  vim.health.start('slm_lsp: editor')
  check_editor()
  vim.health.start('slm_lsp: server')
  check_server()
end

return M
