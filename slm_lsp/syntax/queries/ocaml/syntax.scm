[(string) (quoted_string) (character)] @string
(comment) @comment
[(let_binding) (method_definition)] @function
[(module_binding) (class_binding)] @class
(open_module) @import
