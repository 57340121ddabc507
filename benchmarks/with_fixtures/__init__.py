"""What pytest runs to tell the price of a fixture."""
