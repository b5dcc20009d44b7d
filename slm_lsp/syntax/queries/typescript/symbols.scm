(function_declaration name: (identifier) @name) @definition.function
(generator_function_declaration name: (identifier) @name) @definition.function
(class_declaration name: (_) @name) @definition.class
(method_definition name: (_) @name) @definition.function
(public_field_definition) @field

(lexical_declaration
  (variable_declarator
    name: (identifier) @name
    value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @definition.function

(program (lexical_declaration (variable_declarator name: (identifier) @name)) @definition.constant)
(export_statement
  declaration: (lexical_declaration (variable_declarator name: (identifier) @name)) @definition.constant)

(assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function

(abstract_class_declaration name: (_) @name) @definition.class
(interface_declaration name: (_) @name) @definition.class
(enum_declaration name: (_) @name) @definition.class
(type_alias_declaration name: (_) @name) @definition.type
(function_signature name: (_) @name) @definition.function
(interface_body [(property_signature) (method_signature)] @field)
(enum_body [(property_identifier) (enum_assignment)] @field)
