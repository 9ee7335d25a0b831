"""Orders from several sources become one order book, and orders become loads per resource."""
