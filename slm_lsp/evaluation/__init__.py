"""How good the completions are: holes, what is offered there, and figures about it."""
