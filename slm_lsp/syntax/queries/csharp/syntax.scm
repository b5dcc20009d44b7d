[
  (string_literal)
  (verbatim_string_literal)
  (raw_string_literal)
  (interpolated_string_expression)
  (character_literal)
] @string
(interpolation) @code
(comment) @comment
[
  (method_declaration)
  (constructor_declaration)
  (local_function_statement)
  (property_declaration)
  (accessor_declaration)
  (lambda_expression)
] @function
[
  (namespace_declaration)
  (class_declaration)
  (interface_declaration)
  (struct_declaration)
  (enum_declaration)
  (record_declaration)
] @class
(using_directive) @import
