-- `:SlmLsp`: one entry of `commands` for each subcommand.

local M = {}

local SNOOZE_MINUTES = 30
local STOP_MS = 3000

---@param message string
---@param level? integer
local function say(message, level)
  vim.notify('slm-lsp: ' .. message, level or vim.log.levels.INFO)
end

local function here()
  return vim.api.nvim_get_current_buf()
end

---Stop the servers and start them again for the same buffers.
local function restart()
  local clients = require('slm_lsp.client')
  local buffers = {}
  for _, client in ipairs(clients.all()) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
    clients.stop(client)
  end
  local stopped = vim.wait(STOP_MS, function()
    return #clients.all() == 0
  end, 10)
  if not stopped then
    say('the server does not stop; try again', vim.log.levels.WARN)
    return
  end
  for _, buffer in ipairs(buffers) do
    clients.start(buffer)
  end
  say(#buffers > 0 and 'restarted' or 'no server is running; open a file of a known type')
end

local function why()
  local answer = require('slm_lsp.status').last_answer(here())
  if not answer then
    say('nothing was asked in this file yet')
  elseif type(answer.dropped) == 'string' then
    say('nothing is offered: ' .. answer.dropped)
  else
    local source = answer.cacheHit and ', from memory' or ''
    say(('offered after %.0f ms%s'):format(answer.timings.total_ms, source))
  end
end

local function status()
  local found = require('slm_lsp.status').of(here())
  if not found then
    say('no server for this file; :checkhealth slm_lsp says why', vim.log.levels.WARN)
    return
  end
  local settings = require('slm_lsp.settings')
  local switch = settings.enabled(here()) and 'on' or 'off'
  local native = require('slm_lsp.native').draws(here()) and "Neovim's own" or 'the plugin’s'
  say(('%s; %s for %s; ghost text: %s'):format(found.message, switch, settings.language(here()), native))
end

---@param name? string
local function model(name)
  if name then
    require('slm_lsp.settings').use_model(name)
    return
  end
  local names, problem = require('slm_lsp.models').installed()
  if problem then
    say(problem, vim.log.levels.WARN)
    return
  end
  vim.ui.select(names, { prompt = 'Model until Neovim ends' }, function(chosen)
    if chosen then
      require('slm_lsp.settings').use_model(chosen)
    end
  end)
end

---@class slm_lsp.Command
---@field run fun(argument?: string, call: vim.api.keyset.create_user_command.command_args)
---@field complete? fun(): string[]

---@type table<string, slm_lsp.Command>
local commands = {
  enable = {
    run = function()
      require('slm_lsp').enable(true)
    end,
  },
  disable = {
    run = function()
      require('slm_lsp').enable(false)
    end,
  },
  toggle = {
    run = function()
      require('slm_lsp').enable(not require('slm_lsp').is_enabled())
    end,
  },
  snooze = {
    run = function(minutes)
      local time = tonumber(minutes or SNOOZE_MINUTES)
      if not time or time <= 0 then
        say('snooze takes minutes, for example :SlmLsp snooze 15', vim.log.levels.WARN)
        return
      end
      require('slm_lsp.settings').snooze(time)
      require('slm_lsp').dismiss()
    end,
  },
  filetype = {
    run = function(filetype)
      local settings = require('slm_lsp.settings')
      local language = filetype or settings.language(here())
      local on = not settings.language_enabled(here(), language)
      settings.enable_language(language, on)
      require('slm_lsp').dismiss()
      say(('%s for %s'):format(on and 'on' or 'off', language))
    end,
    complete = function()
      return vim.fn.getcompletion('', 'filetype')
    end,
  },
  status = { run = status },
  why = { run = why },
  restart = { run = restart },
  rewrite = {
    run = function(first_word, call)
      local instruction = first_word and table.concat(call.fargs, ' ', 2)
      require('slm_lsp.rewrite').run(call.line1, call.line2, call.range > 0, instruction, say)
    end,
  },
  log = {
    run = function()
      vim.cmd.tabedit(vim.fn.fnameescape(vim.lsp.get_log_path()))
    end,
  },
  model = {
    run = model,
    complete = function()
      return (require('slm_lsp.models').installed())
    end,
  },
}

---Run `:SlmLsp` with these arguments; without any it says how things are.
---@param call vim.api.keyset.create_user_command.command_args
function M.run(call)
  local arguments = call.fargs
  local name = arguments[1] or 'status'
  local command = commands[name]
  if not command then
    local names = vim.tbl_keys(commands)
    table.sort(names)
    say(('no such command: %s; there are %s'):format(name, table.concat(names, ', ')), vim.log.levels.WARN)
    return
  end
  command.run(arguments[2], call)
end

---Complete a command line.
---@param word string what stands before the cursor
---@param line string
---@return string[]
function M.complete(word, line)
  local first = line:match('^%s*%S+%s+(%S+)%s')
  local names = {} ---@type string[]
  if not first then
    names = vim.tbl_keys(commands)
  elseif commands[first] and commands[first].complete then
    names = commands[first].complete()
  end
  names = vim.tbl_filter(function(name)
    return vim.startswith(name, word)
  end, names)
  table.sort(names)
  return names
end

return M
