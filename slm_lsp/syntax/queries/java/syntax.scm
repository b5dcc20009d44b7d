[(string_literal) (character_literal)] @string
(string_interpolation) @code
[(line_comment) (block_comment)] @comment
[(method_declaration) (constructor_declaration)] @function
[
  (class_declaration)
  (interface_declaration)
  (enum_declaration)
  (record_declaration)
  (annotation_type_declaration)
] @class
[(package_declaration) (import_declaration)] @import
