"""What people and other systems see over the web: the schedule page, and later the service."""
