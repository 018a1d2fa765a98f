"""Claims and arms over many versions, and which version changed them."""
