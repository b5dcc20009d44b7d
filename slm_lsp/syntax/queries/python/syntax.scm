(string) @string
(interpolation) @code
(comment) @comment
(function_definition) @function
(class_definition) @class
[(import_statement) (import_from_statement) (future_import_statement)] @import
[
  (if_statement)
  (elif_clause)
  (else_clause)
  (for_statement)
  (while_statement)
  (try_statement)
  (except_clause)
  (finally_clause)
  (with_statement)
  (match_statement)
  (case_clause)
] @block
