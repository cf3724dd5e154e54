"""What a design is made of, counted in bits and gates from its parameters: a module for each family."""
