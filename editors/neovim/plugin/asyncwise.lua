if vim.g.loaded_asyncwise then
  return
end
vim.g.loaded_asyncwise = true

vim.api.nvim_create_user_command("Asyncwise", function(arguments)
  require("asyncwise.commands").run(arguments.fargs)
end, {
  nargs = "+",
  desc = "Commands of the asyncwise language server",
  complete = function(lead, line)
    return require("asyncwise.commands").complete(lead, line)
  end,
})
