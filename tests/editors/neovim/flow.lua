-- The work of a user in Neovim, step by step; see `run`. Each step waits for what it expects to see.
local flow = {}

function flow.ok(message)
  io.stdout:write("  ok: ", message, "\n")
end

function flow.fail(message)
  io.stdout:write("FAILED: ", message, "\n")
  io.stdout:write(vim.fn.execute("messages"), "\n")
  vim.cmd("cquit 1")
end

function flow.expect(what, condition)
  if not vim.wait(60000, condition, 20) then
    flow.fail("this did not happen: " .. what)
  end
  flow.ok(what)
end

function flow.diagnostic(code)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    if diagnostic.code == code then
      return diagnostic
    end
  end
end

function flow.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

function flow.on_disk(file)
  return table.concat(vim.fn.readfile(file), "\n")
end

function flow.go_to(diagnostic)
  vim.api.nvim_win_set_cursor(0, { diagnostic.lnum + 1, diagnostic.col })
end

--- The text of the floating window, if there is one.
function flow.float()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\n")
    end
  end
  return ""
end

--- The text of the current buffer once it holds `words`.
function flow.page(what, words)
  flow.expect(what, function()
    return flow.text():find(words, 1, true) ~= nil
  end)
end

--- Opens the orders, and waits for what is wrong there.
function flow.open_project()
  vim.cmd.edit("shop/orders.py")
  flow.expect("orders.py shows its findings", function()
    return flow.diagnostic("nested-event-loop") and flow.diagnostic("blocking-call") and true
  end)
  local nested = flow.diagnostic("nested-event-loop")
  if nested.message ~= "asyncio.run() raises here: an event loop is already running" then
    flow.fail("the message is " .. nested.message)
  end
  flow.ok("the finding says: " .. nested.message)
end

function flow.hover()
  flow.go_to(flow.diagnostic("blocking-call"))
  vim.lsp.buf.hover()
  flow.expect("the hover tells what the call leads to", function()
    return flow.float():find("blocks", 1, true) ~= nil
  end)
  vim.cmd("silent! fclose!")
end

--- From the finding to its cause, two files on.
function flow.follow_chain()
  flow.go_to(flow.diagnostic("blocking-call"))
  vim.cmd("Asyncwise chain")
  vim.cmd("wincmd p")
  vim.cmd("llast")
  flow.expect("the last step of the chain is time.sleep() in bank.py", function()
    local line = vim.api.nvim_get_current_line()
    return vim.fn.expand("%:t") == "bank.py" and line:find("time.sleep", 1, true) ~= nil
  end)
  vim.cmd("lclose")
  vim.cmd("edit shop/orders.py")
end

--- The quick fix of the finding, chosen as `gra` does.
function flow.quick_fix()
  flow.go_to(flow.diagnostic("nested-event-loop"))
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find("by await", 1, true) ~= nil
    end,
  })
  flow.expect("the quick fix replaces asyncio.run by await", function()
    return flow.text():find('return await refund(order["total"])', 1, true) ~= nil
  end)
  flow.expect("its finding is gone", function()
    return not flow.diagnostic("nested-event-loop")
  end)
end

--- `fix_on_save` of the configuration.
function flow.save()
  vim.cmd("silent write")
  local text = flow.on_disk("shop/orders.py")
  if not text:find("await save(order)", 1, true) then
    flow.fail("saving did not apply the safe fixes:\n" .. text)
  end
  flow.ok("saving applies the safe fixes, and writes the quick fix")
end

--- An edit in one file, seen in the other without saving.
function flow.edit_helper()
  local orders = vim.api.nvim_get_current_buf()
  vim.cmd.edit("shop/bank.py")
  local line = vim.fn.search("time.sleep")
  vim.api.nvim_buf_set_lines(0, line - 1, line, false, {})
  local function blocking()
    return #vim.tbl_filter(function(d)
      return d.code == "blocking-call"
    end, vim.diagnostic.get(orders))
  end
  flow.expect("without time.sleep() in bank.py orders.py blocks no longer", function()
    return blocking() == 0
  end)
  vim.api.nvim_buf_set_lines(0, line - 1, line - 1, false, { "    time.sleep(2)" })
  flow.expect("with it, the finding appears in orders.py", function()
    return blocking() == 1
  end)
  vim.cmd("silent write")
end

function flow.commands()
  vim.cmd.edit("shop/orders.py")
  flow.go_to(flow.diagnostic("blocking-call"))
  vim.cmd("Asyncwise path")
  flow.expect("the path to this call is in the quickfix list", function()
    local items = vim.fn.getqflist()
    return #items > 1 and vim.tbl_contains(vim.tbl_map(function(item)
      return vim.fn.fnamemodify(vim.fn.bufname(item.bufnr), ":t")
    end, items), "orders.py")
  end)
  vim.cmd("cclose")
  vim.cmd("Asyncwise explain")
  flow.page("the rule of the finding is explained", "What it does")
  vim.cmd("close")
  vim.cmd("Asyncwise audit")
  flow.page("the report of the project is shown", "Bridges")
  vim.cmd("close")
  vim.cmd("Asyncwise info")
  flow.page("versions and sizes are told", "project ")
  vim.cmd("close")
  local names = vim.fn.getcompletion("Asyncwise ", "cmdline")
  local rules = vim.fn.getcompletion("Asyncwise explain blocking", "cmdline")
  if not vim.tbl_contains(names, "restart") or not vim.deep_equal(rules, { "blocking-call" }) then
    flow.fail("the completion gives " .. vim.inspect({ names, rules }))
  end
  flow.ok("commands and rules are completed")
end

function flow.restart()
  local before = require("asyncwise").client().id
  vim.cmd("Asyncwise restart")
  flow.expect("the server is started anew", function()
    local client = require("asyncwise").client()
    return client and client.id ~= before and client.initialized
  end)
  flow.expect("the findings are there again", function()
    return flow.diagnostic("blocking-call") ~= nil
  end)
end

function flow.health()
  vim.cmd("checkhealth asyncwise")
  flow.page(":checkhealth asyncwise finds the server running", "runs for")
  local text = flow.text()
  if text:find("ERROR", 1, true) or text:find("WARNING", 1, true) or text:find("empty_dict", 1, true) then
    flow.fail(text)
  end
  if not text:find("runs for %d+ buffer") or not text:find("settings: the defaults", 1, true) then
    flow.fail(text)
  end
end

function flow.help()
  vim.cmd("silent helptags ALL")
  vim.cmd("help asyncwise-commands")
  flow.page(":help asyncwise is there", "asyncwise-commands")
end

function flow.leave()
  for _, client in ipairs(vim.lsp.get_clients()) do
    if vim.fn.has("nvim-0.11") == 1 then
      client:stop()
    else
      client.stop()
    end
  end
  flow.expect("the server ends when it is told", function()
    return #vim.lsp.get_clients() == 0
  end)
  vim.cmd("qall!")
end

local function all()
  flow.open_project()
  flow.hover()
  flow.follow_chain()
  flow.quick_fix()
  flow.save()
  flow.edit_helper()
  flow.commands()
  flow.restart()
  flow.health()
  flow.help()
  flow.leave()
end

local ok, message = xpcall(all, debug.traceback)
if not ok then
  flow.fail(message)
end
