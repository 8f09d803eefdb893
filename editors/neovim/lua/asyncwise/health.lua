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
  local config = client and client.config or (vim.lsp.config and vim.lsp.config.asyncwise)
  local cmd = config and config.cmd or { "asyncwise", "server" }
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
    health.error(("`%s` is not a program on the PATH of Neovim"):format(name), {
      "install asyncwise, see :help asyncwise-install",
      'or name it: vim.lsp.config("asyncwise", { cmd = { "/path/to/asyncwise", "server" } })',
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
    local version = client.server_info and client.server_info.version or "of an unknown version"
    health.ok(("server %s runs for %d buffers"):format(version, vim.tbl_count(client.attached_buffers)))
    health.info("root: " .. (client.config.root_dir or "none: each file is checked with the folder it lies in"))
    health.info("settings: " .. vim.inspect(client.settings and client.settings.asyncwise or vim.empty_dict()))
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
