(comment) @comment
(rule) @function
(include_directive) @import
