(literal) @string
[(comment) (marginalia)] @comment
(create_function) @function
(create_table) @class
