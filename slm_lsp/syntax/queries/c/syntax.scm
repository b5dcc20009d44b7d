[(string_literal) (char_literal) (system_lib_string)] @string
(comment) @comment
(function_definition) @function
[(struct_specifier) (union_specifier) (enum_specifier)] @class
(preproc_include) @import
