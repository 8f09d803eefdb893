;;; asyncwise.el --- async-correctness bugs in Python, from the asyncwise language server  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "29.1"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: MIT OR Apache-2.0

;;; Commentary:

;; Registers `asyncwise server' with eglot, for Python, and adds commands.
;; To use: (require 'asyncwise), then M-x eglot in a Python buffer.
;; Eglot runs one server in a buffer: see the README for what that means if
;; you use another one for completion.

;;; Code:

(require 'eglot)
(require 'seq)

(defgroup asyncwise nil
  "Async-correctness bugs in Python."
  :group 'tools)

(defcustom asyncwise-command '("asyncwise" "server")
  "The language server and its arguments."
  :type '(repeat string))

(defcustom asyncwise-settings nil
  "Settings of the server, as a property list.
An example: (:inlayHints t :minConfidence \"likely\")."
  :type 'plist)

;;;###autoload
(defun asyncwise-register ()
  "Have eglot use asyncwise for Python."
  (add-to-list 'eglot-server-programs
               `((python-mode python-ts-mode)
                 . ,(append asyncwise-command
                            (and asyncwise-settings `(:initializationOptions ,asyncwise-settings))))))

(asyncwise-register)

(defun asyncwise--execute (command &rest arguments)
  "Have the server of this buffer carry out COMMAND with ARGUMENTS."
  (jsonrpc-request (eglot--current-server-or-lose) :workspace/executeCommand
                   `(:command ,command :arguments ,(vconcat arguments))))

(defun asyncwise--page (name text)
  "Show TEXT in the buffer NAME."
  (with-current-buffer (get-buffer-create name)
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

(defun asyncwise-fix-all ()
  "Apply the safe fixes of this buffer."
  (interactive)
  (asyncwise--execute "asyncwise.fixAll" (eglot-path-to-uri buffer-file-name)))

;;;###autoload
(defun asyncwise-fix-on-save ()
  "Apply the safe fixes of this buffer before each save, if asyncwise serves it.
For `eglot-managed-mode-hook', which runs wherever eglot begins or ends."
  (if (asyncwise--serves-p)
      (add-hook 'before-save-hook #'asyncwise-fix-all nil t)
    (remove-hook 'before-save-hook #'asyncwise-fix-all t)))

(defun asyncwise--serves-p ()
  "Whether the server of this buffer is asyncwise."
  (let ((server (and (eglot-managed-p) (eglot-current-server))))
    (and server (equal (plist-get (eglot--server-info server) :name) "asyncwise"))))

(defun asyncwise-explain (rule)
  "Show the page of RULE; by default of the finding at point."
  (interactive
   (let* ((here (seq-some (lambda (d) (and (string-match "\\[\\([a-z-]+\\)\\]" (flymake-diagnostic-text d))
                                           (match-string 1 (flymake-diagnostic-text d))))
                          (flymake-diagnostics (line-beginning-position) (line-end-position)))))
     (list (read-string (format-prompt "Rule" here) nil nil here))))
  (asyncwise--page (format "*asyncwise explain %s*" rule) (asyncwise--execute "asyncwise.explain" rule)))

(defun asyncwise-debug-information ()
  "Show versions, settings, sizes and times, for a bug report."
  (interactive)
  (asyncwise--page "*asyncwise information*" (asyncwise--execute "asyncwise.debugInformation")))

(defun asyncwise-audit ()
  "Show a report on the project of this buffer."
  (interactive)
  (let ((default-directory (project-root (eglot--project (eglot--current-server-or-lose)))))
    (with-temp-buffer
      (unless (zerop (call-process (car asyncwise-command) nil t nil "audit" "--quiet"))
        (error "The audit failed: %s" (buffer-string)))
      (asyncwise--page "*asyncwise audit*" (buffer-string)))))

(provide 'asyncwise)
;;; asyncwise.el ends here
