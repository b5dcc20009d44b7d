-- Ghost text drawn by this plugin: when to ask, what to show. There is one cursor that types, so
-- there is one state. `native` does the same with Neovim's own ghost text.

local buffers = require('slm_lsp.buffer')
local clients = require('slm_lsp.client')
local drawing = require('slm_lsp.drawing')
local feedback = require('slm_lsp.feedback')
local menu = require('slm_lsp.menu')
local offers = require('slm_lsp.offer')
local text = require('slm_lsp.text')

local M = {}

-- Long enough for keys that come at once (a mapping, a paste, autopairs) to make one request, too
-- short to notice. The server itself drops what a newer request replaces.
local DEBOUNCE_MS = 20

local AUTOMATIC, INVOKED = 2, 1

---@type slm_lsp.Offer?
local offer
---@type { client: integer, id: integer }? the request nobody has answered yet
local pending
---@type { buffer: integer, tick: integer, row: integer, column: integer }? the last place looked at
local seen
local asked, heard = 0, 0 -- numbers of the newest request and of the newest answer
local timer = assert(vim.uv.new_timer())

---@type { hide_with_menu: boolean }
M.options = { hide_with_menu = true }

local function inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

---Bring the screen up to what is offered at the cursor.
local function draw()
  local now = offers.place()
  local rest = offer and offers.rest(offer, now)
  if not offer or not rest or rest == '' then
    offer = nil
    drawing.hide()
    return
  end
  if M.options.hide_with_menu and menu.is_open() then
    drawing.hide()
    return
  end
  local more = #offer.items > 1 and (' (%d/%d)'):format(offer.index, #offer.items) or ''
  drawing.show(now, rest, more)
  local client = vim.lsp.get_client_by_id(offer.client)
  if client and not offer.shown[offer.index] then
    offer.shown[offer.index] = true
    feedback.shown(client, offer.items[offer.index])
  end
end

---Take an answer to the request made at `place`. Typing may have gone on since then.
---@param number integer
---@param place slm_lsp.Place
---@param client vim.lsp.Client
---@param index integer which item to show
---@param result any null when a newer request replaced this one
local function answer(number, place, client, index, result)
  if number == asked then
    pending = nil
  end
  if number <= heard or type(result) ~= 'table' or not inserting() then
    return
  end
  heard = number
  local now = offers.place()
  local items = result.items or result
  local new = #items > 0
      and { client = client.id, place = place, items = items, index = math.min(index, #items), shown = {} }
    or nil
  local rest = new and offers.rest(new, now)
  if rest and #items == 1 and offer and offers.rest(offer, now) == rest then
    return -- the same text is there already, known to the server under the name it had
  end
  if rest or number == asked then
    offer = new
    draw()
  end
end

---@param kind integer
---@param index integer
local function ask(kind, index)
  timer:stop()
  local buffer = vim.api.nvim_get_current_buf()
  local client = clients.of(buffer)
  if not client or not inserting() then
    return
  end
  local place = offers.place()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind } ---@diagnostic disable-line
  asked = asked + 1
  local number = asked
  local id = clients.request(
    client,
    'textDocument/inlineCompletion',
    params,
    buffer,
    function(_, result) -- errors are the status line's business
      answer(number, place, client, index, result)
    end
  )
  pending = id and { client = client.id, id = id }
end

local ask_soon = vim.schedule_wrap(function()
  ask(AUTOMATIC, 1)
end)

---Tell the server that nobody waits any more, and ignore what it still says.
local function give_up()
  timer:stop()
  heard = asked
  local client = pending and vim.lsp.get_client_by_id(pending.client)
  if client and pending then
    clients.cancel(client, pending.id)
  end
  pending = nil
end

---Look at what the last key did: the ghost text follows at once, the server is asked when keys pause.
local function look()
  local buffer = vim.api.nvim_get_current_buf()
  if not inserting() or not clients.of(buffer) then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local tick = vim.api.nvim_buf_get_changedtick(buffer)
  local new = { buffer = buffer, tick = tick, row = row, column = column }
  if vim.deep_equal(new, seen) then
    return
  end
  seen = new
  draw()
  timer:start(DEBOUNCE_MS, 0, ask_soon)
end

local function leave()
  give_up()
  offer, seen = nil, nil
  drawing.hide()
end

---Offer in `buffer` from now on, until the server leaves it.
---@param buffer integer
function M.attach(buffer)
  local group = vim.api.nvim_create_augroup('slm_lsp.ghost.' .. buffer, {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buffer, callback = callback })
  end
  on({ 'InsertEnter', 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, look)
  on({ 'InsertLeave', 'BufLeave' }, leave)
  if inserting() and vim.api.nvim_get_current_buf() == buffer then
    look()
  end
end

---@param buffer integer
function M.detach(buffer)
  pcall(vim.api.nvim_del_augroup_by_name, 'slm_lsp.ghost.' .. buffer)
  if vim.api.nvim_get_current_buf() == buffer then
    leave()
  end
end

---Hide and show ghost text as completion menus come and go.
function M.watch_menus()
  menu.watch(vim.api.nvim_create_augroup('slm_lsp.menu', {}), function()
    if offer and inserting() then
      draw()
    end
  end)
end

---@return boolean
function M.visible()
  return drawing.visible()
end

---Take over what is on screen, or its first word or line. Returns false if there is nothing.
---@param part slm_lsp.Part
---@return boolean
function M.accept(part)
  local rest = offer and offers.rest(offer, offers.place())
  if not offer or not rest or not drawing.visible() then
    return false
  end
  local item, client = offer.items[offer.index], vim.lsp.get_client_by_id(offer.client)
  local taken = text.first(rest, part)
  if taken == rest then
    offer = nil
  end
  buffers.insert(taken)
  if client and taken == rest then
    feedback.accepted(client, item, vim.api.nvim_get_current_buf())
  elseif client and offer then
    local left = #rest - #taken
    feedback.partially_accepted(client, item, offers.text(offer):sub(1, -left - 1))
  end
  look()
  return true
end

---Show the next item, or the one before. The server is asked for more where it sent only one.
---@param step 1|-1
function M.select(step)
  if offer and #offer.items > 1 then
    offer.index = (offer.index - 1 + step) % #offer.items + 1
    draw()
  else
    ask(INVOKED, offer and 2 or 1)
  end
end

---Take the ghost text away until something is typed.
function M.dismiss()
  give_up()
  offer = nil
  drawing.hide()
end

return M
