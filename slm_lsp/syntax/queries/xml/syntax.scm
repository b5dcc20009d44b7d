(AttValue) @string
(Comment) @comment
(element) @class
