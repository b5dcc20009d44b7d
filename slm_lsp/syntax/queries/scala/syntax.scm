[(string) (interpolated_string_expression) (character_literal)] @string
(interpolation) @code
[(comment) (block_comment)] @comment
(function_definition) @function
[(class_definition) (object_definition) (trait_definition) (enum_definition)] @class
[(package_clause) (import_declaration)] @import
