"""modferry: carries Terraform module versions from a pull request to production, and back when they fail."""

__version__ = "0.1.0"
