-- The language server's configuration for `vim.lsp.enable("asyncwise")`, Neovim 0.11 or newer. What you give to
-- `vim.lsp.config("asyncwise", { ... })` goes over it.
return require("asyncwise").default_config()
