[(string) (encapsed_string) (heredoc) (nowdoc)] @string
(comment) @comment
[(function_definition) (method_declaration) (anonymous_function)] @function
[
  (class_declaration)
  (interface_declaration)
  (trait_declaration)
  (enum_declaration)
] @class
[(namespace_definition) (namespace_use_declaration)] @import
(expression_statement [(require_expression) (require_once_expression) (include_expression)]) @import
