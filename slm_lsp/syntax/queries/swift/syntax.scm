[(line_string_literal) (multi_line_string_literal) (raw_string_literal)] @string
(interpolated_expression) @code
[(comment) (multiline_comment)] @comment
[(function_declaration) (init_declaration)] @function
[(class_declaration) (protocol_declaration)] @class
(import_declaration) @import
