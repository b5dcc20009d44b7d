(string) @string
(comment) @comment
[(table) (table_array_element)] @class
