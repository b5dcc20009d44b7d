-- Completion menus: Neovim's own, blink.cmp's and nvim-cmp's. Asks only what is loaded already.

local M = {}

---@type table<string, fun(plugin: table): boolean?>
local plugins = {
  ['blink.cmp'] = function(blink)
    return blink.is_menu_visible and blink.is_menu_visible()
  end,
  ['cmp'] = function(cmp)
    return cmp.visible and cmp.visible()
  end,
}

---Tell whether a menu is open.
---@return boolean
function M.is_open()
  if vim.fn.pumvisible() == 1 then
    return true
  end
  for name, visible in pairs(plugins) do
    local plugin = package.loaded[name]
    -- A plugin that changed its interface is no reason for an error at every key.
    if type(plugin) == 'table' then
      local ok, open = pcall(visible, plugin)
      if ok and open then
        return true
      end
    end
  end
  return false
end

---Call `changed` whenever a menu opens or closes. nvim-cmp has no autocommands for that; its menu opens
---and closes at keys, which are looked at anyway.
---@param group integer augroup
---@param changed fun()
function M.watch(group, changed)
  vim.api.nvim_create_autocmd({ 'CompleteChanged', 'CompleteDone' }, {
    group = group,
    callback = vim.schedule_wrap(changed), -- the menu is open, or gone, only after the event
  })
  vim.api.nvim_create_autocmd('User', {
    group = group,
    pattern = { 'BlinkCmpMenuOpen', 'BlinkCmpMenuClose' },
    callback = vim.schedule_wrap(changed),
  })
end

return M
