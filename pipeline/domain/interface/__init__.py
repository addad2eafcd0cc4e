"""What a module shows to whoever uses it: inputs, outputs, requirements, addresses."""
