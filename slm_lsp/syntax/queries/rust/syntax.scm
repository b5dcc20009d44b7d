[(string_literal) (raw_string_literal) (char_literal)] @string
[(line_comment) (block_comment)] @comment
(function_item) @function
[(impl_item) (trait_item) (mod_item) (struct_item) (enum_item) (union_item)] @class
[(use_declaration) (extern_crate_declaration)] @import
