--- What `:Asyncwise NAME` does, and what the commands of the server's lenses and actions do in Neovim.
local view = require("asyncwise.view")

local M = {}

local function warn(message)
  vim.notify("asyncwise: " .. message, vim.log.levels.WARN)
end

--- The client of the current buffer, or a word about its absence.
local function client_here()
  local client = require("asyncwise").client()
  if not client then
    warn("the server does not run for this buffer; :checkhealth asyncwise tells why")
  end
  return client
end

--- Calls a method of the client under 0.11 and newer, and the field of that name before.
local function call(client, method, ...)
  if vim.fn.has("nvim-0.11") == 1 then
    return client[method](client, ...)
  end
  return client[method](...)
end

--- Has the server carry out one of its commands, and hands its answer on.
local function execute(client, command, arguments, take)
  local params = { command = command, arguments = arguments }
  call(client, "request", "workspace/executeCommand", params, function(err, result)
    if err then
      warn(err.message)
    elseif take then
      take(result)
    end
  end)
end

local function show_path(client, arguments)
  execute(client, "asyncwise.showPath", arguments, function(paths)
    if not paths or #paths == 0 then
      vim.notify("asyncwise: no path from a coroutine leads through this")
      return
    end
    view.paths(paths, client.offset_encoding)
  end)
end

local function explain(client, rule)
  execute(client, "asyncwise.explain", { rule }, function(page)
    view.scratch("asyncwise explain " .. rule, vim.split(page, "\n"), "markdown")
  end)
end

--- The command line program: the first word of what starts the server.
local function program(client)
  local cmd = client and client.config.cmd
  return type(cmd) == "table" and cmd[1] or "asyncwise"
end

--- The findings of asyncwise in the line of the cursor, that under the cursor first.
local function findings_here()
  local line, column = unpack(vim.api.nvim_win_get_cursor(0))
  local found = vim.tbl_filter(function(diagnostic)
    return diagnostic.source == "asyncwise"
  end, vim.diagnostic.get(0, { lnum = line - 1 }))
  local function is_under_cursor(d)
    return d.col <= column and (column < d.end_col or d.end_lnum > d.lnum)
  end
  table.sort(found, function(a, b)
    if is_under_cursor(a) ~= is_under_cursor(b) then
      return is_under_cursor(a)
    end
    return a.col < b.col
  end)
  return found
end

--- What the lenses and actions of the server name; `vim.lsp` calls these in its place.
---@type table<string, fun(command: lsp.Command, context: table)>
M.of_server = {
  ["asyncwise.showPath"] = function(command, context)
    show_path(assert(vim.lsp.get_client_by_id(context.client_id)), command.arguments)
  end,
  ["asyncwise.explain"] = function(command, context)
    explain(assert(vim.lsp.get_client_by_id(context.client_id)), command.arguments[1])
  end,
}

local commands = {}

--- Starts the server anew for the buffers that it serves.
function commands.restart()
  local client = require("asyncwise").client() or vim.lsp.get_clients({ name = "asyncwise" })[1]
  if not client then
    warn("the server does not run; :edit the file again, or see :checkhealth asyncwise")
    return
  end
  local buffers, config = vim.tbl_keys(client.attached_buffers), client.config
  call(client, "stop")
  local timer, tries = assert(vim.uv.new_timer()), 0
  timer:start(50, 50, vim.schedule_wrap(function()
    tries = tries + 1
    local is_stopped = vim.lsp.get_client_by_id(client.id) == nil
    if timer:is_closing() or not (is_stopped or tries > 100) then
      return
    end
    timer:close()
    if not is_stopped then
      call(client, "stop", true)
    end
    for _, bufnr in ipairs(buffers) do
      if vim.api.nvim_buf_is_loaded(bufnr) then
        vim.lsp.start(config, { bufnr = bufnr })
      end
    end
  end))
end

--- The ways from coroutines to the call or function under the cursor, in the quickfix list.
function commands.path()
  local client = client_here()
  if client then
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    show_path(client, { params.textDocument.uri, params.position })
  end
end

--- The chain of the finding in this line, in the location list: `:lnext` goes to its next step.
function commands.chain()
  local found = findings_here()
  for _, diagnostic in ipairs(found) do
    if view.chain(diagnostic) then
      return
    end
  end
  warn(#found == 0 and "there is no finding in this line" or "this finding has no chain: its cause is in this line")
end

--- The page of a rule; that of the finding in this line without a name.
function commands.explain(rule)
  local client = client_here()
  local finding = findings_here()[1]
  rule = rule or (finding and finding.code)
  if client and rule then
    explain(client, rule)
  elseif client then
    warn("there is no finding in this line; name a rule: :Asyncwise explain RULE")
  end
end

--- A report on the whole project; with `html` as a page in the browser.
function commands.audit(format)
  local client = client_here()
  if not client then
    return
  end
  local root = client.config.root_dir or vim.fn.getcwd()
  local page = format == "html" and vim.fn.tempname() .. ".html"
  local line = { program(client), "audit", "--quiet", "--format", page and "html" or "markdown" }
  if page then
    vim.list_extend(line, { "--output", page })
  end
  vim.notify("asyncwise: making the report of " .. root)
  vim.system(line, { cwd = root, text = true }, vim.schedule_wrap(function(done)
    if done.code ~= 0 then
      warn(vim.trim(done.stderr))
    elseif page then
      -- Where no browser comes up, the user needs the path.
      vim.notify("asyncwise: the report is " .. page)
      local _, problem = vim.ui.open(page)
      if problem then
        warn(("no browser opens it: %s"):format(problem))
      end
    else
      view.scratch("asyncwise audit", vim.split(done.stdout, "\n"), "markdown")
    end
  end))
end

--- Applies the safe fixes of this buffer.
function commands.fixall()
  local client = client_here()
  if client then
    execute(client, "asyncwise.fixAll", { vim.uri_from_bufnr(0) })
  end
end

--- Versions, settings, sizes and times, for a bug report.
function commands.info()
  local client = client_here()
  if client then
    execute(client, "asyncwise.debugInformation", {}, function(text)
      view.scratch("asyncwise info", vim.split(vim.trim(text), "\n"), "")
    end)
  end
end

--- The file with what servers and clients say.
function commands.log()
  local path = vim.lsp.log and vim.lsp.log.get_filename and vim.lsp.log.get_filename() or vim.lsp.get_log_path()
  vim.cmd.tabnew(vim.fn.fnameescape(path))
  vim.cmd("normal! G")
end

--- Carries out `:Asyncwise WORDS`.
---@param words string[]
function M.run(words)
  local command = commands[words[1]]
  if not command then
    warn(("there is no command `%s`; there are %s"):format(words[1], table.concat(M.names(), ", ")))
    return
  end
  command(words[2])
end

--- The names of the commands, sorted.
function M.names()
  local names = vim.tbl_keys(commands)
  table.sort(names)
  return names
end

local function rules()
  local done = vim.system({ program(require("asyncwise").client()), "rules", "--output-format", "json" }):wait(2000)
  local ok, list = pcall(vim.json.decode, done.stdout or "")
  return vim.tbl_map(function(rule)
    return rule.name
  end, ok and list or {})
end

--- The words that may stand at the end of a command line.
function M.complete(lead, line)
  local before = vim.split(vim.trim(line:sub(1, #line - #lead)), "%s+")
  local words = {}
  if #before == 1 then
    words = M.names()
  elseif before[2] == "explain" then
    words = rules()
  elseif before[2] == "audit" then
    words = { "html" }
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, words)
end

return M
