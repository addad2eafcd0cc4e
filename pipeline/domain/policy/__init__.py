"""Policy over Terraform plans: rules as rows, findings that name an address and a remedy, waivers that expire."""
