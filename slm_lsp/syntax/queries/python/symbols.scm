(function_definition
  name: (identifier) @name
  body: (block . (expression_statement (string) @doc)?)) @definition.function

(class_definition
  name: (identifier) @name
  body: (block . (expression_statement (string) @doc)?)) @definition.class

(module (expression_statement (assignment left: (identifier) @name) @definition.constant))

(class_definition
  body: (block (expression_statement (assignment left: (identifier)) @field)))

(assignment
  left: (attribute object: (identifier) @_self attribute: (identifier) @attribute)
  (#eq? @_self "self"))
