-- Which part of a completion is taken over, and what is left of it. No editor in here.

local M = {}

---@alias slm_lsp.Part 'all'|'word'|'line'

---@type table<slm_lsp.Part, fun(text: string): string>
local parts = {
  all = function(text)
    return text
  end,
  -- With what is blank before it: a word, or what stands between two words. Bytes from 128 on belong
  -- to letters, so a character is never cut.
  word = function(text)
    local blank = text:match('^%s*')
    local from = #blank + 1
    return blank .. (text:match('^[%w_\128-\255]+', from) or text:match('^[^%w_%s\128-\255]*', from))
  end,
  line = function(text)
    return text:match('^\n*[^\n]*')
  end,
}

---Return the beginning of `text` that is taken over; never empty unless `text` is.
---@param text string
---@param part slm_lsp.Part
---@return string
function M.first(text, part)
  return parts[part](text)
end

---Return what is left of `text` behind `typed`, or nil if it does not begin with that.
---@param text string
---@param typed string
---@return string?
function M.after(text, typed)
  if vim.startswith(text, typed) then
    return text:sub(#typed + 1)
  end
end

---Return `text` with each tab as the blanks it takes, because virtual text shows tabs as `^I`.
---@param text string one line
---@param column integer the display column, from 0, at which it begins
---@param tabstop integer
---@return string
function M.without_tabs(text, column, tabstop)
  if not text:find('\t', 1, true) then
    return text
  end
  local done = ''
  for before, tab in text:gmatch('([^\t]*)(\t?)') do
    done = done .. before
    if tab ~= '' then
      local at = column + vim.fn.strdisplaywidth(done, column)
      done = done .. (' '):rep(tabstop - at % tabstop)
    end
  end
  return done
end

---Return the length of `text` in the units that the protocol's feedback counts.
---@param text string
---@return integer
function M.utf16_length(text)
  if vim.fn.has('nvim-0.11') == 1 then
    return vim.str_utfindex(text, 'utf-16')
  end
  local _, length = vim.str_utfindex(text)
  return length
end

return M
