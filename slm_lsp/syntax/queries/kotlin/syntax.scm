[(string_literal) (multiline_string_literal) (character_literal)] @string
(interpolation) @code
[(line_comment) (block_comment)] @comment
[(function_declaration) (anonymous_initializer)] @function
[(class_declaration) (object_declaration) (companion_object)] @class
[(package_header) (import)] @import
