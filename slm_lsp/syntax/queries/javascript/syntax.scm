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
[(class_declaration) (class)] @class
(import_statement) @import
