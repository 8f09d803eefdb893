--- `:checkhealth asyncwise`
local M = {}

local health = vim.health

local function check_neovim()
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. tostring(vim.version()))
  elseif vim.fn.has("nvim-0.10") == 1 then
    health.ok("Neovim " .. tostring(vim.version()) .. ": use require('asyncwise').setup()")
  else
    health.error("Neovim 0.10 or newer is needed, this is " .. tostring(vim.version()))
  end
end

--- What starts the server: that of the running client, else that of the configuration.
local function command()
  local client = vim.lsp.get_clients({ name = "asyncwise" })[1]
  local cmd = (client and client.config or require("asyncwise").config()).cmd
  return type(cmd) == "table" and cmd[1] or nil
end

local function check_program()
  local name = command()
  if not name then
    health.info("the server is started by a function: its program is not looked at")
    return
  end
  local path = vim.fn.exepath(name)
  if path == "" then
    local cmd = '{ cmd = { "/path/to/asyncwise", "server" } }'
    local call = vim.lsp.config and 'vim.lsp.config("asyncwise", %s)' or 'require("asyncwise").setup(%s)'
    health.error(("`%s` is not a program on the PATH of Neovim"):format(name), {
      "install asyncwise, see :help asyncwise-install",
      "or name it: " .. call:format(cmd),
    })
    return
  end
  local done = vim.system({ path, "--version" }, { text = true }):wait(5000)
  if done.code == 0 then
    health.ok(("%s (%s)"):format(vim.trim(done.stdout), path))
  else
    health.error(("%s cannot be run: %s"):format(path, vim.trim(done.stderr or "")), "is it built for this machine?")
  end
end

local function check_clients()
  local is_enabled = vim.lsp.is_enabled and vim.lsp.is_enabled("asyncwise")
  if is_enabled == false then
    health.warn("the server is not enabled", 'vim.lsp.enable("asyncwise")')
  end
  local clients = vim.lsp.get_clients({ name = "asyncwise" })
  if #clients == 0 then
    health.info("the server does not run: it starts with the first Python file")
  end
  for _, client in ipairs(clients) do
    -- Neovim 0.10 does not keep it.
    local version = client.server_info and client.server_info.version
    local server = version and "server " .. version or "the server"
    local count = vim.tbl_count(client.attached_buffers)
    health.ok(("%s runs for %d %s"):format(server, count, count == 1 and "buffer" or "buffers"))
    health.info("root: " .. (client.config.root_dir or "none: each file is checked with the folder it lies in"))
    local settings = vim.tbl_get(client, "config", "settings", "asyncwise") or {}
    health.info("settings: " .. (next(settings) and vim.json.encode(settings) or "the defaults"))
  end
end

--- Entry point of `:checkhealth`.
function M.check()
  health.start("asyncwise")
  check_neovim()
  check_program()
  check_clients()
end

return M
