[(string) (multiline_string) (character)] @string
(comment) @comment
(function_declaration) @function
[(struct_declaration) (enum_declaration) (union_declaration)] @class
(variable_declaration) @require
