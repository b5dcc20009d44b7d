(string) @string
(comment) @comment
[(function_declaration) (function_definition)] @function
(variable_declaration) @require
