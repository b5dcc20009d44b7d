(html_block) @comment
(section) @class
(fenced_code_block (info_string (language) @language) (code_fence_content) @embedded)
