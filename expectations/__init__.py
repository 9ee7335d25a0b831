"""Great Expectations: one suite a module, and the gate that runs them."""
