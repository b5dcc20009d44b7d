[(string) (charlist) (sigil)] @string
(interpolation) @code
(comment) @comment
(call target: (identifier) (arguments) (do_block)) @function
