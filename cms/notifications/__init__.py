"""Messages about deliveries, and the channels that carry them."""
