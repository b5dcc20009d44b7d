(html_block) @comment
(section) @class
(fenced_code_block (code_fence_content) @embedded)
