;;; completion.el --- Types into a real file and completes -*- lexical-binding: t -*-

;;; Commentary:

;; Run in batch mode with the command of the server, the name of its model, the file and what to
;; type at its end as arguments.  Prints what the menu offers, chooses it and saves the file.

;;; Code:

(package-initialize)
(require 'eglot)

(pcase-let ((`(,command ,model ,file ,typed) command-line-args-left))
  (setq command-line-args-left nil
        eglot-sync-connect 30
        jsonrpc-default-request-timeout 60  ; the model has to be loaded first
        eglot-server-programs
        `((python-mode . ,(append (split-string command)
                                  `(:initializationOptions
                                    (:model ,model :completion (:menu t :budgetMs 60000)))))))
  (find-file file)
  (apply #'eglot (eglot--guess-contact))
  (goto-char (point-max))
  (skip-chars-backward "\n")
  (insert typed)
  (pcase-let ((`(,start ,end ,table . ,_) (eglot-completion-at-point)))
    (dolist (item (all-completions (buffer-substring start end) table))
      (message "OFFERED %s" (substring-no-properties item))))
  (completion-at-point)
  (save-buffer)
  (eglot-shutdown (eglot-current-server)))

;;; completion.el ends here
