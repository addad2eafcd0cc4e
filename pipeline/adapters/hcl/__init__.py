"""Terraform's files, native and JSON, into the plain values of domain/interface."""
