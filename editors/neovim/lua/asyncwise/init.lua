--- asyncwise in Neovim: the configuration of the client, and fixing on save.
local M = {}

--- The name of the client.
M.NAME = "asyncwise"

--- The files that mark the root of a project, the best first.
M.ROOT_MARKERS = { "asyncwise.toml", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", ".git" }

--- How long the server may take over what is done before a file is written, in milliseconds.
local FIX_TIMEOUT = 2000

--- What `lsp/asyncwise.lua` gives to `vim.lsp.config`.
---@return vim.lsp.ClientConfig
function M.default_config()
  local commands = require("asyncwise.commands")
  return {
    cmd = { "asyncwise", "server" },
    filetypes = { "python" },
    root_markers = M.ROOT_MARKERS,
    settings = { asyncwise = vim.empty_dict() },
    -- Tells the server that this client shows paths and pages of rules itself.
    capabilities = { experimental = { ["asyncwise.showPath"] = true } },
    commands = commands.of_server,
  }
end

--- The client that serves a buffer.
---@param bufnr? integer the current one without it
---@return vim.lsp.Client?
function M.client(bufnr)
  return vim.lsp.get_clients({ name = M.NAME, bufnr = bufnr or vim.api.nvim_get_current_buf() })[1]
end

--- What `setup()` was given, on Neovim 0.10.
---@type vim.lsp.ClientConfig?
local own_config

--- What the server is started with.
---@return vim.lsp.ClientConfig
function M.config()
  return vim.lsp.config and vim.lsp.config[M.NAME] or own_config or M.default_config()
end

--- Neovim 0.10 has no `vim.lsp.enable`: starts the server for each buffer of a Python file.
local function start_by_autocommand(config)
  -- What 0.11 does with these by itself.
  config.capabilities =
    vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), config.capabilities)
  local group = vim.api.nvim_create_augroup("asyncwise.start", {})
  local function start(bufnr)
    if vim.bo[bufnr].buftype ~= "" then
      return
    end
    local own = vim.tbl_extend("force", config, { name = M.NAME, root_dir = vim.fs.root(bufnr, config.root_markers) })
    vim.lsp.start(own, { bufnr = bufnr })
  end
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = config.filetypes,
    callback = function(event)
      start(event.buf)
    end,
  })
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.tbl_contains(config.filetypes, vim.bo[bufnr].filetype) then
      start(bufnr)
    end
  end
end

--- Applies the safe fixes of a buffer, and waits for it: for use before a file is written.
---@param bufnr? integer the current one without it
---@param timeout? integer milliseconds
---@return boolean changed
function M.fix_all(bufnr, timeout)
  bufnr = bufnr or vim.api.nvim_get_current_buf()
  timeout = timeout or FIX_TIMEOUT
  local client = M.client(bufnr)
  if not client then
    return false
  end
  local ask = function(method, params)
    -- A method of the client since 0.11, a field before.
    local answer
    if vim.fn.has("nvim-0.11") == 1 then
      answer = client:request_sync(method, params, timeout, bufnr)
    else
      answer = client.request_sync(method, params, timeout, bufnr)
    end
    return answer and not answer.err and answer.result or nil
  end
  local last = vim.api.nvim_buf_line_count(bufnr)
  local actions = ask("textDocument/codeAction", {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    range = { start = { line = 0, character = 0 }, ["end"] = { line = last, character = 0 } },
    context = { diagnostics = {}, only = { "source.fixAll.asyncwise" } },
  })
  local action = actions and actions[1]
  if action and not action.edit then
    action = ask("codeAction/resolve", action)
  end
  if not action or not action.edit then
    return false
  end
  vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  return true
end

---@class asyncwise.Options
---@field cmd? string[] the server and its arguments
---@field settings? table the server's settings, such as `{ inlayHints = true }`
---@field root_markers? string[]
---@field fix_on_save? boolean apply safe fixes before a file is written

--- Starts the server for Python files. On 0.11 and newer it is the same as `vim.lsp.config` and `vim.lsp.enable`.
---@param options? asyncwise.Options
function M.setup(options)
  options = options or {}
  local config = { cmd = options.cmd, root_markers = options.root_markers }
  if options.settings then
    config.settings = { asyncwise = options.settings }
  end
  if vim.fn.has("nvim-0.11") == 1 then
    vim.lsp.config(M.NAME, config)
    vim.lsp.enable(M.NAME)
  else
    own_config = vim.tbl_extend("force", M.default_config(), config)
    start_by_autocommand(own_config)
  end
  local group = vim.api.nvim_create_augroup("asyncwise.save", {})
  if options.fix_on_save then
    vim.api.nvim_create_autocmd("BufWritePre", {
      group = group,
      callback = function(event)
        M.fix_all(event.buf)
      end,
    })
  end
end

return M
