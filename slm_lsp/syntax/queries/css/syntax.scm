(string_value) @string
(comment) @comment
[
  (rule_set)
  (media_statement)
  (supports_statement)
  (at_rule)
  (keyframes_statement)
] @class
[(import_statement) (charset_statement) (namespace_statement)] @import
