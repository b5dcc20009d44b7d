(string) @string
(comment) @comment
(pair) @class
