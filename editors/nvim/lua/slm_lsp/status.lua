-- What the servers say about themselves: `didChangeStatus` and `slm-lsp/timings`.

local clients = require('slm_lsp.client')

local M = {}

---@class slm_lsp.Status
---@field busy boolean
---@field kind 'Normal'|'Warning'|'Error'|'Inactive'
---@field message string

---@class slm_lsp.Timings
---@field cacheHit boolean
---@field dropped? string why nothing was offered
---@field timings { total_ms: number }

---@type table<integer, slm_lsp.Status> by client
local statuses = {}
---@type table<integer, slm_lsp.Timings> by client
local timings = {}

---Handler of `didChangeStatus`.
function M.changed(_, params, context)
  statuses[context.client_id] = params
  if params.kind == 'Error' then
    -- Once for each reason: who has no status line of ours has to hear of it, too.
    vim.notify_once(('slm-lsp: %s  (:checkhealth slm_lsp)'):format(params.message), vim.log.levels.WARN)
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'SlmLspStatus', modeline = false })
  vim.cmd.redrawstatus()
end

---Handler of `slm-lsp/timings`.
function M.answered(_, params, context)
  timings[context.client_id] = params
end

---@param id integer a client that ended
function M.forget(id)
  statuses[id], timings[id] = nil, nil
end

---Return the status of the server of `buffer`, or nil if there is none.
---@param buffer integer
---@return slm_lsp.Status?
function M.of(buffer)
  local client = clients.of(buffer)
  return client and (statuses[client.id] or { busy = true, kind = 'Normal', message = 'starting' })
end

---Return what the last answer in `buffer` was like.
---@param buffer integer
---@return slm_lsp.Timings?
function M.last_answer(buffer)
  local client = clients.of(buffer)
  return client and timings[client.id]
end

return M
