[
  (string_literal)
  (command_literal)
  (prefixed_string_literal)
  (character_literal)
] @string
(string_interpolation) @code
[(line_comment) (block_comment)] @comment
[(function_definition) (macro_definition)] @function
[(module_definition) (struct_definition)] @class
[(using_statement) (import_statement)] @import
