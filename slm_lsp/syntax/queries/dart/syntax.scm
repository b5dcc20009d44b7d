(string_literal) @string
(template_substitution) @code
[(comment) (documentation_comment)] @comment
[
  (class_definition)
  (mixin_declaration)
  (enum_declaration)
  (extension_declaration)
] @class
(import_or_export) @import
