[(string) (heredoc_body) (regex) (subshell)] @string
(interpolation) @code
(comment) @comment
[(method) (singleton_method)] @function
[(class) (module) (singleton_class)] @class
(call) @require
