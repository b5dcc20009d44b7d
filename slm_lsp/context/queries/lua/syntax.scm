(string) @string
(comment) @comment
[(function_declaration) (function_definition)] @function
(chunk
  (variable_declaration
    (assignment_statement
      (expression_list
        value: (function_call name: (identifier) arguments: (arguments . (string) .))))) @import)
