[(string) (multiline_string) (character)] @string
(comment) @comment
(function_declaration) @function
[(struct_declaration) (enum_declaration) (union_declaration)] @class
(source_file (variable_declaration (identifier) (builtin_function)) @import)
