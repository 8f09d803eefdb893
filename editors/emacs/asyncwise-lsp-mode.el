;;; asyncwise-lsp-mode.el --- The asyncwise language server as a client of lsp-mode  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (lsp-mode "8.0.0"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: MIT OR Apache-2.0

;;; Commentary:

;; Registers `asyncwise server' with lsp-mode, for Python, beside the server
;; that you have for completion.  To use: (require 'asyncwise-lsp-mode), then
;; M-x lsp in a Python buffer.

;;; Code:

(require 'lsp-mode)

(defgroup asyncwise-lsp nil
  "Async-correctness bugs in Python."
  :group 'lsp-mode)

(defcustom asyncwise-lsp-command '("asyncwise" "server")
  "The language server and its arguments."
  :type '(repeat string))

(defcustom asyncwise-lsp-settings nil
  "Settings of the server, as a property list.
An example: (:inlayHints t :minConfidence \"likely\")."
  :type 'plist)

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection (lambda () asyncwise-lsp-command))
  :activation-fn (lsp-activate-on "python")
  :server-id 'asyncwise
  :add-on? t
  :initialization-options (lambda () asyncwise-lsp-settings)))

(defun asyncwise-lsp-fix-all ()
  "Apply the safe fixes of this buffer."
  (interactive)
  (lsp-execute-code-action-by-kind "source.fixAll.asyncwise"))

(provide 'asyncwise-lsp-mode)
;;; asyncwise-lsp-mode.el ends here
