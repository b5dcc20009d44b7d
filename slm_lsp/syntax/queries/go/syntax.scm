[(interpreted_string_literal) (raw_string_literal) (rune_literal)] @string
(comment) @comment
[(function_declaration) (method_declaration) (func_literal)] @function
[(package_clause) (import_declaration)] @import
