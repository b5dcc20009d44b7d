[(string) (template_string)] @string
(template_substitution) @code
[(comment) (html_comment)] @comment
[
  (function_declaration)
  (generator_function_declaration)
  (function_expression)
  (arrow_function)
  (method_definition)
] @function
[
  (class_declaration)
  (class)
  (abstract_class_declaration)
  (interface_declaration)
  (enum_declaration)
  (internal_module)
  (module)
] @class
[(import_statement) (import_alias)] @import
