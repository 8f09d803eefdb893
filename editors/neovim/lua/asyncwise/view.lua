--- How answers of the server are shown: lists of places to step through, and pages.
local M = {}

--- A buffer for reading, in a window of its own; a second answer of the same name takes its place.
---@param name string
---@param lines string[]
---@param filetype string
function M.scratch(name, lines, filetype)
  local bufnr = vim.fn.bufnr("^" .. vim.fn.escape(name, "[]*?{}$^\\ ") .. "$")
  if bufnr == -1 then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, name)
    vim.bo[bufnr].bufhidden = "wipe"
    vim.keymap.set("n", "q", "<cmd>close<cr>", { buffer = bufnr, desc = "Close this page" })
  end
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = filetype
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    vim.cmd("sbuffer " .. bufnr)
  else
    vim.api.nvim_set_current_win(window)
  end
end

--- An entry of a quickfix list for a place.
local function item(location, message, encoding)
  local found = vim.lsp.util.locations_to_items({ location }, encoding)[1]
  found.text = message
  return found
end

--- Shows paths, each with its title and its steps, in the quickfix list.
---@param paths { title: string, steps: { message: string, location: lsp.Location }[] }[]
---@param encoding string of the columns
function M.paths(paths, encoding)
  local items = {}
  for _, path in ipairs(paths) do
    table.insert(items, { text = path.title, valid = 0 })
    for _, step in ipairs(path.steps) do
      table.insert(items, item(step.location, step.message, encoding))
    end
  end
  vim.fn.setqflist({}, " ", { title = "asyncwise: " .. paths[1].title, items = items })
  vim.cmd("botright copen")
end

--- Shows a finding and the steps to its cause in the location list.
---@param diagnostic vim.Diagnostic
---@return boolean shown whether it has steps
function M.chain(diagnostic)
  local sent = vim.tbl_get(diagnostic, "user_data", "lsp") or {}
  local steps = sent.relatedInformation or {}
  if #steps == 0 then
    return false
  end
  local client = require("asyncwise").client(diagnostic.bufnr)
  local items = {
    {
      bufnr = diagnostic.bufnr,
      lnum = diagnostic.lnum + 1,
      col = diagnostic.col + 1,
      text = diagnostic.message,
    },
  }
  for _, step in ipairs(steps) do
    table.insert(items, item(step.location, step.message, client and client.offset_encoding or "utf-16"))
  end
  local window = vim.api.nvim_get_current_win()
  vim.fn.setloclist(window, {}, " ", { title = "asyncwise: " .. sent.code, items = items })
  vim.cmd("lopen")
  return true
end

return M
