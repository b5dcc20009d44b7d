[(string) (heredoc_body) (regex) (subshell)] @string
(interpolation) @code
(comment) @comment
[(method) (singleton_method)] @function
[(class) (module) (singleton_class)] @class
(program (call !receiver method: (identifier) arguments: (argument_list . (string) .)) @import)
