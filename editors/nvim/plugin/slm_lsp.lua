-- Everything else is loaded when it is used.
vim.api.nvim_create_user_command('SlmLsp', function(call)
  require('slm_lsp.command').run(call)
end, {
  nargs = '*',
  range = true,
  desc = 'Ghost text from a model on this machine',
  complete = function(word, line)
    return require('slm_lsp.command').complete(word, line)
  end,
})
for _, name in ipairs({ 'accept', 'accept_word', 'accept_line', 'next', 'prev', 'dismiss' }) do
  vim.keymap.set('i', ('<Plug>(slm-lsp-%s)'):format((name:gsub('_', '-'))), function()
    require('slm_lsp')[name]()
  end, { desc = 'Ghost text: ' .. name:gsub('_', ' ') })
end
