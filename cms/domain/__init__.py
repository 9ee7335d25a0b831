"""What the business talks about: customers, orders, resources, calendars, schedules, and how they are measured."""
