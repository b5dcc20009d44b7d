[(string_literal) (raw_string_literal) (char_literal) (system_lib_string)] @string
(comment) @comment
(function_definition) @function
[
  (class_specifier)
  (struct_specifier)
  (union_specifier)
  (enum_specifier)
  (namespace_definition)
] @class
(preproc_include) @import
