(quoted_attribute_value) @string
(comment) @comment
(script_element (raw_text) @embedded.javascript)
(style_element (raw_text) @embedded.css)
