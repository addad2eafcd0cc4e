"""What runs a module's tests: a copied tree, tftest without its faults, pytest fixtures, Terraform's own tests."""
