;;; flow-lsp-mode.el --- The beginning of the same work with lsp-mode; see `run'  -*- lexical-binding: t -*-

(require 'cl-lib)
(require 'flymake)
(require 'asyncwise-lsp-mode)
(require 'lsp-diagnostics)
(require 'lsp-lens)

(defun flow-fail (format-string &rest arguments)
  "End the test."
  (princ (concat "FAILED: " (apply #'format format-string arguments) "\n"))
  (kill-emacs 1))

(defun flow-expect (what condition)
  "Wait until the function CONDITION gives something, and return it."
  (let ((end (+ (float-time) 60)) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) end))
      (accept-process-output nil 0.05))
    (unless value (flow-fail "this did not happen: %s" what))
    (princ (format "  ok: %s\n" what))
    value))

(defun flow-findings ()
  "The messages for this buffer."
  (mapcar (lambda (d) (lsp:diagnostic-message d)) (gethash (buffer-file-name) (lsp-diagnostics t))))

(defun flow-finding (words)
  "Whether a message for this buffer has WORDS."
  (cl-some (lambda (message) (string-search words message)) (flow-findings)))

(setq lsp-auto-guess-root nil lsp-diagnostics-provider :flymake lsp-enable-snippet nil lsp-keep-workspace-alive nil
      lsp-headerline-breadcrumb-enable nil lsp-modeline-code-actions-enable nil lsp-modeline-diagnostics-enable nil lsp-modeline-workspace-status-enable nil
      lsp-enable-suggest-server-download nil lsp-warn-no-matched-clients nil make-backup-files nil)
(lsp-workspace-folders-add default-directory)
(find-file "shop/orders.py")
(python-mode)
(lsp)
(flow-expect "orders.py shows its findings with lsp-mode" (lambda () (flow-finding "already running")))
(asyncwise-lsp-fix-all)
(flow-expect "all safe fixes are applied at once"
             (lambda () (save-excursion
                          (goto-char (point-min))
                          (and (search-forward "await save(order)" nil t) (search-forward "return await refund" nil t)))))
(flow-expect "their findings are gone"
             (lambda () (lsp-on-change (point-min) (point-max) 0) (not (flow-finding "already running"))))
(set-buffer-modified-p nil)
(kill-emacs 0)
;;; flow-lsp-mode.el ends here
