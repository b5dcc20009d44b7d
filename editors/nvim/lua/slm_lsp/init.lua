-- Ghost text from a language model on this machine. `:help slm_lsp`.

local M = {}

---@class slm_lsp.Options
---@field keymaps? table<'accept'|'accept_word'|'accept_line'|'next'|'prev'|'dismiss', string|false>
---@field hide_with_menu? boolean hide ghost text while a completion menu is open
---@field cmd? string[] the server's command line
---@field settings? table the server's settings, see docs/settings.md

---@type slm_lsp.Options
local defaults = {
  keymaps = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-Down>',
    next = '<M-]>',
    prev = '<M-[>',
    dismiss = '<C-]>',
  },
  hide_with_menu = true,
}

---Return the module that draws the ghost text of the current buffer.
local function renderer()
  local native = require('slm_lsp.native')
  return native.draws(vim.api.nvim_get_current_buf()) and native or require('slm_lsp.ghost')
end

---Draw ghost text in a buffer that the server was attached to, unless Neovim does.
---@param buffer integer
local function attach(buffer)
  if not require('slm_lsp.native').draws(buffer) then
    require('slm_lsp.ghost').attach(buffer)
  end
end

---Map `lhs` to what it does to ghost text; without any it does what it always does.
---@param name string
---@param lhs string
local function map(name, lhs)
  vim.keymap.set('i', lhs, function()
    if (name ~= 'next' and name ~= 'prev' and not M.visible()) or M[name]() == false then
      local keys = vim.api.nvim_replace_termcodes(lhs, true, false, true)
      vim.api.nvim_feedkeys(keys, 'in', false)
    end
  end, { desc = 'Ghost text: ' .. name:gsub('_', ' ') })
end

---Start the server with every file it knows, draw its ghost text and map the keys.
---@param options? slm_lsp.Options
function M.setup(options)
  options = vim.tbl_deep_extend('force', defaults, options or {})
  local clients = require('slm_lsp.client')
  clients.configure({ cmd = options.cmd, init_options = options.settings })
  local ghost = require('slm_lsp.ghost')
  ghost.options.hide_with_menu = options.hide_with_menu
  ghost.watch_menus()
  local group = vim.api.nvim_create_augroup('slm_lsp', {})
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = function(event)
      if clients.is_ours(event.data.client_id) then
        attach(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('LspDetach', {
    group = group,
    callback = function(event)
      -- After a restart the new server may be there before the old one has left.
      local left = clients.of(event.buf)
      if clients.is_ours(event.data.client_id) and (not left or left.id == event.data.client_id) then
        ghost.detach(event.buf)
      end
    end,
  })
  for name, lhs in pairs(options.keymaps) do
    if lhs then
      map(name, lhs)
    end
  end
  local program = clients.config().cmd[1]
  if vim.fn.executable(program) == 0 then
    local advice = 'slm-lsp: %s is not installed or not on the PATH  (:checkhealth slm_lsp)'
    vim.notify(advice:format(program), vim.log.levels.WARN)
    return
  end
  clients.enable()
end

---Tell whether ghost text is on screen.
---@return boolean
function M.visible()
  return renderer().visible()
end

---Take over the ghost text. Returns false if there is none, so that a key can fall back.
---@return boolean
function M.accept()
  return renderer().accept('all')
end

---Take over its first word. Returns false if there is none.
---@return boolean
function M.accept_word()
  return renderer().accept('word')
end

---Take over its first line. Returns false if there is none.
---@return boolean
function M.accept_line()
  return renderer().accept('line')
end

---Show another completion, or ask for one where none is on screen.
function M.next()
  renderer().select(1)
end

---Show the completion before this one.
function M.prev()
  renderer().select(-1)
end

---Take the ghost text away until something is typed.
function M.dismiss()
  renderer().dismiss()
end

---Switch ghost text on or off in all files.
---@param on? boolean true if not given
function M.enable(on)
  on = on ~= false
  require('slm_lsp.settings').enable(on)
  if not on then
    M.dismiss()
  end
end

---Tell whether ghost text is on in a buffer.
---@param buffer? integer the current one if not given
---@return boolean
function M.is_enabled(buffer)
  return require('slm_lsp.settings').enabled(buffer or vim.api.nvim_get_current_buf())
end

---Return a few characters for a status line: empty where there is no server.
---@return string
function M.statusline()
  local buffer = vim.api.nvim_get_current_buf()
  local status = require('slm_lsp.status').of(buffer)
  if not status then
    return ''
  end
  if not M.is_enabled(buffer) then
    return 'slm off'
  end
  local marks = { Error = ' ✗', Warning = ' !', Inactive = ' zz', Normal = status.busy and ' …' or '' }
  return 'slm' .. (marks[status.kind] or '')
end

return M
