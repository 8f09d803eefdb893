;;; flow.el --- The work of a user in Emacs with eglot, step by step; see `run'  -*- lexical-binding: t -*-

(require 'eglot)
(require 'flymake)
(require 'cl-lib)

(defun flow-ok (format-string &rest arguments)
  "Say that a step went as it should."
  (princ (concat "  ok: " (apply #'format format-string arguments) "\n")))

(defun flow-fail (format-string &rest arguments)
  "End the test."
  (princ (concat "FAILED: " (apply #'format format-string arguments) "\n"))
  (kill-emacs 1))

(defun flow-expect (what condition)
  "Wait until the function CONDITION gives something, and return it."
  (let ((end (+ (float-time) 60)) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      ;; Without a screen there is no idle time, in which eglot tells of edits.
      (eglot--signal-textDocument/didChange)
      (flymake-start)
      (accept-process-output nil 0.05))
    (unless value (flow-fail "this did not happen: %s" what))
    (flow-ok "%s" what)
    value))

(defun flow-finding (words)
  "The diagnostic of this buffer whose text has WORDS."
  (cl-find-if (lambda (d) (string-search words (flymake-diagnostic-text d))) (flymake-diagnostics)))

(defun flow-has (words)
  "Whether this buffer has WORDS."
  (save-excursion (goto-char (point-min)) (search-forward words nil t)))

(defun flow-on-disk (file)
  "The text of FILE."
  (with-temp-buffer (insert-file-contents file) (buffer-string)))

(defun flow-act (words beg end)
  "Choose the action whose title has WORDS between BEG and END."
  (let* ((actions (append (eglot-code-actions beg end nil nil) nil))
         (action (cl-find-if (lambda (a) (string-search words (plist-get a :title))) actions)))
    (unless action (flow-fail "no action has `%s' in its title: %s" words (mapcar (lambda (a) (plist-get a :title)) actions)))
    (eglot-execute (eglot-current-server) action)))

(defun flow-open-project ()
  (add-hook 'eglot-managed-mode-hook #'asyncwise-fix-on-save)
  (find-file "shop/orders.py")
  (python-mode)
  (eglot-ensure)
  (unless (eglot-current-server) (apply #'eglot (eglot--guess-contact)))
  (let ((finding (flow-expect "orders.py shows its findings" (lambda () (flow-finding "already running")))))
    (flow-ok "the finding says: %s" (flymake-diagnostic-text finding))))

(defun flow-hover ()
  (goto-char (flymake-diagnostic-beg (flow-finding "charge() blocks")))
  (let* ((hover (eglot--request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams)))
         (text (eglot--hover-info (plist-get hover :contents) (plist-get hover :range))))
    (unless (string-search "transfer calls time.sleep(), which blocks the thread" text) (flow-fail "the hover is: %s" text))
    (flow-ok "the hover tells the chain through the other files")))

(defun flow-quick-fix ()
  (let ((finding (flow-finding "already running")))
    (flow-act "by await" (flymake-diagnostic-beg finding) (flymake-diagnostic-end finding)))
  (flow-expect "the quick fix replaces asyncio.run by await" (lambda () (flow-has "return await refund(order[\"total\"])")))
  (flow-expect "its finding is gone" (lambda () (not (flow-finding "already running")))))

(defun flow-save ()
  (save-buffer)
  (flow-expect "saving applies all safe fixes" (lambda () (flow-has "await save(order)")))
  (set-buffer-modified-p t)
  (save-buffer)
  (unless (string-search "await save(order)" (flow-on-disk "orders.py")) (flow-fail "the file was not saved"))
  (flow-ok "they are saved"))

(defun flow-edit-helper ()
  (let ((orders (current-buffer)))
    (find-file "bank.py")
    (python-mode)
    (eglot-ensure)
    (unless (eglot-managed-p) (eglot--maybe-activate-editing-mode))
    (goto-char (point-min))
    (search-forward "    time.sleep(2)\n")
    (replace-match "")
    (eglot--signal-textDocument/didChange)
    (with-current-buffer orders
      (flow-expect "without time.sleep() in bank.py orders.py blocks no longer" (lambda () (not (flow-finding "charge() blocks")))))
    (insert "    time.sleep(2)\n")
    (eglot--signal-textDocument/didChange)
    (with-current-buffer orders
      (flow-expect "with it, the finding appears in orders.py" (lambda () (flow-finding "charge() blocks"))))))

(defun flow-commands ()
  (asyncwise-explain "blocking-call")
  (asyncwise-debug-information)
  (asyncwise-audit)
  (dolist (page '(("*asyncwise explain blocking-call*" . "What it does") ("*asyncwise information*" . "project ")
                  ("*asyncwise audit*" . "Bridges")))
    (with-current-buffer (car page)
      (unless (flow-has (cdr page)) (flow-fail "%s is: %s" (car page) (buffer-string)))))
  (flow-ok "a rule, the server and the project are told about"))

;; The project is what has a pyproject.toml, in a repository or not.
(setq project-vc-extra-root-markers '("pyproject.toml"))
(setq eglot-sync-connect t eglot-connect-timeout 30 eglot-confirm-server-edits nil eglot-autoshutdown nil make-backup-files nil)
(princ (format "Emacs %s\n" emacs-version))
(flow-open-project)
(flow-hover)
(flow-quick-fix)
(flow-save)
(flow-edit-helper)
(flow-commands)
(set-buffer-modified-p nil)
(let ((server (eglot-current-server)))
  (eglot-shutdown server)
  (flow-expect "the server ends when it is told" (lambda () (not (process-live-p (jsonrpc--process server))))))
;;; flow.el ends here
