[(string) (char)] @string
[(comment) (haddock)] @comment
(function) @function
[(class) (instance) (data_type)] @class
(import) @import
